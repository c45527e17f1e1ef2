"""The one row by which every process judges the time."""

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.timekeeping.policy import HoldReason


class ClockWatch(Base):
    """What both clocks showed when they were last found good, and the hold since they were not."""

    __tablename__ = "clock_watch"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint(one_of("held_because", HoldReason), name="held_because"),
        CheckConstraint("(held_at IS NULL) = (held_because IS NULL)", name="held"),
    )

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    application_at: Mapped[datetime]
    database_at: Mapped[datetime]
    held_at: Mapped[datetime | None]
    held_because: Mapped[str | None]
