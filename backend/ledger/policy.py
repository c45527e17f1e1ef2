"""How long points live, and when members are told that they end."""

from calendar import monthrange
from datetime import date, timedelta

POINTS_LIVE_MONTHS = 12
NOTICE_DAYS = (30, 7)


def expires_month(earned_on: date) -> date:
    """The month at whose end points expire: the twelfth after the month they were earned in.

    A member thus holds at most 13 sub-accounts of points that have not expired.

    Returns:
        The first day of that month.
    """
    months = earned_on.year * 12 + (earned_on.month - 1) + POINTS_LIVE_MONTHS
    return date(months // 12, months % 12 + 1, 1)


def month_end(month: date) -> date:
    """The last day of the month that a date lies in."""
    return month.replace(day=monthrange(month.year, month.month)[1])


def due_notices(today: date) -> tuple[tuple[date, int], ...]:
    """The notices that members have a right to by a day: month of expiry and days ahead.

    A notice stays due until the month ends, so that a day on which nothing ran is made up.
    """
    this_month = today.replace(day=1)
    next_month = month_end(this_month) + timedelta(days=1)
    return tuple(
        (month, days)
        for month in (this_month, next_month)
        for days in NOTICE_DAYS
        if today >= month_end(month) - timedelta(days=days)
    )
