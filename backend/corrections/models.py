"""Correction runs: what a methodology earned over some days, made good after two approvals."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class RunState(StrEnum):
    """How far a correction run is."""

    SIMULATING = "simulating"
    SIMULATED = "simulated"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class CorrectionRun(Base):
    """What a methodology earned over a range of days, to be assessed again under today's rulebook.

    `after_member_id` is how far the simulation came.
    """

    __tablename__ = "correction_run"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days"),
        CheckConstraint(
            "state IN ('simulating', 'simulated', 'running', 'done', 'cancelled')", name="state"
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    methodology_id: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    reason: Mapped[str]
    state: Mapped[str]
    after_member_id: Mapped[int] = mapped_column(server_default=text("0"))
    rulebook_digest: Mapped[bytes]
    opened_by: Mapped[int] = mapped_column(ForeignKey("member.id"))
    opened_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class CorrectionApproval(Base):
    """Somebody who approved a correction run after its simulation."""

    __tablename__ = "correction_approval"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("correction_run.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    approved_at: Mapped[datetime]


class CorrectionDay(Base):
    """A member's day in a correction run: the difference expected, and the one posted."""

    __tablename__ = "correction_day"
    __table_args__ = (
        Index(
            "ix_correction_day_undone",
            "run_id",
            "member_id",
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    run_id: Mapped[int] = mapped_column(
        ForeignKey("correction_run.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    simulated_mg: Mapped[int]
    simulated_mpt: Mapped[int]
    refused: Mapped[int] = mapped_column(Integer)
    posted_mg: Mapped[int | None]
    posted_mpt: Mapped[int | None]
    written_off_mg: Mapped[int | None]
    written_off_mpt: Mapped[int | None]
    done_at: Mapped[datetime | None]
