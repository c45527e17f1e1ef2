"""What a board is: its season, its measure and who is too small to stand on it."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from backend.errors import FieldError, InvalidInputError

# A group of fewer people is not shown: its figures would speak of persons (design, "Privacy").
MIN_GROUP = 5
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


class Board(StrEnum):
    """Who is ranked."""

    DEPARTMENTS = "departments"
    INSTITUTIONS = "institutions"
    DISTRICTS = "districts"


class BoardMeasure(StrEnum):
    """By what: points per head of the group, or their total."""

    PER_HEAD = "per_head"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Season:
    """The month a board covers, both days included."""

    name: str
    first: date
    last: date


def season_of(day: date) -> Season:
    """The season that a day belongs to."""
    last = day.replace(day=monthrange(day.year, day.month)[1])
    return Season(f"{day:%Y-%m}", day.replace(day=1), last)


def season_named(name: str) -> Season:
    """The season with this name.

    Raises:
        InvalidInputError: the name is not a month such as `2026-11`.
    """
    match = _MONTH.fullmatch(name)
    if match is None:
        sentence = "榜期请写成年月，例如 2026-11。"
        raise InvalidInputError(sentence, fields=[FieldError("season", "invalid", sentence)])
    return season_of(date(int(match[1]), int(match[2]), 1))


def score(measure: BoardMeasure, *, points_mpt: int, headcount: int) -> int:
    """The figure a board sorts by, in milli-points; per head it is rounded down."""
    return points_mpt if measure is BoardMeasure.TOTAL else points_mpt // headcount
