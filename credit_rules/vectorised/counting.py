"""Counters over columns: what was used before each row, by sorting and running sums.

The rows of a batch are laid out by member and day, in their order of arrival within each; that is
the order of nearly every counter. Other counters (months, places) get an order of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from credit_rules.counters import COUNTER_LIMIT, CapSpec, Period, Scope, Used
from credit_rules.vectorised.columns import (
    NOWHERE,
    Columns,
    ColumnsRefused,
    Int,
    Mask,
    refuse_where,
)

_LOW_HALF = (1 << 31) - 1
_EPOCH = date(1970, 1, 1).toordinal()
Opening = Mapping[tuple[str, int, date], Used]
"""Counters before the first row, by key, member or place, and first day of the period."""


def period_starts(period: Period, day: Int) -> Int:
    """The first day of the period of each day, as ordinals; `period_start` over a column."""
    if period == "day":
        return day
    if period == "week":
        return day - (day - 1) % 7
    unit = "M8[M]" if period == "month" else "M8[Y]"
    whole = (day - _EPOCH).astype("M8[D]").astype(unit).astype("M8[D]")
    return whole.astype(np.int64) + _EPOCH


def arranged(subject: Int, start: Int, arrival: Int) -> tuple[Int, Int]:
    """Sort rows by subject, period and arrival.

    Args:
        subject: member or place of each row.
        start: first day of its period.
        arrival: its number; all different, from 0.

    Returns:
        The numbers of arrival in order, and where each subject and period begins among them.
    """
    size = len(subject)
    subject, start = subject - subject.min(), start - start.min()
    days, bits = int(start.max()) + 1, (size - 1).bit_length()
    if (int(subject.max()) + 1) * days << bits > 2**63:
        order = np.lexsort((arrival, start, subject))
        change = (np.diff(subject[order]) != 0) | (np.diff(start[order]) != 0)
        return arrival[order], _begins(change)
    # One number per row holds all three, so that the fastest sort there is need not be stable.
    number = ((subject * days + start) << bits) | arrival
    number.sort()
    order = number & ((1 << bits) - 1)
    return order, _begins(np.diff(number >> bits) != 0)


def _begins(change: Mask) -> Int:
    return np.concatenate(([0], np.flatnonzero(change) + 1)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Grouping:
    """The order of one scope and period: the place of every row in it, and where groups begin."""

    rank: Int | None
    group: Int

    def ranks(self, rows: Int) -> Int:
        """The places of some rows; `rank` None is the order of the rows themselves."""
        return rows if self.rank is None else self.rank[rows]


class Batch:
    """The rows of a batch, laid out by member and day.

    Args:
        columns: the columns in order of arrival; at least one row.

    Attributes:
        arrival: the original row of every row.
        day: day of every row.
        member: member of every row; `place` likewise, None where no row names a place.
    """

    def __init__(self, columns: Columns) -> None:
        rows = np.arange(len(columns), dtype=np.int64)
        self.arrival, begins = arranged(columns.member, columns.day, rows)
        self.day = columns.day[self.arrival]
        self.member = columns.member[self.arrival]
        self.place = None if columns.place is None else columns.place[self.arrival]
        self._groupings = {("member", "day"): Grouping(None, _numbered(begins, len(rows)))}

    def __len__(self) -> int:
        return len(self.arrival)

    def grouping(self, scope: Scope, period: Period) -> Grouping:
        """The order of a scope and period.

        Raises:
            ColumnsRefused: a place's counter is read, and no place is given.
        """
        found = self._groupings.get((scope, period))
        if found is None:
            found = self._groupings[scope, period] = self._grouped(scope, period)
        return found

    def subject(self, scope: Scope) -> Int:
        """Whose counters of a scope every row reads.

        Raises:
            ColumnsRefused: a place's counter is read, and no place is given.
        """
        if scope == "member":
            return self.member
        if self.place is None:
            raise ColumnsRefused("place", None, "有按点位累计的上限，请补上点位列。")
        return self.place

    def named(self, scope: Scope, rows: Int) -> None:
        """Refuse rows that read a place's counter and name no place.

        Raises:
            ColumnsRefused: naming the first of them.
        """
        missing = self.subject(scope)[rows] == NOWHERE
        if scope == "place":
            refuse_where(missing, "place", self.arrival[rows], "这一行没有点位，请补上。")

    def _grouped(self, scope: Scope, period: Period) -> Grouping:
        subject = self.subject(scope)
        order, begins = arranged(subject, period_starts(period, self.day), self.arrival)
        row_of = np.empty_like(order)
        row_of[self.arrival] = np.arange(len(order))
        rank = np.empty_like(order)
        rank[row_of[order]] = np.arange(len(order))
        return Grouping(rank, _numbered(begins, len(order)))


def _numbered(begins: Int, size: int) -> Int:
    """The number of the group at every place, from where groups begin."""
    flags = np.zeros(size, dtype=np.int64)
    flags[begins[1:]] = 1
    return np.cumsum(flags)


def check_opening(rows: Iterable[Used]) -> None:
    """Refuse counters that no counter can hold, before they are put in columns.

    Raises:
        ColumnsRefused: one is below zero or past 62 bits.
    """
    for row in rows:
        if min(row) < 0:
            raise ColumnsRefused("opening", None, "期初累计量不能小于零，请核对计数器。")
        if max(row) > COUNTER_LIMIT:
            raise ColumnsRefused("opening", None, "期初累计量超出 62 位整数，请核对计数器。")


class Running:
    """The rows that share one counter row, in its order, for running sums of its lanes.

    Args:
        batch: the batch.
        spec: a cap or tiers of that counter row.
        parts: the rows of each plan that reads it.
        opening: the counters before the first row.
    """

    def __init__(self, batch: Batch, spec: CapSpec, parts: Sequence[Int], opening: Opening) -> None:
        grouping = batch.grouping(spec.scope, spec.period)
        ranks = [grouping.ranks(rows) for rows in parts]
        for rows in parts:
            batch.named(spec.scope, rows)
        total = sum(map(len, parts))
        if total == len(batch):
            self._places, group = ranks, grouping.group
        else:
            taken = np.zeros(len(batch), dtype=np.bool_)
            for rank in ranks:
                taken[rank] = True
            compact = np.cumsum(taken, dtype=np.int64) - 1
            self._places, group = [compact[rank] for rank in ranks], grouping.group[taken]
        self._begins = _begins(np.diff(group) != 0)
        self._sizes = np.diff(np.concatenate((self._begins, [total])))
        self._total, self._spec = total, spec
        self._opening = self._opened(batch, parts, opening)

    def _opened(self, batch: Batch, parts: Sequence[Int], opening: Opening) -> list[Used]:
        """The counter row of every group before its first row; empty where all are fresh."""
        key, scope = self._spec.key, self._spec.scope
        known = {(subject, on): row for (name, subject, on), row in opening.items() if name == key}
        if not known:
            return []
        row_at = np.empty(self._total, dtype=np.int64)
        for place, rows in zip(self._places, parts, strict=True):
            row_at[place] = rows
        first = row_at[self._begins]
        starts = period_starts(self._spec.period, batch.day[first])
        found = [
            known.get((int(who), date.fromordinal(int(on))), Used())
            for who, on in zip(batch.subject(scope)[first], starts, strict=True)
        ]
        check_opening(found)
        return found

    def used(self, lane: int, claims: Sequence[Int]) -> list[Int]:
        """What was used before each row.

        Args:
            lane: the field of the counter row.
            claims: what the rows of each part add, none below zero.

        Returns:
            The counter before each row of each part.

        Raises:
            ColumnsRefused: a counter passes 62 bits.
        """
        amounts = np.empty(self._total, dtype=np.int64)
        for place, claim in zip(self._places, claims, strict=True):
            amounts[place] = claim
        opening = np.array([row[lane] for row in self._opening] or [0], dtype=np.int64)
        self._check(amounts, opening)
        # Unsigned sums may wrap around over the whole batch; differences within a group do not.
        raw = amounts.view(np.uint64)
        before = np.cumsum(raw, dtype=np.uint64) - raw
        base = before[self._begins] - opening.view(np.uint64)
        used = (before - np.repeat(base, self._sizes)).view(np.int64)
        return [used[place] for place in self._places]

    def _check(self, amounts: Int, opening: Int) -> None:
        if int(amounts.max()) * int(self._sizes.max()) + int(opening.max()) <= COUNTER_LIMIT:
            return
        # In halves, whose sums cannot wrap around; only a batch near the limit comes here.
        low = np.add.reduceat(amounts & _LOW_HALF, self._begins) + (opening & _LOW_HALF)
        high = np.add.reduceat(amounts >> 31, self._begins) + (opening >> 31)
        halves = zip(high.tolist(), low.tolist(), strict=True)
        if max((upper << 31) + lower for upper, lower in halves) > COUNTER_LIMIT:
            raise ColumnsRefused("inputs", None, "累计量超出 62 位整数，请核对计数器。")
