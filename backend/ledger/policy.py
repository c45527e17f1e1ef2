"""How long points live."""

from datetime import date

POINTS_LIVE_MONTHS = 12


def expires_month(earned_on: date) -> date:
    """The month at whose end points expire: the twelfth after the month they were earned in.

    A member thus holds at most 13 sub-accounts of points that have not expired.

    Returns:
        The first day of that month.
    """
    months = earned_on.year * 12 + (earned_on.month - 1) + POINTS_LIVE_MONTHS
    return date(months // 12, months % 12 + 1, 1)
