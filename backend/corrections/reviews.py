"""What administrators decide about awards: held ones are posted or voided, wrong ones taken back.

Each decision locks the member, writes once, reassesses the member's day where room under a cap
became free, and is audited. Nobody decides about an award of their own.
"""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    Connection,
    select,
)

from backend.actions.models import Action, ActionState, ActionStatus, HeldAward, HoldOutcome
from backend.actions.queries import RECORDED, Recorded, recorded_of
from backend.actions.reassessment import ReassessmentResult, ReassessmentTask, reassess_days
from backend.audit import service as audit
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.corrections.queries import reviewed
from backend.errors import DomainError, ErrorKind, ForbiddenError
from backend.ledger import amendments
from backend.ledger.amendments import WrittenOff
from backend.ledger.policy import expires_month
from backend.organisations.queries import Scope
from credit_rules import Rulebook

_TAGS = {
    HoldOutcome.POSTED: Tag.AWARD_POST,
    HoldOutcome.VOIDED: Tag.AWARD_VOID,
    HoldOutcome.TIMED_OUT: Tag.AWARD_TIME_OUT,
}
_LAPSED = "超过 72 小时未审核，自动作废"


class AlreadyDecidedError(DomainError):
    """Somebody else decided first, or there is nothing to decide."""

    code = "already_decided"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides what about which action, when and why.

    Attributes:
        action_id: the action.
        scope: what the actor may decide about.
        actor_id: the member who decides.
        reason: shown to the member.
        at: the present instant.
    """

    action_id: int
    scope: Scope
    actor_id: int
    reason: str
    at: datetime


def resolve(
    db: Connection, rulebook: Rulebook, decision: Decision, *, outcome: HoldOutcome
) -> ReassessmentResult:
    """Posts or voids a held award, once.

    Returns:
        What reassessing the day came to; nothing where the award was posted.

    Raises:
        NotFoundError: there is no such action within the scope.
        ForbiddenError: it is the actor's own.
        AlreadyDecidedError: it is not held, or no longer.
    """
    action = _of_others(db, decision)
    return _resolve(db, rulebook, action, decision.actor_id, outcome, decision.reason, decision.at)


def time_out(db: Connection, rulebook: Rulebook, *, now: datetime, limit: int) -> int:
    """Lets held awards lapse that nobody decided in time; returns how many."""
    due = db.execute(
        select(Action.member_id, Action.id)
        .join(HeldAward, HeldAward.action_id == Action.id)
        .join(ActionState, ActionState.action_id == Action.id)
        .where(ActionState.status == ActionStatus.HELD.value, HeldAward.times_out_at <= now)
        .order_by(Action.member_id, Action.id)
        .limit(limit)
    ).all()
    lapsed = 0
    for member_id, action_id in due:
        amendments.lock_member(db, member_id)
        action = _action(db, action_id)
        if action.status is ActionStatus.HELD:
            _resolve(db, rulebook, action, None, HoldOutcome.TIMED_OUT, _LAPSED, now)
            lapsed += 1
    return lapsed


@dataclass(frozen=True, slots=True)
class Reversal:
    """What taking an award back came to.

    Attributes:
        action: as it stood before.
        result: what became of the member's other actions.
        written_off: what the member had spent, here and in reassessing.
    """

    action: Recorded
    result: ReassessmentResult
    written_off: WrittenOff


def reverse(db: Connection, rulebook: Rulebook, decision: Decision) -> Reversal:
    """Takes back what an action earned, once, and reassesses the member's day.

    Raises:
        NotFoundError: there is no such action within the scope.
        ForbiddenError: it is the actor's own.
        AlreadyDecidedError: nothing of it is in the book, or no longer.
    """
    action = _of_others(db, decision)
    today = business_day(decision.at)
    written_off = amendments.reverse_action(
        db,
        action_id=action.id,
        actor_id=decision.actor_id,
        reason=decision.reason,
        on=today,
    )
    if written_off is None:
        raise _already_decided()
    result = _reassess_without(db, rulebook, action, today, decision.actor_id)
    written_off = written_off.plus(result.written_off)
    audit.record(
        db,
        tag=Tag.AWARD_REVERSE,
        actor_id=decision.actor_id,
        object_type="action",
        object_id=action.id,
        before={"reduction_mg": action.reduction_mg, "points_mpt": action.points_mpt},
        after={
            "reason": decision.reason,
            "written_off_mg": written_off.reduction_mg,
            "written_off_mpt": written_off.points_mpt,
        },
        at=decision.at,
    )
    return Reversal(action, result, written_off)


def _of_others(db: Connection, decision: Decision) -> Recorded:
    """The action, with its member locked, if the actor may decide about it."""
    member_id = reviewed(db, scope=decision.scope, action_id=decision.action_id).action.member_id
    if member_id == decision.actor_id:
        raise ForbiddenError("不能处理自己的记录，请由其他管理员处理。")
    amendments.lock_member(db, member_id)
    return _action(db, decision.action_id)


def _resolve(
    db: Connection,
    rulebook: Rulebook,
    action: Recorded,
    actor_id: int | None,
    outcome: HoldOutcome,
    reason: str,
    at: datetime,
) -> ReassessmentResult:
    today = business_day(at)
    resolved = amendments.resolve_hold(
        db,
        action_id=action.id,
        outcome=outcome.value,
        actor_id=actor_id,
        reason=reason,
        at=at,
        expires_month=expires_month(action.occurred_on),
    )
    if not resolved:
        raise _already_decided()
    result = ReassessmentResult()
    if outcome is not HoldOutcome.POSTED:
        result = _reassess_without(db, rulebook, action, today, actor_id)
    audit.record(
        db,
        tag=_TAGS[outcome],
        actor_id=actor_id,
        object_type="action",
        object_id=action.id,
        after={"reason": reason, "points_mpt": action.points_mpt},
        at=at,
    )
    return result


def _reassess_without(
    db: Connection, rulebook: Rulebook, action: Recorded, today: date, actor_id: int | None
) -> ReassessmentResult:
    task = ReassessmentTask(
        action.member_id, action.occurred_on, action.occurred_on, removed=[action]
    )
    return reassess_days(db, rulebook, task, today=today, actor_id=actor_id)


def _already_decided() -> AlreadyDecidedError:
    return AlreadyDecidedError("这条记录已经处理过了，请刷新页面查看结果。")


def _action(db: Connection, action_id: int) -> Recorded:
    return recorded_of(db.execute(RECORDED.where(Action.id == action_id)).one())
