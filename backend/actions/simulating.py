"""History under draft rules: what every action would have earned, had the draft been in force.

Each member's actions are assessed in the order they were posted, with counters that begin empty:
what was used of a cap is worked out under the draft, never read. Nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple, TypeVar

from sqlalchemy import Connection

from backend.actions import book
from backend.actions.book import Happened, Order
from backend.actions.exclusions import ONCE, TRIP_REACH, Numbering
from credit_rules import CapSpec, Draft, Methodology, period_start
from credit_rules.history import HistoryRun, Occasions, Outcome, PastAction

_Key = TypeVar("_Key", bound=Hashable)

# A group of fewer members is not shown by itself: its figures would speak of persons.
MIN_MEMBERS = 5
_DECILES = 10
_OCCASIONS = Occasions(reach={"trip": TRIP_REACH}, once=ONCE)


@dataclass(slots=True)
class Sums:
    """What a group of actions earned in the book, and what it would earn under the draft.

    Attributes:
        actions: how many there are, all accepted in the book.
        refused: how many of them the draft refuses (in a department: no longer counts).
        points_before_mpt: points in the book, in milli-points.
        points_after_mpt: points under the draft.
        reduction_before_mg: reductions in the book, in mg CO2e.
        reduction_after_mg: reductions under the draft.
    """

    actions: int = 0
    refused: int = 0
    points_before_mpt: int = 0
    points_after_mpt: int = 0
    reduction_before_mg: int = 0
    reduction_after_mg: int = 0

    def join(self, other: "Sums") -> None:
        """Counts another group's actions too."""
        self.actions += other.actions
        self.refused += other.refused
        self.points_before_mpt += other.points_before_mpt
        self.points_after_mpt += other.points_after_mpt
        self.reduction_before_mg += other.reduction_before_mg
        self.reduction_after_mg += other.reduction_after_mg


class Refusal(NamedTuple):
    """Why the draft refuses actions that the book accepted: kind, field at fault, stable code."""

    kind: str
    field: str
    code: str


@dataclass(frozen=True, slots=True)
class Decile:
    """Members with about the same points in the book, poorest first.

    Attributes:
        number: from 1.
        members: how many; never fewer than `MIN_MEMBERS`.
        points_before_mpt: their points in the book.
        points_after_mpt: their points under the draft.
        winners: how many would have more.
        losers: how many would have less.
    """

    number: int
    members: int
    points_before_mpt: int
    points_after_mpt: int
    winners: int
    losers: int


@dataclass(slots=True)
class Simulation:
    """The outcome of a run.

    Attributes:
        total: all actions.
        kinds: by kind of action.
        months: by month of the action (its first day).
        departments: by department, what counts in rankings.
        refusals: how many actions were refused, by reason.
        sentences: the first refusal of each reason, in Chinese.
        methodologies: by kind and version, what judged it.
        members: by member; never shown so.
    """

    total: Sums = field(default_factory=Sums)
    kinds: dict[str, Sums] = field(default_factory=dict)
    months: dict[date, Sums] = field(default_factory=dict)
    departments: dict[int, Sums] = field(default_factory=dict)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    sentences: dict[Refusal, str] = field(default_factory=dict)
    methodologies: dict[str, dict[int, Methodology]] = field(default_factory=dict)
    members: dict[int, Sums] = field(default_factory=dict)

    def deciles(self) -> tuple[Decile, ...]:
        """Members by their points in the book, in ten groups or as many as have enough members."""
        ordered = sorted(
            (sums.points_before_mpt, sums.points_after_mpt) for sums in self.members.values()
        )
        groups = min(_DECILES, len(ordered) // MIN_MEMBERS)
        return tuple(
            _decile(
                number + 1,
                ordered[number * len(ordered) // groups : (number + 1) * len(ordered) // groups],
            )
            for number in range(groups)
        )


def _decile(number: int, members: list[tuple[int, int]]) -> Decile:
    return Decile(
        number=number,
        members=len(members),
        points_before_mpt=sum(before for before, _ in members),
        points_after_mpt=sum(after for _, after in members),
        winners=sum(after > before for before, after in members),
        losers=sum(after < before for before, after in members),
    )


def simulate(
    db: Connection,
    draft: Draft,
    *,
    first: date,
    last: date,
    tell: Callable[[int], None],
) -> Simulation:
    """Runs the actions of these days under a draft; writes nothing.

    The run begins as many days earlier as the longest period of a cap reaches back, so that every
    counter stands where it would have stood; those days count for nothing else. Actions that were
    taken back are left out. Where members share counters, those of places, the actions are run in
    the order of posting; else member by member.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        draft: the draft rules over those in force.
        first: the first Asia/Shanghai day.
        last: the last one.
        tell: told after each batch how many actions it held.
    """
    shared = any(cap.scope == "place" for cap in _caps(draft))
    run = _Run(draft, first, shared=shared)
    order = Order.AS_POSTED if shared else Order.BY_MEMBER
    for batch in book.happened(db, since=lead_in(draft, first), until=last, order=order):
        for action in batch:
            run.take(action)
        tell(len(batch))
    return run.outcome


def lead_in(draft: Draft, first: date) -> date:
    """The first day whose actions can bear on the counters of a day."""
    periods = {cap.period for cap in _caps(draft)}
    return min((period_start(period, first) for period in periods), default=first)


def _caps(draft: Draft) -> Iterator[CapSpec]:
    """Every counter of the draft and of the rules in force."""
    for rulebook in (draft.rulebook, draft.current):
        for methodology in rulebook.all_versions():
            yield from methodology.caps


class _Run:
    """One pass over the book: by member, or in the order of posting where members share."""

    def __init__(self, draft: Draft, first: date, *, shared: bool) -> None:
        self._rules, self._first, self._shared = HistoryRun(draft, _OCCASIONS), first, shared
        self._member_id: int | None = None
        self._numbering = Numbering()
        self.outcome = Simulation()

    def take(self, action: Happened) -> None:
        """Assesses the next action under the draft and counts it."""
        if action.member_id != self._member_id and not self._shared:
            self._member_id = action.member_id
            self._rules.forget()
        after = self._rules.award(self._past(action))
        if after.methodology is not None:
            versions = self.outcome.methodologies.setdefault(action.kind, {})
            versions[after.methodology.version] = after.methodology
        if action.occurred_on >= self._first:
            self._count(action, after)

    def _past(self, action: Happened) -> PastAction:
        return PastAction(
            methodology_id=action.kind,
            on=action.occurred_on,
            member_id=action.member_id,
            tier=action.tier,
            inputs=action.facts,
            place_id=action.place_id,
            occasions=self._numbering.of(action.occurred_at, action.occurred_on, action.facts),
        )

    def _count(self, action: Happened, after: Outcome) -> None:
        found, problem = self.outcome, after.problem
        sums = Sums(
            1,
            int(problem is not None),
            action.points_mpt,
            after.points_mpt,
            action.reduction_mg,
            after.reduction_mg,
        )
        found.total.join(sums)
        _group(found.kinds, action.kind).join(sums)
        _group(found.months, action.occurred_on.replace(day=1)).join(sums)
        _group(found.members, action.member_id).join(sums)
        if action.department_id is not None:
            _group(found.departments, action.department_id).join(_ranked(action, after))
        if problem is not None:
            reason = Refusal(action.kind, problem.field, problem.code)
            found.refusals[reason] += 1
            found.sentences.setdefault(reason, problem.sentence)


def _group(groups: dict[_Key, Sums], key: _Key) -> Sums:
    found = groups.get(key)
    if found is None:
        found = groups[key] = Sums()
    return found


def _ranked(action: Happened, after: Outcome) -> Sums:
    """What counts in rankings; refused is what did and no longer does."""
    return Sums(
        actions=int(action.ranked),
        refused=int(action.ranked and not after.ranked),
        points_before_mpt=action.points_mpt if action.ranked else 0,
        points_after_mpt=after.points_mpt if after.ranked else 0,
        reduction_before_mg=action.reduction_mg if action.ranked else 0,
        reduction_after_mg=after.reduction_mg if after.ranked else 0,
    )
