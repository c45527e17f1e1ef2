"""The table of audit events: append only, refused otherwise by the database."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class AuditEvent(Base):
    """One thing somebody did or tried, with the state before and after.

    `tag` is `source:subject:action` (`backend.audit.tags.Tag`). `actor_id` is empty for operator
    commands and jobs; it has no foreign key so that an event outlives what it speaks of.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint("result IN ('done', 'refused')", name="result"),
        Index("ix_audit_event_object", "object_type", "object_id", "id"),
        Index("ix_audit_event_actor", "actor_id", "id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None]
    request_id: Mapped[str | None]
    tag: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    result: Mapped[str]
