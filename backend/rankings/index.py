"""The size-fair index of a department: how far its people stand above the mean, for its size. Pure.

    I = 100 + 15 · (m - μ) / √(τ² + σ²/n), clipped to [40, 160]

m is the mean of √(capped points) over everybody on the roster, silent members counted as 0; μ, σ²
and τ² come from the season before and are frozen. A small department's mean swings more than a
large one's by chance alone: the swing that is normal for its size is the unit, so that neither size
has an advantage (docs/rankings.md). Roots are whole numbers of 1e-15, so that all machines agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from math import isqrt
from typing import Final, NamedTuple

from backend.rankings.policy import MIN_GROUP

ROOT_SCALE: Final = 10**15
"""A root is told as a whole number of 1 / ROOT_SCALE."""
DIGITS: Final = 10
"""Decimals of a published figure, rounded half to even once."""
PARAMETER_DIGITS: Final = 12
"""Decimals of frozen parameters: what is published is what is reckoned with."""
_PRECISION: Final = 60
_MIDDLE, _SPREAD = 100, 15
_LOWEST, _HIGHEST = Fraction(40), Fraction(160)
_QUANTILE_80: Final = Fraction("1.2816")
"""Half of the 80 % interval of a normal distribution, in standard deviations."""


@dataclass(frozen=True, slots=True)
class SeasonParameters:
    """What a season's index is measured by, from the season before.

    Args:
        mu: mean of a person's √points.
        sigma2: variance between people of one department.
        tau2: variance between departments.
        cap: points of a person that count, at most.
    """

    mu: Fraction
    sigma2: Fraction
    tau2: Fraction
    cap: Fraction


@dataclass(frozen=True, slots=True)
class IndexScore:
    """The index of one department.

    Args:
        people: how many stand on its roster.
        mean: mean of √(capped points).
        index: None for fewer than MIN_GROUP people, whose figures would speak of persons.
        low80: lower end of the 80 % interval; None with the index.
        high80: its upper end.
        band: A to E; None with the index.
    """

    people: int
    mean: Decimal
    index: Decimal | None
    low80: Decimal | None
    high80: Decimal | None
    band: str | None


def root(points: Fraction, cap: Fraction) -> int:
    """The root of what counts of a person's points, rounded down to 1 / ROOT_SCALE.

    Args:
        points: points of the season, zero or more.
        cap: as in the parameters.
    """
    return _root(min(points, cap))


def _root(value: Fraction) -> int:
    return isqrt(value.numerator * ROOT_SCALE**2 // value.denominator)


def index_of(people: int, roots: int, parameters: SeasonParameters) -> IndexScore:
    """The index of a department.

    Args:
        people: on its roster, silent ones included; at least one.
        roots: sum of their roots.
        parameters: of the season.
    """
    mean = Fraction(roots, ROOT_SCALE * people)
    if people < MIN_GROUP:
        return IndexScore(people, rounded(mean), None, None, None, None)
    within = parameters.sigma2 / people
    swing = Fraction(swing_of(people, parameters), ROOT_SCALE)
    above = _times(mean - parameters.mu, swing)
    half = _times(_QUANTILE_80 * Fraction(_root(within), ROOT_SCALE), swing)
    index = rounded(_clipped(_MIDDLE + above))
    return IndexScore(
        people,
        rounded(mean),
        index,
        rounded(_clipped(_MIDDLE + above - half)),
        rounded(_clipped(_MIDDLE + above + half)),
        band_of(index),
    )


def swing_of(people: int, parameters: SeasonParameters) -> int:
    """The swing of the mean that is normal for a department of this size, in 1 / ROOT_SCALE."""
    return _root(parameters.tau2 + parameters.sigma2 / people)


def _times(difference: Fraction, swing: Fraction) -> Fraction:
    """A difference in index points; where nothing swings, any difference is at the end."""
    if swing:
        return _SPREAD * difference / swing
    return (difference > 0) * _HIGHEST - (difference < 0) * _HIGHEST


def _clipped(index: Fraction) -> Fraction:
    return min(max(index, _LOWEST), _HIGHEST)


def band_of(index: Decimal) -> str:
    """The band of an index: A from 115, B from 105, D to 95, E to 85, C between."""
    for band, lowest in (("A", 115), ("B", 105)):
        if index >= lowest:
            return band
    for band, highest in (("E", 85), ("D", 95)):
        if index <= highest:
            return band
    return "C"


def ranks(scores: Mapping[str, IndexScore]) -> dict[str, int]:
    """The rank of each scored department: equal figures share one, 1-2-2-4; nothing else decides.

    Args:
        scores: by name; those without an index have no rank.
    """
    indices = {name: score.index for name, score in scores.items() if score.index is not None}
    ordered = sorted(indices.values(), reverse=True)
    first: dict[Decimal, int] = {}
    for place, index in enumerate(ordered, 1):
        first.setdefault(index, place)
    return {name: first[index] for name, index in indices.items()}


class Moments(NamedTuple):
    """What a season leaves of one department's roots: their number, sum and sum of squares."""

    people: int
    roots: int
    squares: int

    @classmethod
    def of(cls, roots: Sequence[int]) -> "Moments":
        """Of the roots of everybody on a roster."""
        return cls(len(roots), sum(roots), sum(y * y for y in roots))


def estimate_parameters(departments: Iterable[Moments], cap: Fraction) -> SeasonParameters | None:
    """The parameters that a season leaves to the next one; None where it cannot tell.

    σ² is the pooled variance within departments, τ² the moment estimate of DerSimonian and Laird
    (1986) with floor 0, μ the mean of departments weighted by what their means are worth.

    Args:
        departments: those of MIN_GROUP people or more count.
        cap: the cap of the season to come.
    """
    groups = [each for each in departments if each.people >= MIN_GROUP]
    if len(groups) < 2:
        return None
    with localcontext() as context:
        context.prec = _PRECISION
        sizes = [Decimal(each.people) for each in groups]
        means = [Decimal(each.roots) / ROOT_SCALE / each.people for each in groups]
        sigma2 = _within(groups)
        tau2 = _between(sigma2, means, sizes)
        swings = sigma2 or tau2
        weights = [1 / (tau2 + sigma2 / size) for size in sizes] if swings else sizes
        figures = (_weighted(means, weights), sigma2, tau2)
        mu, within, between = (Fraction(round(each, PARAMETER_DIGITS)) for each in figures)
    return SeasonParameters(mu, within, between, cap)


def _within(groups: Sequence[Moments]) -> Decimal:
    """The pooled variance of people around the mean of their own department."""
    squares = (Decimal(g.squares) - Decimal(g.roots) ** 2 / g.people for g in groups)
    people = sum(g.people for g in groups)
    return sum(squares, Decimal(0)) / ROOT_SCALE**2 / (people - len(groups))


def _between(sigma2: Decimal, means: Sequence[Decimal], sizes: Sequence[Decimal]) -> Decimal:
    """τ² by DerSimonian and Laird; without variance within, the plain one between the means."""
    if not sigma2:
        centre = sum(means, Decimal(0)) / len(means)
        return sum(((mean - centre) ** 2 for mean in means), Decimal(0)) / (len(means) - 1)
    weights = [size / sigma2 for size in sizes]
    centre = _weighted(means, weights)
    q = sum((w * (m - centre) ** 2 for w, m in zip(weights, means, strict=True)), Decimal(0))
    total = sum(weights, Decimal(0))
    scale = total - sum((w * w for w in weights), Decimal(0)) / total
    return max(Decimal(0), (q - (len(means) - 1)) / scale)


def _weighted(values: Sequence[Decimal], weights: Sequence[Decimal]) -> Decimal:
    total = sum((w * value for w, value in zip(weights, values, strict=True)), Decimal(0))
    return total / sum(weights, Decimal(0))


def rounded(value: Fraction) -> Decimal:
    """A figure with DIGITS decimals, rounded half to even."""
    with localcontext() as context:
        context.prec = _PRECISION
        return Decimal(round(value * 10**DIGITS)).scaleb(-DIGITS)
