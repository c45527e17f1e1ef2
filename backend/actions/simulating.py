"""History under draft rules: what every action would have earned, had the draft been in force.

Each member's actions are run in the order they were posted, with counters that begin empty: what
was used of a cap is worked out under the draft, never read. Nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from backend.actions import book
from backend.actions.book import Happened, Order
from backend.actions.exclusions import ONCE, TRIP_REACH, Numbering
from credit_rules import CapSpec, Draft, Methodology, period_start
from credit_rules.history import Occasions, PastAction, Resettled, read_history, resettle

_Key = TypeVar("_Key", bound=Hashable)
_Lanes = NDArray[np.int64]
"""A row an action, with the columns of `Sums`."""

# A group of fewer members is not shown by itself: its figures would speak of persons.
MIN_MEMBERS = 5
_DECILES = 10
# So many actions are run at a time, and those of the last member to their end.
_AT_ONCE = 50_000
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
    taken back are left out. Where members share counters, those of places, everything is run at
    once, in the order of posting; else some members at a time.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        draft: the draft rules over those in force.
        first: the first Asia/Shanghai day.
        last: the last one.
        tell: told after each batch how many actions it held.
    """
    run = _Run(draft, first)
    shared = any(cap.scope == "place" for cap in _caps(draft))
    order = Order.AS_POSTED if shared else Order.BY_MEMBER
    waiting: list[Happened] = []
    for batch in book.happened(db, since=lead_in(draft, first), until=last, order=order):
        if not shared and len(waiting) >= _AT_ONCE:
            whole = _whole_members(waiting, batch[0])
            run.take(waiting[:whole])
            del waiting[:whole]
        waiting += batch
        tell(len(batch))
    run.take(waiting)
    return run.outcome


def _whole_members(actions: Sequence[Happened], following: Happened) -> int:
    """How many of the actions, from the first, are of members that the following one is not of."""
    whole = len(actions)
    while whole and actions[whole - 1].member_id == following.member_id:
        whole -= 1
    return whole


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
    """One pass over the book, some members at a time."""

    def __init__(self, draft: Draft, first: date) -> None:
        self._draft, self._first = draft, first
        self._numbering = Numbering()
        self.outcome = Simulation()

    def take(self, actions: Sequence[Happened]) -> None:
        """Runs all actions of some members, or of all, in the order of posting."""
        history = read_history(self._draft, map(self._past, actions), _OCCASIONS)
        for methodology in history.columns.methodologies:
            versions = self.outcome.methodologies.setdefault(methodology.id, {})
            versions[methodology.version] = methodology
        self._count(actions, resettle(history))

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

    def _count(self, actions: Sequence[Happened], after: Resettled) -> None:
        found = self.outcome
        lanes = _lanes(actions, after)
        counted = [row for row, each in enumerate(actions) if each.occurred_on >= self._first]
        chosen, counts = [actions[row] for row in counted], lanes[counted]
        found.total.join(Sums(*counts.sum(axis=0).tolist()))
        _join(found.kinds, [action.kind for action in chosen], counts)
        _join(found.months, [action.occurred_on.replace(day=1) for action in chosen], counts)
        _join(found.members, [action.member_id for action in chosen], counts)
        _join(
            found.departments,
            [action.department_id for action in chosen],
            _ranked(actions, after, lanes)[counted],
        )
        for row in sorted(after.refused.keys() & set(counted)):
            problem = after.refused[row]
            reason = Refusal(actions[row].kind, problem.field, problem.code)
            found.refusals[reason] += 1
            found.sentences.setdefault(reason, problem.sentence)


def _lanes(actions: Sequence[Happened], after: Resettled) -> _Lanes:
    lanes = np.ones((len(actions), len(fields(Sums))), dtype=np.int64)
    lanes[:, 1] = 0
    lanes[list(after.refused), 1] = 1
    lanes[:, 2] = [action.points_mpt for action in actions]
    lanes[:, 3] = after.points_mpt
    lanes[:, 4] = [action.reduction_mg for action in actions]
    lanes[:, 5] = after.reduction_mg
    return lanes


def _ranked(actions: Sequence[Happened], after: Resettled, lanes: _Lanes) -> _Lanes:
    """What counts in rankings; refused is what did and no longer does."""
    before = np.array([action.ranked for action in actions], dtype=np.int64)
    then = after.ranked.astype(np.int64)
    times = np.stack((before, before, before, then, before, then), axis=1)
    ranked = lanes * times
    ranked[:, 1] = before * (1 - then)
    return ranked


def _join(groups: dict[_Key, Sums], keys: Sequence[_Key | None], lanes: _Lanes) -> None:
    """Adds each row to the group of its key; where that is None, to none."""
    numbers: dict[_Key, int] = {}
    rows = [row for row, key in enumerate(keys) if key is not None]
    number = [numbers.setdefault(key, len(numbers)) for key in keys if key is not None]
    sums = np.zeros((len(numbers), lanes.shape[1]), dtype=np.int64)
    np.add.at(sums, number, lanes[rows])
    for key, row in zip(numbers, sums.tolist(), strict=True):
        groups.setdefault(key, Sums()).join(Sums(*row))
