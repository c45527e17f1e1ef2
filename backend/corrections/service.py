"""Correction runs: after an error in a methodology, what it earned over some days is made good.

Open, simulate, two different approvals, run, report. The version that holds on each day now takes
the place of the one an action was assessed under; every member whose days are touched is reassessed
as a whole, and only differences are posted. Both passes go in batches of members, each in one
transaction that also asks for the next, so that a kill at any point loses and doubles nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, update

from backend.audit import service as audit
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.corrections.models import CorrectionApproval, CorrectionRun, RunState
from backend.corrections.queries import CorrectionRunRecord, approvers, locked
from backend.errors import DomainError, ErrorKind, FieldError, InvalidInputError
from backend.outbox import service as outbox
from credit_rules import Rulebook

STEP = "corrections.step"
APPROVALS = 2


class RunStateError(DomainError):
    """The run is not at the point at which this can be done."""

    code = "correction_run_state"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class CorrectionDraft:
    """What is to be corrected: a methodology's actions of these days, both included, and why."""

    methodology_id: str
    first_day: date
    last_day: date
    reason: str


def open_run(
    db: Connection, rulebook: Rulebook, draft: CorrectionDraft, *, actor_id: int, now: datetime
) -> int:
    """Opens a run and asks for its simulation; returns its id.

    Raises:
        InvalidInputError: unknown methodology, or days in the wrong order or not over yet.
    """
    _check(rulebook, draft, business_day(now))
    run_id: int = db.execute(
        insert(CorrectionRun)
        .values(
            methodology_id=draft.methodology_id,
            first_day=draft.first_day,
            last_day=draft.last_day,
            reason=draft.reason,
            state=RunState.SIMULATING.value,
            rulebook_digest=bytes.fromhex(rulebook.digest),
            opened_by=actor_id,
            opened_at=now,
        )
        .returning(CorrectionRun.id)
    ).scalar_one()
    outbox.put(db, kind=STEP, payload={"run_id": run_id})
    after = {"methodology_id": draft.methodology_id, "reason": draft.reason}
    _audit(db, Tag.CORRECTION_OPEN, run_id, actor_id, now, after)
    return run_id


def approve(db: Connection, *, run_id: int, actor_id: int, now: datetime) -> int:
    """Approves a simulated run; returns how many have.

    Raises:
        NotFoundError: there is no such run.
        RunStateError: it is not simulated, or this member approved it before.
    """
    run = locked(db, run_id)
    _require(run, RunState.SIMULATED, "只有试算完成、尚未执行的更正可以批准，请刷新页面查看进度。")
    if actor_id in approvers(db, run_id=run_id):
        raise RunStateError("您已经批准过这次更正，还需要另一位管理员批准。")
    db.execute(
        insert(CorrectionApproval).values(run_id=run_id, member_id=actor_id, approved_at=now)
    )
    _audit(db, Tag.CORRECTION_APPROVE, run_id, actor_id, now, {})
    return len(approvers(db, run_id=run_id))


def start(db: Connection, rulebook: Rulebook, *, run_id: int, actor_id: int, now: datetime) -> None:
    """Starts posting.

    Raises:
        NotFoundError: there is no such run.
        RunStateError: it lacks an approval, or the rulebook is another than was simulated.
    """
    run = locked(db, run_id)
    _require(run, RunState.SIMULATED, "这次更正不能开始：请先完成试算，或它已经执行过。")
    if len(approvers(db, run_id=run_id)) < APPROVALS:
        raise RunStateError("还缺少批准：需要两位不同的管理员批准后才能执行。")
    if run.rulebook_digest.hex() != rulebook.digest:
        raise RunStateError("试算之后规则文件有变动，请取消这次更正，重新发起试算。")
    set_state(db, run_id, RunState.RUNNING)
    outbox.put(db, kind=STEP, payload={"run_id": run_id})
    _audit(db, Tag.CORRECTION_START, run_id, actor_id, now, {})


def cancel(db: Connection, *, run_id: int, actor_id: int, now: datetime) -> None:
    """Gives up a run that has posted nothing.

    Raises:
        NotFoundError: there is no such run.
        RunStateError: it has started, or ended.
    """
    run = locked(db, run_id)
    if run.state not in {RunState.SIMULATING, RunState.SIMULATED}:
        raise RunStateError("这次更正已经执行或取消，不能再取消。")
    set_state(db, run_id, RunState.CANCELLED, finished_at=now)
    _audit(db, Tag.CORRECTION_CANCEL, run_id, actor_id, now, {})


def _check(rulebook: Rulebook, draft: CorrectionDraft, today: date) -> None:
    if draft.methodology_id not in rulebook.versions:
        sentence = "没有这个方法学，请从列表中选择。"
        raise InvalidInputError(
            sentence, fields=[FieldError("methodology_id", "unknown", sentence)]
        )
    if not draft.first_day <= draft.last_day <= today:
        sentence = "起始日期不能晚于截止日期，截止日期不能晚于今天。"
        raise InvalidInputError(sentence, fields=[FieldError("last_day", "range", sentence)])


def _require(run: CorrectionRunRecord, state: RunState, sentence: str) -> None:
    if run.state is not state:
        raise RunStateError(sentence)


def set_state(
    db: Connection, run_id: int, state: RunState, *, finished_at: datetime | None = None
) -> None:
    """Takes a locked run on."""
    db.execute(
        update(CorrectionRun)
        .where(CorrectionRun.id == run_id)
        .values(state=state.value, finished_at=finished_at)
    )


def _audit(
    db: Connection,
    tag: Tag,
    run_id: int,
    actor_id: int,
    at: datetime,
    after: Mapping[str, object],
) -> None:
    audit.record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="correction_run",
        object_id=run_id,
        after=after,
        at=at,
    )
