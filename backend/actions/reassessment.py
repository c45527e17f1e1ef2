"""Reassesses a member's days: caps and tiers anew over the actions that remain.

An action's award depends on what was claimed of its caps before it. When one is taken back, shown
by better evidence, or assessed under another version, all actions that share a counter with it are
assessed again in the order in which they were recorded, each under its own stored version, and only
the differences are posted. Held awards take their turn too, since they keep their room under the
caps. What other members did at a place is not reassessed: a place's counters give back what was
taken from them, no more.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from backend.actions.assessing import Readings
from backend.actions.exclusions import Exclusions
from backend.actions.models import ActionStatus, Why
from backend.actions.queries import Recorded, live_actions
from backend.actions.versions import caps_of, exclusions_under, stored_methodology
from backend.ledger.amendments import Change, ReassessmentPosting, WrittenOff, post_reassessment
from backend.ledger.policy import expires_month
from backend.ledger.queries import CounterKey
from credit_rules import Assessment, Facts, FactsRefused, Methodology, Rulebook, Used, assess

_NOTHING = Used()


@dataclass(frozen=True, slots=True)
class AssessmentInputs:
    """What an action is assessed from."""

    methodology: Methodology
    tier: str
    channel: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AwardChange:
    """What a reassessment does to one action, in mg and milli-points."""

    action: Recorded
    reduction_mg: int
    points_mpt: int


@dataclass(slots=True)
class ReassessmentResult:
    """What reassessing a member's days came to.

    Attributes:
        changed: the actions that rest on something else now.
        differences: those of them whose award changes.
        refused: actions that the new basis refuses; they stay as they are.
        written_off: what could not be taken back because it was spent.
    """

    changed: list[Recorded] = field(default_factory=list)
    differences: list[AwardChange] = field(default_factory=list)
    refused: list[Recorded] = field(default_factory=list)
    written_off: WrittenOff = field(default_factory=WrittenOff)


@dataclass(frozen=True, slots=True)
class ReassessmentTask:
    """What is to be reassessed.

    Attributes:
        member_id: whose actions; the member is locked by the caller.
        first: first day that is touched.
        last: last day that is touched.
        why: what the reassessments say of themselves.
        removed: actions that no longer count and held room under caps.
        basis: another basis for an action than its own; None keeps its own.
        run_id: the correction run it belongs to.
    """

    member_id: int
    first: date
    last: date
    why: Why = Why.REASSESSED
    removed: Sequence[Recorded] = ()
    basis: Callable[[Recorded], AssessmentInputs | None] = lambda _action: None
    run_id: int | None = None


def reassess_days(
    db: Connection,
    rulebook: Rulebook,
    task: ReassessmentTask,
    *,
    today: date,
    actor_id: int | None,
    write: bool = True,
) -> ReassessmentResult:
    """Assesses again what the task touches and posts the differences.

    Args:
        db: the transaction; nothing is committed.
        rulebook: where the stored versions are.
        task: what is to be reassessed.
        today: the Asia/Shanghai day on which corrections are booked.
        actor_id: who causes it; None for jobs.
        write: False only works the differences out.
    """
    round_ = _Round(db, rulebook, task, today)
    result = round_.assess()
    if write:
        result.written_off = post_reassessment(db, round_.posting, on=today, actor_id=actor_id)
    return result


class _Round:
    """One pass over a member's actions, with the counters as they grow."""

    def __init__(
        self, db: Connection, rulebook: Rulebook, task: ReassessmentTask, today: date
    ) -> None:
        self._rulebook = rulebook
        self._task = task
        self._today = today
        self._changes: list[Change] = []
        self._member: dict[CounterKey, Used] = {}
        self._place: dict[CounterKey, Used] = {}
        self._actions = self._whole_periods(db)

    @property
    def posting(self) -> ReassessmentPosting:
        """What is to be written."""
        return ReassessmentPosting(
            member_id=self._task.member_id,
            why=self._task.why.value,
            changes=self._changes,
            counters=self._member,
            shared={cap: added for cap, added in self._place.items() if any(added)},
            run_id=self._task.run_id,
        )

    def assess(self) -> ReassessmentResult:
        result = ReassessmentResult()
        for gone in self._task.removed:
            self._give_back(gone)
        for action in self._actions:
            self._assess_one(action, result)
        return result

    def _whole_periods(self, db: Connection) -> list[Recorded]:
        """All actions of every period of a cap or an exclusion that the task touches.

        Only then do the member's counters follow from these actions alone.
        """
        first, last = self._task.first, self._task.last
        while True:
            actions = live_actions(db, member_id=self._task.member_id, first=first, last=last)
            spans = [
                _period(period, action.occurred_on)
                for action in (*actions, *self._task.removed)
                for methodology in self._methodologies(action)
                for period in _periods_of(methodology)
            ]
            begin = min([first, *(span[0] for span in spans)])
            end = max([last, *(span[1] for span in spans)])
            if (begin, end) == (first, last):
                return actions
            first, last = begin, end

    def _methodologies(self, action: Recorded) -> list[Methodology]:
        other = self._task.basis(action)
        own = stored_methodology(self._rulebook, action)
        return [own] if other is None else [own, other.methodology]

    def _assess_one(self, action: Recorded, result: ReassessmentResult) -> None:
        own = self._own(action)
        basis = self._task.basis(action) or own
        try:
            caps, readings, assessment = self._again(action, basis)
        except FactsRefused:
            result.refused.append(action)
            basis = own
            caps, readings, assessment = self._again(action, basis)
        self._claim(caps, assessment.usage, sign=1)
        marks = _marks(action, basis)
        self._claim(marks.marks, marks.added, sign=1)
        self._give_back(action)
        context = readings.context(basis.methodology)
        self._note(action, basis, context, assessment, result)

    def _again(
        self, action: Recorded, basis: AssessmentInputs
    ) -> tuple[list[CounterKey], Readings, Assessment]:
        """Assesses an action; a campaign adds no more to it than it did at first."""
        caps, readings = self._read(action, basis)
        assessment = _assess(action, basis, readings)
        given = self._bonus(action)
        if readings.boost is not None and assessment.bonus_mpt > given:
            bounded = readings.boost._replace(budget_left_mpt=given)
            readings = replace(readings, boost=bounded)
            assessment = _assess(action, basis, readings)
        return caps, readings, assessment

    def _bonus(self, action: Recorded) -> int:
        """What a campaign added to an action so far, in milli-points."""
        earlier = Readings.of_context(action.context)
        if earlier.boost is None:
            return 0
        return _assess(action, self._own(action), earlier).bonus_mpt

    def _own(self, action: Recorded) -> AssessmentInputs:
        methodology = stored_methodology(self._rulebook, action)
        return AssessmentInputs(methodology, action.tier, action.channel, action.facts)

    def _read(self, action: Recorded, basis: AssessmentInputs) -> tuple[list[CounterKey], Readings]:
        """What an action reads now: its member's counters anew, its place's as they were."""
        methodology = basis.methodology
        on, before = action.occurred_on, Readings.of_context(action.context)
        mine = caps_of(methodology, scope="member", subject_id=action.member_id, on=on)
        used = {cap.key: self._member.setdefault(cap, _NOTHING) for cap in mine}
        shared: list[CounterKey] = []
        if action.place_id is not None:
            shared = caps_of(methodology, scope="place", subject_id=action.place_id, on=on)
            used |= {cap.key: before.used.get(cap.key, _NOTHING) for cap in shared}
        for mark in _marks(action, basis).marks:
            self._member.setdefault(mark, _NOTHING)
        readings = Readings(used, before.credited)
        return mine + shared, readings.boosted_by(methodology, before.boost)

    def _give_back(self, action: Recorded) -> None:
        """Takes from a place's counters what an action claimed of them so far.

        The member's own counters are counted from nothing, so there is nothing to give back; they
        are only named, for one that nobody claims of any more must fall to nothing.
        """
        own = self._own(action)
        caps, _ = self._read(action, own)
        shared = [cap for cap in caps if cap not in self._member]
        if shared:
            earlier = _assess(action, own, Readings.of_context(action.context))
            self._claim(shared, earlier.usage, sign=-1)

    def _claim(self, caps: Sequence[CounterKey], claimed: Mapping[str, Used], *, sign: int) -> None:
        for cap in caps:
            added = claimed.get(cap.key, _NOTHING)
            counters = self._member if cap in self._member else self._place
            before = counters.get(cap, _NOTHING)
            counters[cap] = before.plus(added) if sign > 0 else before.minus(added)

    def _note(
        self,
        action: Recorded,
        basis: AssessmentInputs,
        context: Mapping[str, Any],
        assessment: Assessment,
        result: ReassessmentResult,
    ) -> None:
        same_basis = (basis.methodology.version, basis.tier, basis.facts, context) == (
            action.methodology_version,
            action.tier,
            action.facts,
            action.context,
        )
        boost = Readings.of_context(action.context).boost
        back = self._bonus(action) - assessment.bonus_mpt
        reduction = assessment.reduction_mg - action.reduction_mg
        points = assessment.points_mpt - action.points_mpt
        if same_basis and not reduction and not points and not back:
            return
        result.changed.append(action)
        if reduction or points:
            result.differences.append(AwardChange(action, reduction, points))
        self._changes.append(
            Change(
                action_id=action.id,
                credited=action.status is ActionStatus.CREDITED,
                expires_month=self._lot(action.occurred_on, points),
                reduction_change_mg=reduction,
                points_change_mpt=points,
                assessed=_assessed(basis, context, assessment, self._rulebook.digest),
                campaign_id=boost and boost.campaign_id,
                bonus_back_mpt=back,
            )
        )

    def _lot(self, occurred_on: date, points_change_mpt: int) -> date:
        """The lot of the day of the action; what is added after it expired lives from today on."""
        lot = expires_month(occurred_on)
        if points_change_mpt > 0 and lot < self._today.replace(day=1):
            return expires_month(self._today)
        return lot


def _marks(action: Recorded, basis: AssessmentInputs) -> Exclusions:
    """The marks of an action on a basis: its meal is that of the facts of the basis."""
    return exclusions_under(basis.methodology, action._replace(facts=basis.facts))


def _assess(action: Recorded, basis: AssessmentInputs, readings: Readings) -> Assessment:
    return assess(
        basis.methodology,
        Facts(
            methodology_id=basis.methodology.id,
            on=action.occurred_on,
            tier=basis.tier,
            inputs=basis.facts,
            used=readings.used,
            credited=readings.credited,
            boost=readings.multiplied,
        ),
    )


def _periods_of(methodology: Methodology) -> set[str]:
    caps = {spec.period for spec in methodology.caps}
    return caps | {exclusion.period for exclusion in methodology.excludes}


def _assessed(
    basis: AssessmentInputs,
    context: Mapping[str, Any],
    assessment: Assessment,
    rulebook_digest: str,
) -> dict[str, Any]:
    """The columns of `reassessment`, digests in hexadecimal."""
    return {
        "tier": basis.tier,
        "channel": basis.channel,
        "ranked": assessment.ranked,
        "facts": basis.facts,
        "context": context,
        "methodology_version": assessment.methodology_version,
        "methodology_digest": assessment.digest,
        "rulebook_digest": rulebook_digest,
        "trace_digest": assessment.trace.digest(),
        "reduction_mg": assessment.reduction_mg,
        "points_mpt": assessment.points_mpt,
    }


def _period(period: str, on: date) -> tuple[date, date]:
    """First and last day of the period that holds a day; weeks begin on Monday.

    A trip or a meal lies within its day.
    """
    if period == "week":
        monday = on - timedelta(days=on.weekday())
        return monday, monday + timedelta(days=6)
    if period == "month":
        return on.replace(day=1), on.replace(day=monthrange(on.year, on.month)[1])
    if period == "year":
        return on.replace(month=1, day=1), on.replace(month=12, day=31)
    return on, on
