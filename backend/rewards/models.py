"""Tables of rewards and redemptions."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.offers.models import Audience, OfferState


class LimitPeriod(StrEnum):
    """How long a limit counts: the calendar month or quarter or year in Shanghai, or always."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"


class RedemptionState(StrEnum):
    """Set aside and waiting, handed over, or given back."""

    PENDING = "pending"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"


class CancelledBy(StrEnum):
    """Who gave a redemption up: the member, the programme, or the passing of its time."""

    MEMBER = "member"
    PROGRAMME = "programme"
    TIMEOUT = "timeout"


class Reward(Base):
    """Something an institution gives for points (mpt each).

    `stock_total` is what was ever put in stock, `stock_left` what nobody has taken. Limits count
    pieces in one period; none means as many as there are. `hold_days` is how long a piece waits.
    """

    __tablename__ = "reward"
    __table_args__ = (
        CheckConstraint("points_mpt > 0", name="price"),
        CheckConstraint("stock_left BETWEEN 0 AND stock_total", name="stock"),
        CheckConstraint("member_limit > 0 AND institution_limit > 0", name="limits"),
        CheckConstraint("hold_days BETWEEN 1 AND 60", name="hold"),
        CheckConstraint("available_until >= available_from", name="dates"),
        CheckConstraint(one_of("audience", Audience), name="audience"),
        CheckConstraint(one_of("period", LimitPeriod), name="period"),
        CheckConstraint(one_of("state", OfferState), name="state"),
        Index("ix_reward_institution_id", "institution_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    name: Mapped[str]
    description: Mapped[str]
    pickup: Mapped[str]
    points_mpt: Mapped[int]
    cash_value: Mapped[bool]
    audience: Mapped[str]
    stock_total: Mapped[int]
    stock_left: Mapped[int]
    member_limit: Mapped[int | None]
    institution_limit: Mapped[int | None]
    period: Mapped[str]
    hold_days: Mapped[int] = mapped_column(Integer())
    available_from: Mapped[date]
    available_until: Mapped[date | None]
    state: Mapped[str]
    created_at: Mapped[datetime]


class Redemption(Base):
    """Points set aside for pieces of a reward; `institution_id` is the member's on that day.

    `entry_id` is the ledger's entry that set them aside.
    """

    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("member_id", "reference"),
        UniqueConstraint("entry_id"),
        CheckConstraint("quantity > 0 AND points_mpt > 0", name="positive"),
        CheckConstraint(one_of("state", RedemptionState), name="state"),
        CheckConstraint(one_of("cancelled_by", CancelledBy), name="cancelled_by"),
        CheckConstraint("(state = 'pending') = (settled_at IS NULL)", name="settled"),
        CheckConstraint("(state = 'cancelled') = (cancelled_by IS NOT NULL)", name="cancelled"),
        Index("ix_redemption_member_id", "member_id", "id"),
        Index("ix_redemption_reward_id", "reward_id", "requested_on"),
        Index("ix_redemption_due_at", "due_at", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    reward_id: Mapped[int] = mapped_column(ForeignKey("reward.id"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institution.id"))
    reference: Mapped[str]
    quantity: Mapped[int] = mapped_column(Integer())
    points_mpt: Mapped[int]
    entry_id: Mapped[int]
    state: Mapped[str]
    requested_at: Mapped[datetime]
    requested_on: Mapped[date]
    due_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    cancelled_by: Mapped[str | None]
    reason: Mapped[str | None]
