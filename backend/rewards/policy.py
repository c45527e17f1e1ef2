"""When limits of rewards start again, and why nothing is handed out. Pure."""

from datetime import date, timedelta

from backend.errors import DomainError, ErrorKind
from backend.rewards.models import LimitPeriod


class SoldOutError(DomainError):
    """Fewer pieces are left than were asked for."""

    code = "sold_out"
    kind = ErrorKind.CONFLICT


class LimitReachedError(DomainError):
    """The member or the institution has had as many pieces as the period allows."""

    code = "limit_reached"
    kind = ErrorKind.CONFLICT


class AlreadySettledError(DomainError):
    """The redemption was handed over or given back before."""

    code = "already_settled"
    kind = ErrorKind.CONFLICT


def period_start(period: LimitPeriod, today: date) -> date:
    """The first day whose redemptions count towards a limit today."""
    match period:
        case LimitPeriod.MONTH:
            return today.replace(day=1)
        case LimitPeriod.QUARTER:
            return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
        case LimitPeriod.YEAR:
            return today.replace(month=1, day=1)
        case LimitPeriod.EVER:
            return date(2020, 1, 1)


def hold_ends(today: date, hold_days: int) -> date:
    """The day after the last one on which a piece can be collected."""
    return today + timedelta(days=hold_days + 1)
