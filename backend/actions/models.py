"""The facts of what members did. Append-only: a mistake is reversed in the ledger."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


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
