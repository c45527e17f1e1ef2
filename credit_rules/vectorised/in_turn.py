"""Settling a batch one action after another: for rules that have no column form.

The functions written out of plans run over the integers of the columns, without reading texts or
keeping traces; the counters are kept here.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date

import numpy as np

from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI, CapSpec, Period, Scope
from credit_rules.methodology import Methodology
from credit_rules.plan import TIER_SLOT
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
from credit_rules.vectorised.counting import Batch, Opening, check_opening, period_starts
from credit_rules.vectorised.excluding import around, occasion_of
from credit_rules.vectorised.groups import Group, grouped
from credit_rules.vectorised.turns import Counter
from credit_rules.writing import write
from credit_rules.written import TakeTurn


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
    award: TakeTurn
    bonus: tuple[Counter, CapSpec] | None


class _Turns:
    """The counters, campaigns and exclusions of a batch while its rows take their turns."""

    def __init__(self, columns: Columns, opening: Opening) -> None:
        self._columns, self._opening = columns, opening
        self._counters: dict[str, Counter] = {}
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
            written = write(methodology, plan, numbers)
            counters = [
                self._counter(group, key).bound() if added else None
                for key, added in zip(written.keys, written.added, strict=True)
            ]
            ranked = methodology.ranked_tiers[numbers[TIER_SLOT]]
            known.append(_Kind(methodology, ranked, written.turn(counters), bonus))
        return inverse + before

    def _counter(self, group: Group, key: str) -> Counter:
        spec = next(spec for spec in group.specs.values() if spec.key == key)
        self._batch.named(spec.scope, group.rows)
        return self._counter_of(spec)

    def _counter_of(self, spec: CapSpec) -> Counter:
        found = self._counters.get(spec.key)
        if found is None:
            found = self._counters[spec.key] = Counter(self._group_of(spec.scope, spec.period))
            self._open(spec, found)
        return found

    def _open(self, spec: CapSpec, counter: Counter) -> None:
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
                counter.opening[number] = row
        check_opening(counter.opening.values())

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

    def _bonus(self, group: Group, arrival: Int) -> tuple[Counter, CapSpec] | None:
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


class _Boosted:
    """The campaigns of a batch, each with what is left of its budget."""

    def __init__(self, boosts: Boosts) -> None:
        check_campaigns(boosts)
        self._hundredths: list[int] = boosts.hundredths.tolist()
        self._campaign: list[int] = boosts.campaign.tolist()
        self._left: list[int] = list(boosts.budgets_mpt)

    def pay(self, row: int, bonus: tuple[Counter, CapSpec], points_mpt: int) -> int:
        """What the campaign of a row adds."""
        times = self._hundredths[row]
        if not times:
            return 0
        counter, spec = bonus
        lane, lanes = LANES.index(spec.lane), counter.at(row)
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
        self._reach = columns.reach
        self._credited: set[tuple[str, int, int, str]] = set()

    def exclude(self, row: int, methodology: Methodology) -> bool:
        """Whether something credited before excludes this row."""
        who, credited = self._member[row], self._credited
        for exclusion in methodology.excludes:
            period = exclusion.period
            when = self._occasions[period][row] if period in self._occasions else NOWHERE
            for near in around(when, self._reach.get(period, 0)):
                if (period, who, near, exclusion.methodology_id) in credited:
                    return True
        return False

    def credit(self, row: int, methodology: Methodology) -> None:
        """Note that this row was credited."""
        who = self._member[row]
        for period, occasion in self._occasions.items():
            self._credited.add((period, who, occasion[row], methodology.id))
