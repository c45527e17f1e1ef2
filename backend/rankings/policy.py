"""What a board is: its season, its measure and who is too small to stand on it."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from backend.errors import FieldError, InvalidInputError

# A group of fewer people is not shown: its figures would speak of persons (design, "Privacy").
MIN_GROUP = 5
# What counts of a person's points in a month, at most: a few zealous people do not carry a group.
CAP_MPT = 300_000
# So many groups with a ranked action begin a board; of fewer than twice as many, half of them.
STARTS_WITH = 5
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)


class Board(StrEnum):
    """Who is ranked."""

    DEPARTMENTS = "departments"
    INSTITUTIONS = "institutions"
    DISTRICTS = "districts"


class BoardMeasure(StrEnum):
    """By what: the size-fair index, points per head of the group, or their total."""

    INDEX = "index"
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


def season_before(season: Season) -> Season:
    """The month before."""
    return season_of(season.first - timedelta(days=1))


def season_after(season: Season) -> Season:
    """The month after."""
    return season_of(season.last + timedelta(days=1))


def seasons_between(first: date, last: date) -> list[Season]:
    """The seasons of some days, in order."""
    seasons = [season_of(first)]
    while seasons[-1].last < last:
        seasons.append(season_after(seasons[-1]))
    return seasons


def has_begun(*, active: int, groups: int) -> bool:
    """Whether a board says anything yet: before that everybody would be first with nothing.

    Args:
        active: groups with a ranked action.
        groups: all groups of the board.
    """
    return active >= max(1, min(STARTS_WITH, -(-groups // 2)))


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
