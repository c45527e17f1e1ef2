"""What verifications found: one row a run, one row a check of it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class VerificationRun(Base):
    """One run of all checks over one snapshot.

    `entries` and `last_entry_id` are those of the snapshot: what was written later is unverified.
    """

    __tablename__ = "verification_run"
    __table_args__ = (CheckConstraint("finished_at >= started_at", name="order"),)

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    entries: Mapped[int]
    last_entry_id: Mapped[int]


class VerificationResult(Base):
    """What one check of a run found: how much, how long it took, and the first findings."""

    __tablename__ = "verification_result"
    __table_args__ = (CheckConstraint("found >= 0 AND elapsed_ms >= 0", name="not_negative"),)

    run_id: Mapped[int] = mapped_column(
        ForeignKey("verification_run.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str]
    title: Mapped[str]
    found: Mapped[int]
    elapsed_ms: Mapped[int]
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
