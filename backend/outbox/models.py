"""Work that waits for its commit, and the periodic work that is due."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class OutboxMessage(Base):
    """One effect to bring about after the commit that wrote it. Done exactly once.

    `member_id` is the member it concerns, 0 where it concerns nobody alone.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_pending", "available_at", "id", postgresql_where=text("done_at IS NULL")),
        Index("ix_outbox_done_at", "done_at", postgresql_where=text("done_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    member_id: Mapped[int] = mapped_column(server_default=text("0"))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    available_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    done_at: Mapped[datetime | None]


class PeriodicRun(Base):
    """When each periodic job of `backend.schedule` is due next; claimed by whichever tick is up."""

    __tablename__ = "periodic_run"

    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    last_claimed_at: Mapped[datetime | None]
