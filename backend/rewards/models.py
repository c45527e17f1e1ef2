"""Tables of rewards, redemptions, causes, donations and prize draws."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class Audience(StrEnum):
    """Whom something is open to: the members of the offering institution, or everybody."""

    INSTITUTION = "institution"
    CITY = "city"


class OfferState(StrEnum):
    """A reward or cause that is being prepared, is open to members, or is no longer."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


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


class DrawState(StrEnum):
    """A draw takes entries, has published their digest, or has published its seed."""

    OPEN = "open"
    CLOSED = "closed"
    DRAWN = "drawn"


def _one_of(column: str, values: type[StrEnum]) -> str:
    """SQL that holds a text column to the values of an enum."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class InstitutionRewardPolicy(Base):
    """Whether an institution's members may be given what has cash value; no row means no."""

    __tablename__ = "institution_reward_policy"

    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institution.id"), primary_key=True, autoincrement=False
    )
    cash_value: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))


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
        CheckConstraint(_one_of("audience", Audience), name="audience"),
        CheckConstraint(_one_of("period", LimitPeriod), name="period"),
        CheckConstraint(_one_of("state", OfferState), name="state"),
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
        CheckConstraint(_one_of("state", RedemptionState), name="state"),
        CheckConstraint(_one_of("cancelled_by", CancelledBy), name="cancelled_by"),
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


class Cause(Base):
    """What points or reductions can be given to."""

    __tablename__ = "cause"
    __table_args__ = (
        CheckConstraint("takes_points OR takes_reductions", name="takes"),
        CheckConstraint(_one_of("state", OfferState), name="state"),
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


class PrizeDraw(Base):
    """A draw among members who earned enough from one day to another.

    `commitment` is the SHA-256 of the seed, published before the first entry; the seed itself
    stays sealed until the draw; `entries_digest` is that of all tickets, published at the close.
    """

    __tablename__ = "prize_draw"
    __table_args__ = (
        CheckConstraint("winners > 0", name="winners"),
        CheckConstraint("threshold >= 0", name="threshold"),
        CheckConstraint("unit IN ('mg', 'mpt')", name="unit"),
        CheckConstraint(_one_of("audience", Audience), name="audience"),
        CheckConstraint("counts_until >= counts_from", name="counts"),
        CheckConstraint("draws_at >= closes_at", name="times"),
        CheckConstraint(_one_of("state", DrawState), name="state"),
        CheckConstraint("(state = 'open') = (entries_digest IS NULL)", name="closed"),
        CheckConstraint("(state = 'drawn') = (seed IS NOT NULL)", name="drawn"),
        CheckConstraint("seed IS NULL OR sha256(seed) = commitment", name="commitment"),
        Index("ix_prize_draw_institution_id", "institution_id"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    name: Mapped[str]
    description: Mapped[str]
    prize: Mapped[str]
    cash_value: Mapped[bool]
    audience: Mapped[str]
    winners: Mapped[int] = mapped_column(Integer())
    unit: Mapped[str]
    threshold: Mapped[int]
    counts_from: Mapped[date]
    counts_until: Mapped[date]
    closes_at: Mapped[datetime]
    draws_at: Mapped[datetime]
    state: Mapped[str]
    commitment: Mapped[bytes]
    seed_sealed: Mapped[bytes]
    entries_digest: Mapped[bytes | None]
    seed: Mapped[bytes | None]
    created_at: Mapped[datetime]


class DrawEntry(Base):
    """A member's entry in a draw under a random ticket, which says nothing of them. Append only."""

    __tablename__ = "draw_entry"
    __table_args__ = (UniqueConstraint("draw_id", "ticket"),)

    draw_id: Mapped[int] = mapped_column(
        ForeignKey("prize_draw.id"), primary_key=True, autoincrement=False
    )
    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    ticket: Mapped[str]
    entered_at: Mapped[datetime]
