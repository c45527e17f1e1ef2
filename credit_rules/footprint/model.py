"""What a questionnaire says, typed: questions, factors with their ranges, and lines to compute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

from credit_rules.inputs import InputReader
from credit_rules.model import Factor, InputSpec, Source
from credit_rules.units import DecimalForm, Unit, decimal_form, decimal_text


class Triple(NamedTuple):
    """A low, middle and high figure, never out of order."""

    low: int
    mid: int
    high: int

    def plus(self, other: Triple) -> Triple:
        """The sum, end by end."""
        return Triple(self.low + other.low, self.mid + other.mid, self.high + other.high)

    def less(self, other: Triple) -> Triple:
        """The difference, end by end; nothing falls below zero."""
        return Triple(
            max(self.low - other.low, 0),
            max(self.mid - other.mid, 0),
            max(self.high - other.high, 0),
        )

    def at_least(self, other: Triple) -> Triple:
        """The larger figure, end by end."""
        return Triple(
            max(self.low, other.low), max(self.mid, other.mid), max(self.high, other.high)
        )

    def at_most(self, other: Triple) -> Triple:
        """The smaller figure, end by end."""
        return Triple(
            min(self.low, other.low), min(self.mid, other.mid), min(self.high, other.high)
        )


NOTHING = Triple(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Period:
    """The period a question asks about: how often it fits into a year, and its Chinese words."""

    name: str
    times: int
    label: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """What stands for an answer that was left out.

    Args:
        set_name: the named set it belongs to, in Chinese.
        values: whole steps of a quantity, or three times the index of a choice.
        source: where it comes from, with its confidence.
    """

    set_name: str
    values: Triple
    source: Source


class Held(NamedTuple):
    """The value of a question: the answer, or what is assumed for it."""

    values: Triple
    assumption: Assumption | None


@dataclass(frozen=True)
class Question:
    """One question.

    Args:
        spec: name, Chinese label, unit, bounds, step or choices.
        help: what to write and where to find it, in Chinese.
        category: the footprint category it belongs to.
        period: the period of a quantity; None for a choice or a number of people.
        unit_label: the unit as Chinese readers write it.
        reader: reads an answer into whole steps or an index.
        assumed: what is assumed, by set.
    """

    spec: InputSpec
    help: str
    category: str
    period: Period | None
    unit_label: str
    reader: InputReader
    assumed: Mapping[str, Assumption]

    @property
    def name(self) -> str:
        """Its name in the answers."""
        return self.spec.name

    @cached_property
    def scale(self) -> Fraction:
        """One step in base units."""
        step = Fraction(self.spec.step) if self.spec.step else Fraction(1)
        return step * (self.spec.unit.ratio if self.spec.unit else 1)

    def shown(self, value: int) -> str:
        """An answer as its text: the number, or the label of the choice."""
        if self.spec.kind == "choice":
            return self.spec.choices[value].label
        return self.reader.shown(value)


@dataclass(frozen=True, slots=True)
class Origin:
    """The country whose conditions a factor describes.

    Args:
        name: short name.
        label: Chinese label, said beside every figure.
        source_contains: titles of sources that mark a factor as of this origin.
        keys: factor keys of this origin whatever their source.
        uncertainty: relative uncertainty by confidence, for factors without alternatives.
    """

    name: str
    label: str
    source_contains: tuple[str, ...]
    keys: tuple[str, ...]
    uncertainty: Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Bound:
    """One figure of a factor's range.

    Args:
        value: g of CO2e per base unit.
        factor: the row it comes from.
        spread: relative uncertainty applied to that row; None where the row itself is the figure.
        origin: the country of that row.
    """

    value: Fraction
    factor: Factor
    spread: Fraction | None
    origin: Origin


@dataclass(frozen=True)
class RadiativeForcing:
    """Two rows of one source, with and without non-CO2 effects of aviation; their ratio scales."""

    including: Factor
    excluding: Factor

    @cached_property
    def ratio(self) -> Fraction:
        """How much larger the figure with non-CO2 effects is."""
        return self.including.base / self.excluding.base

    @cached_property
    def text(self) -> str:
        """The ratio to two decimals, for sentences; reckoning uses the exact one."""
        return decimal_text(Fraction(round(self.ratio * 100), 100))


@dataclass(frozen=True)
class FactorRange:
    """A factor with its conservative low and high.

    Args:
        key: name in the questionnaire.
        label: Chinese label.
        unit: the unit of all three figures.
        low: smallest plausible figure.
        mid: the figure chosen.
        high: largest plausible figure.
        boundary: what the figure counts, such as the use phase; empty where no choice needs it.
        year: the year of publication; 0 where no choice needs it.
        forcing: how aviation's non-CO2 effects scale it, where they do.
    """

    key: str
    label: str
    unit: Unit
    low: Bound
    mid: Bound
    high: Bound
    boundary: str
    year: int
    forcing: RadiativeForcing | None

    @property
    def bounds(self) -> tuple[Bound, Bound, Bound]:
        """Low, middle and high."""
        return self.low, self.mid, self.high

    @cached_property
    def shown(self) -> tuple[str, str, str]:
        """Low, middle and high as plain decimals in its unit."""
        low, mid, high = (decimal_text(bound.value / self.unit.ratio) for bound in self.bounds)
        return low, mid, high


@dataclass(frozen=True, slots=True)
class Region:
    """A region: its Chinese name and the set of assumptions that holds there."""

    name: str
    assumed: str


@dataclass(frozen=True, slots=True)
class FactorRate:
    """A factor made ready: milligrams are steps × numerator ÷ (denominator × divisor's steps)."""

    factor: FactorRange
    numerators: Triple
    denominator: int


RateKey = tuple[int, str, bool]


@dataclass(frozen=True)
class Line:
    """One line of the estimate: a quantity, perhaps shared among people, times a factor.

    Args:
        name: name in the file.
        label: Chinese label.
        category: footprint category.
        question: the question that gives the quantity; None for a constant or a remainder.
        constant: whole steps per period where the questionnaire itself sets the quantity.
        remainder: questions whose answers are taken off the constant; the rest is the quantity.
        source: where the constant comes from; None where there is none.
        unit_label: unit of the quantity in Chinese.
        period: the period of the quantity.
        scale: one step of the quantity in base units.
        divisor: the question by which the quantity is shared.
        selector: the choice that picks the factor.
        rates: by index of the choice, region and radiative forcing.
    """

    name: str
    label: str
    category: str
    question: Question | None
    constant: int
    remainder: tuple[str, ...]
    source: Source | None
    unit: Unit
    unit_label: str
    period: Period
    scale: Fraction
    divisor: Question | None
    selector: Question | None
    rates: Mapping[RateKey, FactorRate]

    def quantity_text(self, steps: int) -> str:
        """A quantity in its own unit, as a plain decimal."""
        return self._shown.text(steps)

    @cached_property
    def _shown(self) -> DecimalForm:
        return decimal_form(self.scale / self.unit.ratio)


@dataclass(frozen=True, slots=True)
class LoggedMode:
    """A mode of travel that members log, and what its kilometres refine.

    Args:
        mode: name in the totals of logged actions.
        line: the line that its kilometres belong to; one of its own where no question asks.
        replaces: name of the line of which as many kilometres are taken off, if they are assumed.
        reader: reads kilometres into whole steps of both lines.
    """

    mode: str
    line: Line
    replaces: str
    reader: InputReader


@dataclass(frozen=True)
class Questionnaire:
    """One version of the questionnaire, checked and ready to reckon with."""

    file: str
    id: str
    version: int
    title: str
    summary: str
    start: date
    until: date | None
    digest: str
    questions: Mapping[str, Question]
    lines: tuple[Line, ...]
    logged_modes: Mapping[str, LoggedMode]
    regions: Mapping[str, Region]
    default_region: str
    categories: Mapping[str, str]
    notes: tuple[str, ...]
    forcing: RadiativeForcing

    @cached_property
    def assumed(self) -> Mapping[str, Mapping[str, Held]]:
        """What holds for every question that is left out, by region."""
        found: dict[str, dict[str, Held]] = {}
        for region in self.regions.values():
            held = found[region.name] = {}
            for name, question in self.questions.items():
                assumption = question.assumed[region.assumed]
                held[name] = Held(assumption.values, assumption)
        return found

    def covers(self, day: date) -> bool:
        """Whether this version holds on a day."""
        return self.start <= day and (self.until is None or day <= self.until)
