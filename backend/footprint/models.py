"""The table of the footprint: what a member answered, and nothing that ranks them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class FootprintAnswers(Base):
    """A member's answers to the questionnaire of the footprint, the latest only.

    Answers may change and may be withdrawn: they are the member's own and prove nothing.
    `total_mg` is the middle total of the answers alone, in mg of CO2e a year, without logged
    actions: what the median of an institution is taken of, and only where `counted`.
    """

    __tablename__ = "footprint_answers"
    __table_args__ = (
        CheckConstraint("total_mg >= 0", name="not_negative"),
        CheckConstraint("jsonb_typeof(answers) = 'object'", name="answers"),
    )

    member_id: Mapped[int] = mapped_column(
        ForeignKey("member.id"), primary_key=True, autoincrement=False
    )
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB())
    region: Mapped[str]
    radiative_forcing: Mapped[bool]
    counted: Mapped[bool]
    questionnaire_version: Mapped[int]
    total_mg: Mapped[int]
    answered_at: Mapped[datetime]
