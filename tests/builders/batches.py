"""Drawn batches over whole rulebooks, and the scalar engine fed with them one after another."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

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
from credit_rules.counters import CapSpec
from credit_rules.vectorised import Awards, Boosts, Columns, Status

Int = NDArray[np.int64]
Row = tuple[int, int, int, bool, int]
FIRST = date(2026, 3, 28).toordinal()
OCCASIONS = ("trip", "meal")


@dataclass(frozen=True, slots=True)
class Drawn:
    """How a batch is drawn.

    Attributes:
        members: few members meet their caps often.
        days: from the end of March on, so that months are crossed.
        places: how many places there are.
        boosted: whether campaigns add a bonus where the methodology allows one.
    """

    members: int
    days: int = 9
    places: int = 3
    boosted: bool = False


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
        occasions={name: random.integers(-1, 2, rows) for name in OCCASIONS},
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
        self.credited: dict[tuple[int, str, int], set[str]] = defaultdict(set)
        self.left = list(columns.boosts.budgets_mpt) if columns.boosts else []

    def rows(self) -> list[Row]:
        return [self._row(row) for row in range(len(self.columns))]

    def _row(self, row: int) -> Row:
        columns = self.columns
        methodology = columns.methodologies[int(columns.methodology[row])]
        on = date.fromordinal(int(columns.day[row]))
        rows = {cap.key: self._at(cap, row, on) for cap in methodology.caps}
        boost = self._boost(row)
        facts = Facts(
            methodology.id,
            on,
            methodology.evidence.table.tiers[int(columns.tier[row])].name,
            {
                name: reader.shown(int(column[row]))
                for name, reader, column in zip(
                    methodology.inputs, methodology.readers, columns.inputs, strict=False
                )
            },
            {key: self.used[at] for key, at in rows.items() if at in self.used},
            self._credited(methodology, row, on),
            boost,
        )
        try:
            result = assess(methodology, facts)
        except FactsRefused as refused:
            return 0, 0, 0, False, _status(refused)
        for key, added in result.usage.items():
            self.used[rows[key]] = self.used.get(rows[key], Used()).plus(added)
        for occasion in self._occasions(row, on):
            self.credited[occasion].add(methodology.id)
        if boost is not None and columns.boosts is not None:
            self.left[int(columns.boosts.campaign[row])] -= result.bonus_mpt
        return result.reduction_mg, result.points_mpt, result.bonus_mpt, result.ranked, 0

    def _at(self, cap: CapSpec, row: int, on: date) -> tuple[str, int, date]:
        columns = self.columns
        who = columns.member if cap.scope == "member" or columns.place is None else columns.place
        return cap.key, int(who[row]), period_start(cap.period, on)

    def _occasions(self, row: int, on: date) -> Iterable[tuple[int, str, int]]:
        member = int(self.columns.member[row])
        for name, column in (self.columns.occasions or {}).items():
            if column[row] >= 0:
                yield member, name, int(column[row])
        if self.columns.occasions is not None:
            yield member, "day", on.toordinal()

    def _credited(self, methodology: Methodology, row: int, on: date) -> frozenset[tuple[str, str]]:
        known = {occasion[1]: self.credited[occasion] for occasion in self._occasions(row, on)}
        return frozenset(
            (other.methodology_id, other.period)
            for other in methodology.excludes
            if other.methodology_id in known.get(other.period, ())
        )

    def _boost(self, row: int) -> Boost | None:
        boosts = self.columns.boosts
        if boosts is None or not boosts.hundredths[row]:
            return None
        campaign = int(boosts.campaign[row])
        times = Decimal(int(boosts.hundredths[row])) / 100
        return Boost(f"活动 {campaign}", times, self.left[campaign])


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
