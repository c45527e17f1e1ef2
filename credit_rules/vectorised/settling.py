"""Settling a batch: counters in the order in which they depend on each other, then the awards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI, CapSpec, Lane
from credit_rules.methodology import Award
from credit_rules.plan import TIER_SLOT
from credit_rules.vectorised.campaigns import bonuses
from credit_rules.vectorised.columns import (
    Awards,
    Columns,
    Int,
    NotVectorisable,
    Status,
    check_length,
    check_lengths,
    refuse_where,
)
from credit_rules.vectorised.counting import Batch, Opening, Running
from credit_rules.vectorised.excluding import excluded
from credit_rules.vectorised.groups import Group, grouped, ranked_tiers
from credit_rules.vectorised.operations import Counting, at, claimed, settled

Recorded = Mapping[tuple[str, Lane], Int]
"""What was used before each row, by counter row and lane, as it was recorded with the action."""
_Readers = list[tuple[Group, Counting]]


def settle(
    columns: Columns, *, opening: Opening | None = None, recorded: Recorded | None = None
) -> Awards:
    """Award the rows of a batch one after the other, as `assess` would.

    Args:
        columns: the actions in order of arrival.
        opening: the counters before the first row; missing ones are fresh.
        recorded: the counters before each row, where they are known; then no row adds to another's
            and `opening` is not read. A bonus has its counter in `Methodology.bonus_cap`.

    Returns:
        The awards, in the order of the rows.

    Raises:
        NotVectorisable: what the rows ask for has no column form; nothing was assessed.
        ColumnsRefused: a column holds what the engine refuses; nothing was assessed.
    """
    check_lengths(columns)
    if not len(columns):
        return Awards.none()
    batch = Batch(columns)
    groups = grouped(columns, batch)
    status = _admit(columns, batch, groups)
    work = _Settling(columns, batch, groups, opening or {}, recorded)
    work.count()
    return work.awards(status)


def _admit(columns: Columns, batch: Batch, groups: list[Group]) -> Int:
    """Run what comes before counters; leave only the rows that are eligible and not excluded."""
    status = np.full(len(batch), int(Status.CREDITED), dtype=np.int64)
    for group in groups:
        group.advance()
        if group.undecided():
            raise NotVectorisable(
                f"“{group.methodology.id}”的条件取决于累计量，无法按列计算，请逐条核算。"
            )
        status[group.rows[~group.eligible()]] = Status.NOT_ELIGIBLE
    if columns.occasions is not None:
        late = excluded(columns, batch, groups, status == Status.CREDITED)
        status[late] = Status.EXCLUDED
    for group in groups:
        group.keep(status[group.rows] == Status.CREDITED)
    return status


@dataclass(slots=True)
class _Settling:
    columns: Columns
    batch: Batch
    groups: list[Group]
    opening: Opening
    recorded: Recorded | None

    def __post_init__(self) -> None:
        self.groups = [group for group in self.groups if len(group)]

    def count(self) -> None:
        """Run every counter as soon as what it counts is known for all rows that share it."""
        waiting: dict[tuple[str, Lane], _Readers] = {}
        for group in self.groups:
            for operation in group.counters():
                spec = group.specs[operation.used]
                waiting.setdefault((spec.key, spec.lane), []).append((group, operation))
        running: dict[tuple[str, tuple[int, ...]], Running] = {}
        while waiting:
            ready = [
                name
                for name, readers in waiting.items()
                if all(group.known(operation.of) for group, operation in readers)
            ]
            if not ready:
                names = "、".join(f"{key}.{lane}" for key, lane in waiting)
                raise NotVectorisable(f"计数器互相依赖：{names}，请逐条核算。")
            for name in ready:
                self._counted(name, waiting.pop(name), running)

    def _counted(
        self,
        name: tuple[str, Lane],
        readers: _Readers,
        running: dict[tuple[str, tuple[int, ...]], Running],
    ) -> None:
        key, lane = name
        claims = [claimed(operation, group.slots, len(group)) for group, operation in readers]
        group, operation = readers[0]
        shared = (key, tuple(id(group) for group, _ in readers))
        if shared not in running and self.recorded is None:
            parts = [group.rows for group, _ in readers]
            spec = group.specs[operation.used]
            running[shared] = Running(self.batch, spec, parts, self.opening)
        used = (
            running[shared].used(LANES.index(lane), claims)
            if self.recorded is None
            else [self._recorded(name, group.rows) for group, _ in readers]
        )
        for (group, operation), before, claim in zip(readers, used, claims, strict=True):
            out, start = settled(operation, group.slots, before, claim)
            group.slots[operation.used], group.slots[operation.claimed] = before, claim
            group.slots[operation.before], group.slots[operation.out] = start, out
            group.advance()

    def _recorded(self, name: tuple[str, Lane], rows: Int) -> Int:
        arrival, shown = self.batch.arrival[rows], f"recorded.{name[0]}.{name[1]}"
        column = (self.recorded or {}).get(name)
        if column is None:
            return np.zeros_like(rows)
        check_length(shown, column, len(self.batch))
        used = column[arrival]
        bad = (used < 0) | (used > COUNTER_LIMIT >> 1)
        refuse_where(bad, shown, arrival, "累计量超出可记录的范围。")
        return used

    def awards(self, status: Int) -> Awards:
        """The awards of all groups, in order of arrival."""
        size = len(self.batch)
        reduction, points, bonus = (np.zeros(size, dtype=np.int64) for _ in range(3))
        ranked = np.zeros(size, dtype=np.bool_)
        for group in self.groups:
            rows = group.rows
            if group.plan.reduction is not None:
                reduction[rows] = _rounded(group.plan.reduction, group)
            points[rows] = _rounded(group.plan.points, group)
            tiers = ranked_tiers(group.methodology.evidence.table.tiers)
            ranked[rows] = tiers[np.asarray(at(group.slots, TIER_SLOT))]
        if self.columns.boosts is not None:
            boosts = self.columns.boosts
            bonus = bonuses(self.batch, self.groups, boosts, points, self._used_before)
        return Awards(
            self._arrived(reduction),
            self._arrived(points),
            self._arrived(bonus),
            self._arrived(ranked.astype(np.int64)) != 0,
            self._arrived(status),
        )

    def _used_before(self, spec: CapSpec, parts: list[Int], claims: list[Int]) -> list[Int]:
        if self.recorded is not None:
            return [self._recorded((spec.key, spec.lane), rows) for rows in parts]
        running = Running(self.batch, spec, parts, self.opening)
        return running.used(LANES.index(spec.lane), claims)

    def _arrived(self, column: Int) -> Int:
        """A column in order of arrival."""
        result = np.empty_like(column)
        result[self.batch.arrival] = column
        return result


def _rounded(award: Award, group: Group) -> Int:
    """The one rounding: downwards, of the cumulative amount."""
    before: Int = np.asarray(at(group.slots, award.line.before))
    after = before + at(group.slots, award.line.out.slot)
    rounded: Int = after // NANO_PER_MILLI - before // NANO_PER_MILLI
    return rounded
