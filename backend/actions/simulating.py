"""History under draft rules: what every action would have earned, had the draft been in force.

Each member's actions are run in the order they were posted, with counters that begin empty: what
was used of a cap is worked out under the draft, never read. Nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from backend.actions import book
from backend.actions.book import Booked, Order
from backend.actions.exclusions import Exclusions, exclusions_of
from backend.actions.queries import Recorded
from credit_rules import (
    Assessment,
    Draft,
    Facts,
    FactsRefused,
    FieldProblem,
    Methodology,
    NotInForce,
    Used,
    assess,
    period_start,
)

# A group of fewer members is not shown by itself: its figures would speak of persons.
MIN_MEMBERS = 5
_DECILES = 10
_NOTHING = Used()
_MARKED = Used(count_nano=1)


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

    def add(self, before: Recorded | None, after: Assessment | None) -> None:
        """Counts one action; None where it counts for nothing in the book or under the draft."""
        self.actions += before is not None
        self.refused += before is not None and after is None
        if before is not None:
            self.points_before_mpt += before.points_mpt
            self.reduction_before_mg += before.reduction_mg
        if after is not None:
            self.points_after_mpt += after.points_mpt
            self.reduction_after_mg += after.reduction_mg

    def join(self, other: "Sums") -> None:
        """Counts another group's actions too."""
        for lane in fields(self):
            setattr(self, lane.name, getattr(self, lane.name) + getattr(other, lane.name))


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
        members: by member, points before and after; never shown by member.
    """

    total: Sums = field(default_factory=Sums)
    kinds: dict[str, Sums] = field(default_factory=dict)
    months: dict[date, Sums] = field(default_factory=dict)
    departments: dict[int, Sums] = field(default_factory=dict)
    refusals: Counter[Refusal] = field(default_factory=Counter)
    sentences: dict[Refusal, str] = field(default_factory=dict)
    methodologies: dict[str, dict[int, Methodology]] = field(default_factory=dict)
    members: dict[int, tuple[int, int]] = field(default_factory=dict)

    def deciles(self) -> tuple[Decile, ...]:
        """Members by their points in the book, in ten groups or as many as have enough members."""
        ordered = sorted(self.members.values())
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
    taken back are left out. A place's own counters fill in the order of members.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        draft: the draft rules over those in force.
        first: the first Asia/Shanghai day.
        last: the last one.
        tell: told after each batch how many actions it held.
    """
    run = _Run(draft, first)
    for batch in book.booked(db, since=lead_in(draft, first), until=last, order=Order.BY_MEMBER):
        for booked in batch:
            run.take(booked)
        tell(len(batch))
    return run.outcome


def lead_in(draft: Draft, first: date) -> date:
    """The first day whose actions can bear on the counters of a day."""
    periods = {
        cap.period
        for rulebook in (draft.rulebook, draft.current)
        for methodology in rulebook.all_versions()
        for cap in methodology.caps
    }
    return min((period_start(period, first) for period in periods), default=first)


class _Judge(NamedTuple):
    """What judges a kind on a day: the methodology, the day of its factors, counters by scope."""

    methodology: Methodology
    as_of: date
    own: tuple[tuple[str, date], ...]
    shared: tuple[tuple[str, date], ...]


class _Run:
    """One pass over the book. Counters of a member are dropped at the next member."""

    def __init__(self, draft: Draft, first: date) -> None:
        self._draft, self._first = draft, first
        self._judges: dict[tuple[str, date], _Judge] = {}
        self._member: int | None = None
        self._own: dict[tuple[str, date], Used] = {}
        self._shared: dict[tuple[int, str, date], Used] = {}
        self.outcome = Simulation()

    def take(self, booked: Booked) -> None:
        """Runs one action; those of a member come together, in the order of posting."""
        recorded = booked.action
        if booked.reversed or booked.trace_digest is None:
            return
        if recorded.member_id != self._member:
            self._member = recorded.member_id
            self._own.clear()
        after, refusal = self._assessed(recorded)
        if recorded.occurred_on >= self._first:
            self._count(recorded, after, refusal)

    def _assessed(
        self, recorded: Recorded
    ) -> tuple[Assessment | None, FactsRefused | NotInForce | None]:
        try:
            judge = self._judge(recorded.kind, recorded.occurred_on)
            exclusions = self._exclusions(judge.methodology, recorded)
            assessment = assess(
                judge.methodology,
                Facts(
                    methodology_id=recorded.kind,
                    on=judge.as_of,
                    tier=recorded.tier,
                    inputs=recorded.facts,
                    used=self._used(judge, recorded),
                ),
            )
        except (FactsRefused, NotInForce) as refusal:
            return None, refusal
        self._use(judge, recorded, assessment.usage)
        for mark in exclusions.marks:
            self._own[mark.key, mark.period_start] = _MARKED
        return assessment, None

    def _exclusions(self, methodology: Methodology, recorded: Recorded) -> Exclusions:
        """The marks an action leaves.

        Raises:
            FactsRefused: it finds one that excludes it.
        """
        exclusions = exclusions_of(
            methodology,
            member_id=recorded.member_id,
            occurred_at=recorded.occurred_at,
            facts=recorded.facts,
        )
        credited = exclusions.credited(
            {
                cap.key: self._own.get((cap.key, cap.period_start), _NOTHING)
                for cap in exclusions.caps
            }
        )
        if credited:
            other, period = min(credited)
            sentence = f"同一 {period} 此前已按 {other} 计入，两者不能同时计。"
            raise FactsRefused([FieldProblem("kind", sentence, "excluded")])
        return exclusions

    def _judge(self, kind: str, day: date) -> _Judge:
        found = self._judges.get((kind, day))
        if found is None:
            methodology, as_of = self._draft.applied(kind, day)
            starts = {
                scope: tuple(
                    dict.fromkeys(
                        (cap.key, period_start(cap.period, day))
                        for cap in methodology.caps
                        if cap.scope == scope
                    )
                )
                for scope in ("member", "place")
            }
            found = _Judge(methodology, as_of, starts["member"], starts["place"])
            self._judges[kind, day] = found
            versions = self.outcome.methodologies.setdefault(kind, {})
            versions[methodology.version] = methodology
        return found

    def _used(self, judge: _Judge, recorded: Recorded) -> dict[str, Used]:
        used = {key: self._own.get((key, start), _NOTHING) for key, start in judge.own}
        if recorded.place_id is not None:
            for key, start in judge.shared:
                used[key] = self._shared.get((recorded.place_id, key, start), _NOTHING)
        return used

    def _use(self, judge: _Judge, recorded: Recorded, added: Mapping[str, Used]) -> None:
        for slot in judge.own:
            if slot[0] in added:
                self._own[slot] = self._own.get(slot, _NOTHING).plus(added[slot[0]])
        if recorded.place_id is not None:
            for key, start in judge.shared:
                if key in added:
                    place = recorded.place_id, key, start
                    self._shared[place] = self._shared.get(place, _NOTHING).plus(added[key])

    def _count(
        self,
        recorded: Recorded,
        after: Assessment | None,
        refusal: FactsRefused | NotInForce | None,
    ) -> None:
        found = self.outcome
        month = recorded.occurred_on.replace(day=1)
        for sums in (
            found.total,
            found.kinds.setdefault(recorded.kind, Sums()),
            found.months.setdefault(month, Sums()),
        ):
            sums.add(recorded, after)
        if recorded.department_id is not None:
            found.departments.setdefault(recorded.department_id, Sums()).add(
                recorded if recorded.ranked else None,
                after if after is not None and after.ranked else None,
            )
        before_mpt, after_mpt = found.members.get(recorded.member_id, (0, 0))
        found.members[recorded.member_id] = (
            before_mpt + recorded.points_mpt,
            after_mpt + (after.points_mpt if after is not None else 0),
        )
        if refusal is not None:
            self._refused(recorded.kind, refusal)

    def _refused(self, kind: str, refusal: FactsRefused | NotInForce) -> None:
        if isinstance(refusal, NotInForce):
            reason, sentence = Refusal(kind, "kind", refusal.code), refusal.sentence
        else:
            problem = refusal.problems[0]
            reason, sentence = Refusal(kind, problem.field, problem.code), problem.sentence
        self.outcome.refusals[reason] += 1
        self.outcome.sentences.setdefault(reason, sentence)
