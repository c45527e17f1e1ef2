"""Drawn batches over whole rulebooks, and the scalar engine fed with them one after another."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from credit_rules import (
    Boost,
    Facts,
    FactsRefused,
    Methodology,
    Rulebook,
    Used,
    assess,
    period_start,
)
from credit_rules.counters import Period, Scope
from credit_rules.vectorised import Awards, Boosts, Columns, Status

Int = NDArray[np.int64]
Row = tuple[int, int, int, bool, int]
FIRST = date(2026, 3, 28).toordinal()


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a batch is drawn.

    Attributes:
        members: few members meet their caps often.
        days: from the end of March on, so that months are crossed.
        places: how many places there are.
        boosted: whether campaigns add a bonus where the methodology allows one.
        trips: how many trips a member makes.
        reach: how far apart trips are still one.
    """

    members: int
    days: int = 9
    places: int = 3
    boosted: bool = False
    trips: int = 2
    reach: int = 0


def drawn(rulebook: Rulebook, rows: int, how: Drawn, random: np.random.Generator) -> Columns:
    """A batch over every methodology in force, amounts small as often as large."""
    rules = rulebook.in_force(date.fromordinal(FIRST + how.days))
    which = random.integers(0, len(rules), rows)
    widest = max(len(methodology.readers) for methodology in rules)
    inputs = [np.zeros(rows, dtype=np.int64) for _ in range(widest)]
    tier = np.zeros(rows, dtype=np.int64)
    for number, methodology in enumerate(rules):
        mine = np.flatnonzero(which == number)
        tier[mine] = random.choice(sorted(methodology.tier_index.values()), len(mine))
        for index, reader in enumerate(methodology.readers):
            low, high = reader.range()
            exponent = random.choice([0.5, 2, 8], len(mine))
            share = random.random(len(mine)) ** exponent
            inputs[index][mine] = low + ((high - low + 1) * share).astype(np.int64)
    return Columns(
        methodologies=rules,
        methodology=which,
        day=random.integers(FIRST, FIRST + how.days, rows),
        member=random.integers(10**9, 10**9 + how.members, rows),
        tier=tier,
        inputs=tuple(inputs),
        place=random.integers(7, 7 + how.places, rows),
        occasions={
            "trip": random.integers(-1, how.trips, rows),
            "meal": random.integers(-1, 2, rows),
        },
        reach={"trip": how.reach},
        boosts=boosts(rules, which, random) if how.boosted else None,
    )


def boosts(rules: tuple[Methodology, ...], which: Int, random: np.random.Generator) -> Boosts:
    highest = [int(m.bonus.maximum * 100) if m.bonus else 0 for m in rules]
    times = np.array([0, 101, 133, 150, 200], dtype=np.int64)[random.integers(0, 5, len(which))]
    return Boosts(
        hundredths=np.minimum(times, np.array(highest, dtype=np.int64)[which]),
        campaign=random.integers(0, 2, len(which)),
        budgets_mpt=(40_000 * len(which) // 100, 10**12),
    )


class OneByOne:
    """The scalar engine, fed with a batch in its order, keeping what callers keep."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.used: dict[tuple[str, int, date], Used] = {}
        self.credited: set[tuple[int, str, int, str]] = set()
        self.left = list(columns.boosts.budgets_mpt) if columns.boosts else []
        self._rules = [_Rules.of(methodology) for methodology in columns.methodologies]
        self._inputs = list(zip(*(column.tolist() for column in columns.inputs), strict=True))
        self._day, self._member = columns.day.tolist(), columns.member.tolist()
        self._which, self._tier = columns.methodology.tolist(), columns.tier.tolist()
        self._place = columns.member.tolist() if columns.place is None else columns.place.tolist()
        self._occasions = {name: c.tolist() for name, c in (columns.occasions or {}).items()}

    def rows(self) -> list[Row]:
        return [self._row(row) for row in range(len(self.columns))]

    def _row(self, row: int) -> Row:
        rules, day = self._rules[self._which[row]], self._day[row]
        methodology = rules.methodology
        subjects = {"member": self._member[row], "place": self._place[row]}
        rows = {
            key: (key, subjects[scope], started(period, day))
            for key, scope, period in rules.counters
        }
        occasions = self._occasions_of(row, day)
        credited = frozenset(
            (other, period)
            for other, period in methodology.excluded_by
            if period in occasions
            and self._was_credited(self._member[row], period, occasions[period], other)
        )
        boost = self._boost(row)
        facts = Facts(
            methodology.id,
            date.fromordinal(day),
            rules.tiers[self._tier[row]],
            {
                name: show(n)
                for (name, show), n in zip(rules.shown, self._inputs[row], strict=False)
            },
            {key: self.used[at] for key, at in rows.items() if at in self.used},
            credited,
            boost,
        )
        try:
            result = assess(methodology, facts)
        except FactsRefused as refused:
            return 0, 0, 0, False, _status(refused)
        for key, added in result.usage.items():
            self.used[rows[key]] = self.used.get(rows[key], Used()).plus(added)
        for period, when in occasions.items():
            self.credited.add((self._member[row], period, when, methodology.id))
        if boost is not None and self.columns.boosts is not None:
            self.left[int(self.columns.boosts.campaign[row])] -= result.bonus_mpt
        return result.reduction_mg, result.points_mpt, result.bonus_mpt, result.ranked, 0

    def _was_credited(self, member: int, period: str, occasion: int, other: str) -> bool:
        reach = self.columns.reach.get(period, 0)
        return any(
            (member, period, occasion + apart, other) in self.credited
            for apart in range(-reach, reach + 1)
        )

    def _occasions_of(self, row: int, day: int) -> dict[str, int]:
        if self.columns.occasions is None:
            return {}
        found = {name: column[row] for name, column in self._occasions.items() if column[row] >= 0}
        return {**found, "day": day}

    def _boost(self, row: int) -> Boost | None:
        boosts = self.columns.boosts
        if boosts is None or not boosts.hundredths[row]:
            return None
        campaign = int(boosts.campaign[row])
        times = Decimal(int(boosts.hundredths[row])) / 100
        return Boost(f"活动 {campaign}", times, self.left[campaign])


@dataclass(frozen=True, slots=True)
class _Rules:
    methodology: Methodology
    counters: tuple[tuple[str, Scope, Period], ...]
    tiers: tuple[str, ...]
    shown: tuple[tuple[str, Callable[[int], str]], ...]

    @classmethod
    def of(cls, methodology: Methodology) -> "_Rules":
        caps = methodology.caps
        return cls(
            methodology,
            tuple(dict.fromkeys((cap.key, cap.scope, cap.period) for cap in caps)),
            tuple(tier.name for tier in methodology.evidence.table.tiers),
            tuple((reader.spec.name, reader.shown) for reader in methodology.readers),
        )


@cache
def started(period: Period, day: int) -> date:
    return period_start(period, date.fromordinal(day))


def _status(refused: FactsRefused) -> int:
    (code,) = {problem.code for problem in refused.problems}
    return int({"not_eligible": Status.NOT_ELIGIBLE, "excluded": Status.EXCLUDED}[code])


def rows_of(awards: Awards) -> list[Row]:
    return list(
        zip(
            awards.reduction_mg.tolist(),
            awards.points_mpt.tolist(),
            awards.bonus_mpt.tolist(),
            awards.ranked.tolist(),
            awards.status.tolist(),
            strict=True,
        )
    )
