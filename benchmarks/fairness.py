"""Whom a ranking favours by size alone: 120 departments of 5 to 800 people, in thirds of 40.

    python -m benchmarks.fairness [--seasons 2000] [--differences 0.25]

A season's parameters come from a season before of the same departments. Points are log-normal, 35 %
are active, 400 points count at most. Fair is a third of the best and of the last 12 for each size.
"""

import argparse
import random
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from math import exp, log, sqrt
from typing import NamedTuple

from backend.rankings.index import (
    ROOT_SCALE,
    Moments,
    SeasonParameters,
    estimate_parameters,
    index_of,
    root,
)

SIZES = [round(exp(log(5) + (log(800) - log(5)) * place / 119)) for place in range(120)]
ACTIVE, CAP, ENDS, THIRD = 0.35, Fraction(400), 12, 40


class RankedDepartment(NamedTuple):
    """What a season leaves of one department."""

    moments: Moments
    points: float
    active: int


def season(source: random.Random, effects: list[float]) -> list[RankedDepartment]:
    """One season; an effect shifts the log of the points of its department."""
    found = []
    for people, effect in zip(SIZES, effects, strict=True):
        active = sum(source.random() < ACTIVE for _ in range(people))
        points = [min(source.lognormvariate(3.6 + effect, 1.0), float(CAP)) for _ in range(active)]
        roots = [root(Fraction(round(each * 1000), 1000), CAP) for each in points]
        moments = Moments(people, sum(roots), sum(y * y for y in roots))
        found.append(RankedDepartment(moments, sum(points), active))
    return found


def _index(each: RankedDepartment, parameters: SeasonParameters) -> float:
    return float(index_of(each.moments.people, each.moments.roots, parameters).index or 0)


def _raw_mean(each: RankedDepartment, _: SeasonParameters) -> float:
    return each.points / each.moments.people


def _wilson(each: RankedDepartment, _: SeasonParameters) -> float:
    """Lower bound of the share of active people, 95 %."""
    n, z = each.moments.people, 1.96
    share = each.active / n
    middle = share + z * z / (2 * n)
    return (middle - z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))) / (1 + z * z / n)


def _shrunk(each: RankedDepartment, parameters: SeasonParameters) -> float:
    """Empirical Bayes: the mean of roots drawn towards μ by what it is worth."""
    within = float(parameters.sigma2) / each.moments.people
    worth = float(parameters.tau2) / (float(parameters.tau2) + within or 1)
    mean = each.moments.roots / ROOT_SCALE / each.moments.people
    return float(parameters.mu) + worth * (mean - float(parameters.mu))


RANKINGS: dict[str, Callable[[RankedDepartment, SeasonParameters], float]] = {
    "raw mean per head": _raw_mean,
    "Wilson bound of participation": _wilson,
    "shrinkage (empirical Bayes)": _shrunk,
    "size-fair index": _index,
}


def shares(seed: int, seasons: int, differences: float) -> dict[str, list[int]]:
    """By ranking: places of small, middle, large departments among the best, then the last."""
    source = random.Random(seed)  # noqa: S311 - a simulation
    counted = {name: [0] * 6 for name in RANKINGS}
    for _ in range(seasons):
        effects = [source.gauss(0, differences) if differences else 0.0 for _ in SIZES]
        before = [each.moments for each in season(source, effects)]
        parameters = estimate_parameters(before, CAP)
        now = season(source, effects)
        for name, ranking in RANKINGS.items():
            scored = [ranking(each, parameters) if parameters else 0.0 for each in now]
            order = sorted(range(len(SIZES)), key=lambda at: (scored[at], source.random()))
            for place in order[-ENDS:]:
                counted[name][place // THIRD] += 1
            for place in order[:ENDS]:
                counted[name][3 + place // THIRD] += 1
    return counted


def main() -> None:
    """Prints a table of shares in per cent."""
    parser = argparse.ArgumentParser(description="whom a ranking favours by size alone")
    parser.add_argument("--seasons", type=int, default=2000)
    parser.add_argument("--differences", type=float, default=0.25)
    given = parser.parse_args()
    parts = 8
    each = max(1, given.seasons // parts)
    print(f"{'ranking':32}{'best: S / M / L':>20}{'last: S / M / L':>20}")
    for differences in (0.0, given.differences):
        print(f"true differences: sd {differences}")
        with ProcessPoolExecutor() as pool:
            found = list(pool.map(shares, range(parts), [each] * parts, [differences] * parts))
        for name in RANKINGS:
            total = [sum(part[name][at] for part in found) for at in range(6)]
            per = [round(100 * count / (each * parts * ENDS)) for count in total]
            best, last = ("/".join(map(str, part)) for part in (per[:3], per[3:]))
            print(f"{name:32}{best:>20}{last:>20}")
    print(f"seasons: {each * parts}, median size {statistics.median(SIZES):.0f}")


if __name__ == "__main__":
    main()
