"""Reads of the footprint: a member's answers, a year of their actions, an institution's totals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from backend.actions.models import Action
from backend.footprint.models import FootprintAnswers
from backend.footprint.policy import Saved, Trip, is_trip
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


def year_of_actions(
    db: Connection, member_id: int, *, after: date, until: date
) -> tuple[list[Trip], list[Saved]]:
    """A member's actions of the days after `after` up to `until`: trips, and what others avoided.

    Args:
        db: any transaction.
        member_id: whose.
        after: an Asia/Shanghai day, not counted itself.
        until: the last day.
    """
    rows = db.execute(
        select(
            Action.methodology_id,
            Action.methodology_version,
            Action.facts,
            func.count(),
            func.sum(Action.reduction_mg),
        )
        .where(
            Action.member_id == member_id,
            Action.occurred_on > after,
            Action.occurred_on <= until,
        )
        .group_by(Action.methodology_id, Action.methodology_version, Action.facts)
    )
    trips: list[Trip] = []
    saved: list[Saved] = []
    for kind, version, facts, times, reduction_mg in rows:
        if is_trip(kind, facts):
            trips.append(Trip(kind, version, facts, times))
        else:
            saved.append(Saved(kind, version, int(reduction_mg)))
    return trips, saved


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
