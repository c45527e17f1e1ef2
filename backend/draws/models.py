"""Tables of prize draws and their entries."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, one_of
from backend.offers.models import Audience


class DrawState(StrEnum):
    """A draw takes entries, has published their digest, or has published its seed."""

    OPEN = "open"
    CLOSED = "closed"
    DRAWN = "drawn"


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
        CheckConstraint(one_of("audience", Audience), name="audience"),
        CheckConstraint("counts_until >= counts_from", name="counts"),
        CheckConstraint("draws_at >= closes_at", name="times"),
        CheckConstraint(one_of("state", DrawState), name="state"),
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
