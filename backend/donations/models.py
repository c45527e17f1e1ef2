"""Tables of causes and donations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.offers.models import OfferState


class Cause(Base):
    """What points or reductions can be given to."""

    __tablename__ = "cause"
    __table_args__ = (
        CheckConstraint("takes_points OR takes_reductions", name="takes"),
        CheckConstraint(one_of("state", OfferState), name="state"),
        Index("ix_cause_institution_id", "institution_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    name: Mapped[str]
    description: Mapped[str]
    takes_points: Mapped[bool]
    takes_reductions: Mapped[bool]
    state: Mapped[str]
    created_at: Mapped[datetime]


class Donation(Base):
    """What a member gave to a cause, with the number of its certificate. Append only."""

    __tablename__ = "donation"
    __table_args__ = (
        UniqueConstraint("member_id", "reference"),
        UniqueConstraint("entry_id"),
        UniqueConstraint("certificate"),
        CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),
        CheckConstraint("amount > 0", name="positive"),
        Index("ix_donation_member_id", "member_id", "id"),
        Index("ix_donation_cause_id", "cause_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    cause_id: Mapped[int] = mapped_column(ForeignKey("cause.id"))
    reference: Mapped[str]
    unit: Mapped[str]
    amount: Mapped[int]
    entry_id: Mapped[int]
    certificate: Mapped[str]
    donated_at: Mapped[datetime]
