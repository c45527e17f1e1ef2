"""Tables of campaigns and of those who joined them."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of


class CampaignKind(StrEnum):
    """What a campaign is about."""

    GENERAL = "general"
    ENERGY_WEEK = "energy_week"
    LOW_CARBON_DAY = "low_carbon_day"
    WATER_WEEK = "water_week"
    GREEN_TRAVEL = "green_travel"
    CLEAN_PLATE = "clean_plate"
    EMPTY_BOTTLE = "empty_bottle"
    WASTE_SORTING = "waste_sorting"


class CampaignState(StrEnum):
    """How far a campaign is. The first five are stored; the last three follow from the time."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    CUT_SHORT = "cut_short"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    CLOSED = "closed"


class Campaign(Base):
    """A campaign of an institution: what earns more, by how much, from when to when, for whom.

    `audience_id` is the institution whose members may join; None for everybody. `author_id` is who
    wrote it last. An approved campaign has its budget in the ledger.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        CheckConstraint(one_of("kind", CampaignKind), name="kind"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'approved', 'withdrawn', 'cut_short')", name="state"
        ),
        CheckConstraint("ends_at > starts_at", name="period"),
        CheckConstraint("cardinality(kinds) > 0", name="kinds"),
        CheckConstraint("multiplier > 1 AND multiplier <= 10", name="multiplier"),
        CheckConstraint("budget_mpt > 0", name="budget"),
        CheckConstraint(
            "state IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name="submitted"
        ),
        CheckConstraint(
            "state NOT IN ('approved', 'cut_short') OR approved_at IS NOT NULL", name="approved"
        ),
        CheckConstraint(
            "approved_by IS NULL OR (approved_by <> author_id AND approved_by <> submitted_by)",
            name="two_people",
        ),
        CheckConstraint(
            "(state IN ('withdrawn', 'cut_short')) = (ended_at IS NOT NULL)", name="ended"
        ),
        CheckConstraint("(ended_at IS NULL) = (ended_because IS NULL)", name="because"),
        Index("ix_campaign_institution_id", "institution_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    audience_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    kind: Mapped[str]
    title: Mapped[str]
    content: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    multiplier: Mapped[Decimal] = mapped_column(Numeric(4, 2))
    budget_mpt: Mapped[int]
    state: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    created_at: Mapped[datetime]
    returned_because: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    ended_because: Mapped[str | None]


class CampaignEnrolment(Base):
    """A member who joined a campaign; what they do from then on earns its bonus. Append only."""

    __tablename__ = "campaign_enrolment"
    __table_args__ = (Index("ix_campaign_enrolment_member_id", "member_id"),)

    campaign_id: Mapped[int] = mapped_column(
        ForeignKey("campaign.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    enrolled_at: Mapped[datetime]
