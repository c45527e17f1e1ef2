"""What rewards, causes and draws share: whom they are for, whether they are open, cash value."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey
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


class InstitutionRewardPolicy(Base):
    """Whether an institution's members may be given what has cash value; no row means no."""

    __tablename__ = "institution_reward_policy"

    institution_id: Mapped[int] = mapped_column(
        ForeignKey("institution.id"), primary_key=True, autoincrement=False
    )
    cash_value: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
