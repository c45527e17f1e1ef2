"""Lets some members of the demo city answer the questionnaire of the footprint."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Final

from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.demo.residents import Resident
from backend.footprint.service import Reply, answer

# More than the five from whom on a median is shown.
_PEOPLE: Final = 8
_CARS: Final = ("petrol", "petrol", "hybrid", "plug_in", "electric")


def answer_questionnaires(
    db: Connection,
    backend: Backend,
    residents: Sequence[Resident],
    chance: Random,
    *,
    now: datetime,
) -> None:
    """Answers for some of an institution's members, who agree to be counted in its median.

    The member whose link is shown answers for themselves.

    Args:
        db: the caller's transaction.
        backend: the questionnaires.
        residents: the institution's members, in a fixed order.
        chance: the stream to draw answers from.
        now: when they answer.
    """
    staff = [resident for resident in residents if resident.group and not resident.shown]
    for resident in staff[:_PEOPLE]:
        answers = {
            "car_km": str(chance.randrange(0, 300, 10)),
            "car_type": chance.choice(_CARS),
            "metro_km": str(chance.randrange(0, 120, 5)),
            "flight_km": str(chance.randrange(0, 6_000, 200)),
            "household_size": str(chance.randint(1, 4)),
            "electricity_kwh": str(chance.randrange(120, 420, 10)),
            "red_meat_meals": str(chance.randint(0, 5)),
        }
        answer(
            db,
            backend.questionnaires,
            member_id=resident.member_id,
            reply=Reply(answers, counted=True),
            now=now,
        )
