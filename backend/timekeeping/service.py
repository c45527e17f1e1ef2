"""Holds what cannot be undone while the clocks are in doubt, until an operator has looked."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, text

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.errors import DomainError, ErrorKind
from backend.timekeeping.policy import HoldReason, Reading, reason_to_hold
from backend.timekeeping.queries import JobsHold, clock_state

# A reading is kept so often; the gaps that matter are a thousand times longer.
_KEPT_EVERY = timedelta(minutes=1)
_KEEP = text("""
INSERT INTO clock_watch (id, application_at, database_at, held_at, held_because)
VALUES (1, :application_at, :database_at, NULL, NULL)
ON CONFLICT (id) DO UPDATE SET application_at = excluded.application_at,
    database_at = excluded.database_at, held_at = NULL, held_because = NULL
 WHERE clock_watch.held_at IS NULL OR :releases
""")
_HOLD = text("""
INSERT INTO clock_watch AS w (id, application_at, database_at, held_at, held_because)
VALUES (1, :application_at, :database_at, :database_at, :reason)
ON CONFLICT (id) DO UPDATE SET held_at = excluded.held_at, held_because = excluded.held_because
 WHERE w.held_at IS NULL
RETURNING held_at
""")

log = structlog.get_logger(__name__)


class ClocksDifferError(DomainError):
    """The clocks of the application and of the database are still more than 26 hours apart."""

    code = "clocks_differ"
    kind = ErrorKind.CONFLICT


class NothingHeldError(DomainError):
    """No job is held, so there is nothing to confirm."""

    code = "nothing_held"
    kind = ErrorKind.CONFLICT


class JobsHeldError(DomainError):
    """The clocks are in doubt: what cannot be undone waits for an operator."""

    code = "jobs_held"
    kind = ErrorKind.CONFLICT


def watch(db: Connection, *, now: datetime) -> JobsHold | None:
    """Judges the clocks, and holds irreversible jobs from now on when they are in doubt.

    Commit it whatever follows: the hold is for every process.

    Args:
        db: a transaction of its own.
        now: what the clock of this process shows, aware.

    Returns:
        The hold, or None when all is well.
    """
    state = clock_state(db, now=now)
    if state.hold:
        return state.hold
    reason = reason_to_hold(state.now, state.last)
    if reason:
        return _hold(db, state.now, reason)
    if state.last is None or state.now.database_at - state.last.database_at >= _KEPT_EVERY:
        _keep(db, state.now, releases=False)
    return None


def confirm(db: Connection, *, now: datetime) -> JobsHold:
    """An operator has looked at the clocks: held jobs go on, and gaps count from here.

    Returns:
        The hold that is over.

    Raises:
        NothingHeldError: there is none.
        ClocksDifferError: the clocks are still apart.
    """
    state = clock_state(db, now=now)
    if not state.now.agrees:
        raise ClocksDifferError(
            f"应用的时钟是 {now.isoformat(timespec='seconds')}，"
            f"数据库的是 {state.now.database_at.isoformat(timespec='seconds')}，"
            "相差超过 26 小时：请先校准时间，再执行 tanpuhui clock confirm。"
        )
    if state.hold is None:
        raise NothingHeldError("没有暂停的任务，无需确认。")
    _keep(db, state.now, releases=True)
    record(
        db,
        tag=Tag.CLOCK_CONFIRM,
        actor_id=None,
        object_type="clock_watch",
        object_id=1,
        before={"held_at": state.hold.since, "held_because": state.hold.reason},
        after={"held_at": None, "held_because": None},
        at=now,
    )
    return state.hold


def _keep(db: Connection, reading: Reading, *, releases: bool) -> None:
    db.execute(_KEEP, {**_values(reading), "releases": releases})


def _hold(db: Connection, reading: Reading, reason: HoldReason) -> JobsHold:
    if db.execute(_HOLD, {**_values(reading), "reason": reason.value}).first():
        log.error(
            "irreversible_jobs_held",
            reason=reason.value,
            application_at=reading.application_at.isoformat(),
            database_at=reading.database_at.isoformat(),
        )
    return JobsHold(reading.database_at, reason)


def _values(reading: Reading) -> dict[str, datetime]:
    return {"application_at": reading.application_at, "database_at": reading.database_at}
