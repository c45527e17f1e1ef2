"""Reads of the footprint: a member's answers, an institution's totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, or_, select

from backend.footprint.models import FootprintAnswers
from backend.people.models import Membership


@dataclass(frozen=True, slots=True)
class Answered:
    """What a member answered, as `FootprintAnswers` describes it."""

    answers: Mapping[str, str]
    region: str
    radiative_forcing: bool
    counted: bool
    answered_at: datetime


def answers_of(db: Connection, member_id: int) -> Answered | None:
    """A member's own answers; None where there are none."""
    row = db.execute(
        select(
            FootprintAnswers.answers,
            FootprintAnswers.region,
            FootprintAnswers.radiative_forcing,
            FootprintAnswers.counted,
            FootprintAnswers.answered_at,
        ).where(FootprintAnswers.member_id == member_id)
    ).one_or_none()
    return None if row is None else Answered(*row)


def counted_totals(
    db: Connection, institution_id: int, *, on: date, questionnaire_version: int
) -> list[int]:
    """The middle totals (mg) of an institution's members of a day who agreed to be counted.

    Totals of another version of the questionnaire are left out: they are not comparable.
    """
    belongs: Any = or_(Membership.valid_until.is_(None), Membership.valid_until > on)
    return list(
        db.scalars(
            select(FootprintAnswers.total_mg)
            .join(Membership, Membership.member_id == FootprintAnswers.member_id)
            .where(
                FootprintAnswers.counted,
                FootprintAnswers.questionnaire_version == questionnaire_version,
                Membership.institution_id == institution_id,
                Membership.valid_from <= on,
                belongs,
            )
        )
    )
