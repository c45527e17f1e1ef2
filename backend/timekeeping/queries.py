"""What the clocks show, and whether work is held."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from backend.timekeeping.policy import HoldReason, Reading

_STATE = text("""
SELECT clock_timestamp() AS shown_at, w.application_at, w.database_at, w.held_at, w.held_because
  FROM (VALUES (1)) AS one(id) LEFT JOIN clock_watch w USING (id)
""")


@dataclass(frozen=True, slots=True)
class JobsHold:
    """Since when irreversible jobs wait, and why.

    Attributes:
        since: by the database's clock.
        reason: what was wrong with the clocks.
    """

    since: datetime
    reason: HoldReason

    @property
    def sentence(self) -> str:
        """What happened and what an operator does next."""
        return f"{_WHY[self.reason]}，到期清零、抽奖、超时退回和封存已暂停；{_NEXT}"


_WHY = {
    HoldReason.CLOCKS_DIFFER: "应用与数据库的时钟相差超过 26 小时",
    HoldReason.GAP: "距上一次计时超过 26 小时",
}
_NEXT = "请核对服务器时间，确认无误后执行 tanpuhui clock confirm。"


@dataclass(frozen=True, slots=True)
class ClockState:
    """The clocks as they are, the last reading that was found good, and the hold, if any."""

    now: Reading
    last: Reading | None
    hold: JobsHold | None


def clock_state(db: Connection, *, now: datetime) -> ClockState:
    """Compares the clock of this process with the database's.

    Args:
        db: any connection.
        now: what the clock of this process shows, aware.
    """
    row = db.execute(_STATE).one()
    last = None if row.database_at is None else Reading(row.application_at, row.database_at)
    hold = None if row.held_at is None else JobsHold(row.held_at, HoldReason(row.held_because))
    return ClockState(Reading(now, row.shown_at), last, hold)
