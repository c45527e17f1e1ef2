"""How much waits in the outbox."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from backend.outbox.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages whose effect is still to come, and when the oldest was written."""

    waiting: int
    oldest: datetime | None


def backlog(db: Connection) -> Backlog:
    """What waits now."""
    row = db.execute(
        select(func.count(), func.min(OutboxMessage.created_at)).where(
            OutboxMessage.done_at.is_(None)
        )
    ).one()
    return Backlog(row[0], row[1])
