"""What members did, and what became of it.

Facts are append-only: a mistake is reversed in the ledger, an award assessed again gets a
reassessment. Only `action_state`, the pointer to what holds now, changes. The SQL functions of the
ledger write all of them.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class ActionStatus(StrEnum):
    """What an action counts for: only `credited` counts anywhere."""

    CREDITED = "credited"
    HELD = "held"
    VOIDED = "voided"
    TIMED_OUT = "timed_out"
    REVERSED = "reversed"


class HoldOutcome(StrEnum):
    """How a held award ended."""

    POSTED = "posted"
    VOIDED = "voided"
    TIMED_OUT = "timed_out"


class Why(StrEnum):
    """Why an action was assessed again."""

    REASSESSED = "reassessed"
    BETTER_EVIDENCE = "better_evidence"
    METHODOLOGY = "methodology"


class Action(Base):
    """One accepted claim, with all that is needed to recompute its award.

    Department, institution and district are those of the member on the day it happened.
    """

    __tablename__ = "action"
    __table_args__ = (
        CheckConstraint("tier IN ('T0', 'T1', 'T2', 'T3', 'T4')", name="tier"),
        CheckConstraint("reduction_mg >= 0 AND points_mpt >= 0", name="not_negative"),
        Index("ix_action_member_id", "member_id", "id"),
        Index(
            "ix_action_place_id", "place_id", "id", postgresql_where=text("place_id IS NOT NULL")
        ),
        Index("ix_action_institution_id", "institution_id", "id"),
        Index("ix_action_department_day", "department_id", "occurred_on"),
        # Days arrive nearly in order, so a few kilobytes tell where a day's actions lie.
        Index("ix_action_occurred_on", "occurred_on", postgresql_using="brin"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member_id: Mapped[int]
    reference: Mapped[str]
    kind: Mapped[str]
    occurred_at: Mapped[datetime]
    occurred_on: Mapped[date]
    received_at: Mapped[datetime]
    department_id: Mapped[int | None]
    institution_id: Mapped[int | None]
    district_id: Mapped[int | None]
    place_id: Mapped[int | None]
    tier: Mapped[str]
    channel: Mapped[str]
    ranked: Mapped[bool]
    facts: Mapped[dict[str, Any]]
    context: Mapped[dict[str, Any]]
    methodology_id: Mapped[str]
    methodology_version: Mapped[int] = mapped_column(Integer)
    methodology_digest: Mapped[bytes]
    rulebook_digest: Mapped[bytes]
    reduction_mg: Mapped[int]
    points_mpt: Mapped[int]


class Reassessment(Base):
    """An action assessed again, with all that is needed to recompute it; the latest one holds.

    `entry_id` is the correction that posted the difference; None where there was none to post.
    """

    __tablename__ = "reassessment"
    __table_args__ = (
        UniqueConstraint("entry_id"),
        CheckConstraint("why IN ('reassessed', 'better_evidence', 'methodology')", name="why"),
        CheckConstraint("reduction_mg >= 0 AND points_mpt >= 0", name="not_negative"),
        Index("ix_reassessment_action_id", "action_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    action_id: Mapped[int] = mapped_column(ForeignKey("action.id"))
    member_id: Mapped[int]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    why: Mapped[str]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("correction_run.id"))
    tier: Mapped[str]
    channel: Mapped[str]
    ranked: Mapped[bool]
    facts: Mapped[dict[str, Any]]
    context: Mapped[dict[str, Any]]
    methodology_version: Mapped[int] = mapped_column(Integer)
    methodology_digest: Mapped[bytes]
    rulebook_digest: Mapped[bytes]
    trace_digest: Mapped[bytes]
    reduction_mg: Mapped[int]
    points_mpt: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ActionState(Base):
    """What holds of an action now. Without a row it is credited as it was first assessed."""

    __tablename__ = "action_state"
    __table_args__ = (
        CheckConstraint(
            "status IN ('credited', 'held', 'voided', 'timed_out', 'reversed')", name="status"
        ),
    )

    action_id: Mapped[int] = mapped_column(
        ForeignKey("action.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int]
    status: Mapped[str]
    reason: Mapped[str | None]
    reassessment_id: Mapped[int | None] = mapped_column(ForeignKey("reassessment.id"))


class HeldAward(Base):
    """An award whose evidence is under review: no entry until it is posted."""

    __tablename__ = "held_award"
    __table_args__ = (Index("ix_held_award_times_out_at", "times_out_at"),)

    action_id: Mapped[int] = mapped_column(
        ForeignKey("action.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int]
    reason: Mapped[str]
    trace_digest: Mapped[bytes]
    held_at: Mapped[datetime]
    times_out_at: Mapped[datetime]


class HoldResolution(Base):
    """How a held award ended: at most once."""

    __tablename__ = "hold_resolution"
    __table_args__ = (
        CheckConstraint("outcome IN ('posted', 'voided', 'timed_out')", name="outcome"),
        CheckConstraint("(outcome = 'posted') = (entry_id IS NOT NULL)", name="entry"),
        CheckConstraint("(outcome = 'timed_out') = (actor_id IS NULL)", name="actor"),
    )

    action_id: Mapped[int] = mapped_column(
        ForeignKey("held_award.action_id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int]
    outcome: Mapped[str]
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("entry.id"))
    actor_id: Mapped[int | None]
    reason: Mapped[str]
    resolved_at: Mapped[datetime]
