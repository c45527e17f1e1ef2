"""Settling a batch one action after another: for rules that have no column form.

The narrowed plans of the scalar engine run over the integers of the columns, without reading texts
or keeping traces; the counters are kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from itertools import chain

import numpy as np

from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI, CapSpec, Period, Scope, Used
from credit_rules.methodology import Methodology
from credit_rules.narrowed import Narrowed, ReadLanes
from credit_rules.narrowing import narrow
from credit_rules.vectorised.campaigns import CENTS_OF_A_MILLI, bonus_cap, check_campaigns
from credit_rules.vectorised.columns import (
    NOWHERE,
    Awards,
    Boosts,
    Columns,
    ColumnsRefused,
    Int,
    Mask,
    Status,
    check_lengths,
)
from credit_rules.vectorised.counting import Batch, Opening, period_starts
from credit_rules.vectorised.excluding import occasion_of
from credit_rules.vectorised.groups import Group, grouped

_NO_LANES = (0,) * len(LANES)
_Row = tuple[Sequence[int], Mapping[int, list[int]], Callable[[int], list[int]], ReadLanes]
"""A counter as a turn needs it: the group of every row, the lanes of a group, those of a new one,
and what reads the lanes added."""
_Adds = list[tuple[list[int], ReadLanes]]
"""The lanes that a row adds to, each with what reads the amounts."""
_TakeTurn = Callable[[int, Sequence[int]], tuple[int, int] | None]
"""Awards a row by its number, its tier and its inputs, adding to the counters: the reduction in mg
and the points in milli-points, or None where a condition does not hold."""


def settle_in_turn(columns: Columns, *, opening: Opening | None = None) -> Awards:
    """Award the rows one after the other: slower than `settle`, and for any rules.

    Args:
        columns: the actions in order of arrival.
        opening: the counters before the first row; missing ones are fresh.

    Returns:
        The awards, in the order of the rows; the same as `settle` gives.

    Raises:
        ColumnsRefused: a column holds what the engine refuses; nothing was assessed.
    """
    check_lengths(columns)
    if not len(columns):
        return Awards.none()
    if not _meet(columns):
        with suppress(ColumnsRefused):  # said below, by the number of the row as it came
            return _by_member(columns, opening or {})
    never = np.zeros(len(columns), dtype=np.bool_)
    return _Turns(columns, opening or {}).awards(forget=never, sure=False)


def _by_member(columns: Columns, opening: Opening) -> Awards:
    """Award all rows of a member before those of the next, so that few counters are held."""
    order = np.argsort(columns.member, kind="stable")
    ordered = columns.taken(order)
    changes = np.diff(ordered.member, prepend=ordered.member[:1]) != 0
    turns = _Turns(ordered, opening)
    runs = np.diff(np.flatnonzero(changes), prepend=0, append=len(changes))
    awards = turns.awards(forget=changes, sure=turns.fit(int(runs.max())))
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return awards.taken(back)


def _meet(columns: Columns) -> bool:
    """Whether members share a counter or a budget; else their counters need not be kept."""
    scopes = {cap.scope for methodology in columns.methodologies for cap in methodology.caps}
    return "place" in scopes or columns.boosts is not None


@dataclass(slots=True)
class _Counter:
    """A counter: its lanes by group of a subject and period, and the group of every row.

    Args:
        group: the group of every row.
        opening: the lanes before the first row, by group.
        lanes: the lanes of groups that had a row.
    """

    group: Sequence[int]
    opening: dict[int, Used] = field(default_factory=dict)
    lanes: dict[int, list[int]] = field(default_factory=dict)

    def begun(self, group: int) -> list[int]:
        """The lanes of a group at its first row."""
        lanes = self.lanes[group] = [*self.opening.get(group, _NO_LANES)]
        return lanes

    def forget(self, *, sure: bool) -> None:
        """Let go of all lanes; they only grew, so that now is the time to look at their range.

        Args:
            sure: they cannot be out of it.
        """
        if not sure and max(chain(*self.lanes.values()), default=0) > COUNTER_LIMIT:
            raise ColumnsRefused("inputs", None, "累计量超出 62 位整数，请核对计数器。")
        self.lanes.clear()


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the rows of one plan, tier and set of choices share.

    Args:
        methodology: the methodology.
        ranked: whether they count in rankings.
        award: awards one of them.
        bonus: the counter and limit of the bonus, where a row of them is boosted.
    """

    methodology: Methodology
    ranked: bool
    award: _TakeTurn
    bonus: tuple[_Counter, CapSpec] | None


class _Turns:
    """The counters, campaigns and exclusions of a batch while its rows take their turns."""

    def __init__(self, columns: Columns, opening: Opening) -> None:
        self._columns, self._opening = columns, opening
        self._counters: dict[str, _Counter] = {}
        self._groups: dict[tuple[Scope, Period], list[int]] = {}
        self._boosts = _boosts(columns.boosts)
        self._exclusions = None if columns.occasions is None else _Exclusions(columns)
        self._batch = Batch(columns)
        which = np.empty(len(columns), dtype=np.int64)
        known: list[_Kind] = []
        for group in grouped(columns, self._batch):
            which[self._batch.arrival[group.rows]] = self._known(group, known)
        self._kinds = [known[number] for number in which.tolist()]
        self._ranked = np.array([kind.ranked for kind in known])[which]

    def _known(self, group: Group, known: list[_Kind]) -> Int:
        """The number of the kind of every row of a group, adding new kinds to those known."""
        methodology, plan = group.methodology, group.plan
        taken = [np.asarray(group.slots[slot]) for slot in range(plan.width)]
        index = taken[0].copy()
        for column, (_, _, _, weight) in zip(taken[1:], methodology.reads, strict=True):
            index += column * weight
        bonus = self._bonus(group, self._batch.arrival[group.rows])
        # Numbered by counting: sorting a million rows takes a tenth of a second.
        first = np.full(int(index.max()) + 1, -1)
        first[index[::-1]] = np.arange(len(index) - 1, -1, -1)
        found = np.flatnonzero(first >= 0)
        inverse: Int = np.cumsum(first >= 0)[index] - 1
        before = len(known)
        for number in found.tolist():
            numbers = [int(column[first[number]]) for column in taken]
            narrowed = narrow(methodology, plan, number, numbers)
            added = {position: read for _, position, read in narrowed.claims}
            counters = [
                (self._counter(group, key), added[position]) if position in added else None
                for position, key in enumerate(narrowed.keys)
            ]
            award = _turn(narrowed, plan.width, counters)
            known.append(_Kind(methodology, narrowed.ranked, award, bonus))
        return inverse + before

    def _counter(self, group: Group, key: str) -> _Counter:
        spec = next(spec for spec in group.specs.values() if spec.key == key)
        self._batch.named(spec.scope, group.rows)
        return self._counter_of(spec)

    def _counter_of(self, spec: CapSpec) -> _Counter:
        found = self._counters.get(spec.key)
        if found is None:
            found = self._counters[spec.key] = _Counter(self._group_of(spec.scope, spec.period))
            self._open(spec, found)
        return found

    def _open(self, spec: CapSpec, counter: _Counter) -> None:
        """Begin with the counters given, where the batch has rows for them."""
        given = {(who, on): row for (key, who, on), row in self._opening.items() if key == spec.key}
        if not given:
            return
        subject = np.empty_like(self._batch.member)
        subject[self._batch.arrival] = self._batch.subject(spec.scope)
        numbers, first = np.unique(np.array(counter.group), return_index=True)
        starts = period_starts(spec.period, self._columns.day[first]).tolist()
        for number, who, start in zip(
            numbers.tolist(), subject[first].tolist(), starts, strict=True
        ):
            row = given.get((who, date.fromordinal(start)))
            if row is not None:
                if min(row) < 0:
                    raise ColumnsRefused("opening", None, "期初累计量不能小于零，请核对计数器。")
                counter.opening[number] = row

    def _group_of(self, scope: Scope, period: Period) -> list[int]:
        """The group of every row, in order of arrival."""
        found = self._groups.get((scope, period))
        if found is None:
            grouping = self._batch.grouping(scope, period)
            rows = np.arange(len(self._batch), dtype=np.int64)
            group = np.empty_like(rows)
            group[self._batch.arrival] = grouping.group[grouping.ranks(rows)]
            found = self._groups[scope, period] = group.tolist()
        return found

    def _bonus(self, group: Group, arrival: Int) -> tuple[_Counter, CapSpec] | None:
        if self._columns.boosts is None:
            return None
        hundredths = self._columns.boosts.hundredths[arrival]
        boosted = hundredths != 0
        if not boosted.any():
            return None
        spec = bonus_cap(group.methodology, hundredths[boosted], arrival[boosted])
        return self._counter_of(spec), spec

    def fit(self, rows: int) -> bool:
        """Whether the counters of a member with so many rows hold them, whatever is in them."""
        most = max(plan.most for each in self._columns.methodologies for plan in each.plans)
        begun = max(map(max, self._opening.values()), default=0)
        return rows * most + begun <= COUNTER_LIMIT

    def awards(self, *, forget: Mask, sure: bool) -> Awards:
        """Let every row take its turn.

        Args:
            forget: before which rows nothing of the counters is needed any more.
            sure: no counter can run out of its range.
        """
        exclusions, size = self._exclusions, len(self._columns)
        reduction, points = [0] * size, [0] * size
        # Few rows are refused or boosted: written one by one into arrays, which is slow, but rare.
        bonus, status = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        columns = (self._columns.tier, *self._columns.inputs)
        numbers = zip(*(column.tolist() for column in columns), strict=True)
        turns = zip(range(size), self._kinds, numbers, forget.tolist(), strict=True)
        for row, kind, taken, done in turns:
            if done:
                self._forget(sure=sure)
            if exclusions is not None and exclusions.exclude(row, kind.methodology):
                status[row] = Status.EXCLUDED
                continue
            award = kind.award(row, taken)
            if award is None:
                status[row] = Status.NOT_ELIGIBLE
                continue
            reduction[row], points[row] = award
            if kind.bonus is not None:
                bonus[row] = self._boosts.pay(row, kind.bonus, award[1])
            if exclusions is not None:
                exclusions.credit(row, kind.methodology)
        self._forget(sure=sure)
        found = [np.array(column, dtype=np.int64) for column in (reduction, points)]
        return Awards(found[0], found[1], bonus, self._ranked & (status == 0), status)

    def _forget(self, *, sure: bool) -> None:
        for counter in self._counters.values():
            counter.forget(sure=sure)


def _turn(
    narrowed: Narrowed, width: int, counters: Sequence[tuple[_Counter, ReadLanes] | None]
) -> _TakeTurn:
    """What awards a row of a narrowed plan, bound to all that its rows share.

    Args:
        narrowed: the plan.
        width: how many slots tier and inputs take.
        counters: its counters and what reads the lanes added; None for one that is not added to.
    """
    rows = [
        None if each is None else (each[0].group, each[0].lanes, each[0].begun, each[1])
        for each in counters
    ]
    alone = rows[0] if len(rows) == 1 else None
    begin = _beginning(rows, width, narrowed.tail)
    runs, tail, required = narrowed.runs, narrowed.tail, [slot for slot, _ in narrowed.required]
    reduction_at, points_at = narrowed.reduction, narrowed.points

    def take(row: int, taken: Sequence[int]) -> tuple[int, int] | None:
        if alone is not None:
            group, known, begun, read = alone
            lanes = known.get(group[row]) or begun(group[row])
            slots, adds = [*taken[:width], *lanes, *tail], [(lanes, read)]
        else:
            slots, adds = begin(row, taken)
        for run in runs:
            run(slots)
        for slot in required:
            if not slots[slot]:
                return None
        for lanes, read in adds:
            reduction, points, activity, count = read(slots)
            lanes[0] += reduction
            lanes[1] += points
            lanes[2] += activity
            lanes[3] += count
        return (
            0 if reduction_at is None else slots[reduction_at],
            0 if points_at is None else slots[points_at],
        )

    return take


def _beginning(
    rows: Sequence[_Row | None], width: int, tail: Sequence[int]
) -> Callable[[int, Sequence[int]], tuple[list[int], _Adds]]:
    """What gives the slots of a row, and the lanes it adds to, where there are several counters."""

    def begin(row: int, taken: Sequence[int]) -> tuple[list[int], _Adds]:
        slots: list[int] = [*taken[:width]]
        adds: _Adds = []
        for counter in rows:
            if counter is None:
                slots += _NO_LANES
            else:
                group, known, begun, read = counter
                lanes = known.get(group[row]) or begun(group[row])
                adds.append((lanes, read))
                slots += lanes
        slots += tail
        return slots, adds

    return begin


class _Boosted:
    """The campaigns of a batch, each with what is left of its budget."""

    def __init__(self, boosts: Boosts) -> None:
        check_campaigns(boosts)
        self._hundredths: list[int] = boosts.hundredths.tolist()
        self._campaign: list[int] = boosts.campaign.tolist()
        self._left: list[int] = list(boosts.budgets_mpt)

    def pay(self, row: int, bonus: tuple[_Counter, CapSpec], points_mpt: int) -> int:
        """What the campaign of a row adds."""
        times = self._hundredths[row]
        if not times:
            return 0
        counter, spec = bonus
        group, lane = counter.group[row], LANES.index(spec.lane)
        lanes = counter.lanes.get(group) or counter.begun(group)
        before = min(lanes[lane], spec.limit_nano)
        lanes[lane] += points_mpt * CENTS_OF_A_MILLI * (times - 100)
        after = min(lanes[lane], spec.limit_nano)
        campaign = self._campaign[row]
        paid = min(after // NANO_PER_MILLI - before // NANO_PER_MILLI, self._left[campaign])
        self._left[campaign] -= paid
        return paid


def _boosts(boosts: Boosts | None) -> _Boosted:
    none = np.zeros(0, dtype=np.int64)
    return _Boosted(Boosts(none, none, ()) if boosts is None else boosts)


class _Exclusions:
    """What was credited to whom, and when, among what excludes each other."""

    def __init__(self, columns: Columns) -> None:
        self._member = columns.member.tolist()
        periods = {e.period for m in columns.methodologies for e in m.excludes}
        self._occasions = {
            period: occasion.tolist()
            for period in sorted(periods)
            if (occasion := occasion_of(columns, period)) is not None
        }
        self._credited: set[tuple[str, int, int, str]] = set()

    def exclude(self, row: int, methodology: Methodology) -> bool:
        """Whether something credited before excludes this row."""
        who, credited = self._member[row], self._credited
        for exclusion in methodology.excludes:
            period = exclusion.period
            when = self._occasions[period][row] if period in self._occasions else NOWHERE
            if when != NOWHERE and (period, who, when, exclusion.methodology_id) in credited:
                return True
        return False

    def credit(self, row: int, methodology: Methodology) -> None:
        """Note that this row was credited."""
        who = self._member[row]
        for period, occasion in self._occasions.items():
            self._credited.add((period, who, occasion[row], methodology.id))
