"""What past stretches of time say of a campaign to come. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

MOST_STRETCHES = 4


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened in a stretch of days as long as the campaign.

    Attributes:
        people: who did something that would have earned its bonus.
        actions: how often.
        bonus_mpt: the bonus of all of it, had everybody joined and the budget no end.
    """

    people: int
    actions: int
    bonus_mpt: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a campaign will come to if people do what they did: lowest, mean and highest stretch.

    Attributes:
        stretches: how many were looked at.
        people: lowest, mean and highest number of people.
        actions: the same of actions.
        bonus_mpt: the same of the bonus, in milli-points.
        days: how long the campaign lasts.
        spent_after_days: when the highest stretch would have used the budget up; None where it
            would not have. From then on actions earn their points without a bonus.
    """

    stretches: int
    people: tuple[int, int, int]
    actions: tuple[int, int, int]
    bonus_mpt: tuple[int, int, int]
    days: int
    spent_after_days: int | None


def stretches_before(today: date, days: int, first: date) -> list[tuple[date, date]]:
    """First and last day of the stretches before a day, the latest first.

    Args:
        today: the first day that is not looked at.
        days: how long each is.
        first: none begins before the history does.
    """
    found: list[tuple[date, date]] = []
    last = today - timedelta(days=1)
    while len(found) < MOST_STRETCHES and last - timedelta(days=days - 1) >= first:
        found.append((last - timedelta(days=days - 1), last))
        last -= timedelta(days=days)
    return found


def forecast_of(stretches: Sequence[Stretch], *, days: int, budget_mpt: int) -> Forecast | None:
    """What stretches as long as the campaign say of it; None without any."""
    if not stretches:
        return None
    bonus = _range([each.bonus_mpt for each in stretches])
    spent = days * budget_mpt // bonus[2] if bonus[2] > budget_mpt else None
    return Forecast(
        stretches=len(stretches),
        people=_range([each.people for each in stretches]),
        actions=_range([each.actions for each in stretches]),
        bonus_mpt=bonus,
        days=days,
        spent_after_days=spent,
    )


def _range(values: Sequence[int]) -> tuple[int, int, int]:
    return min(values), sum(values) // len(values), max(values)
