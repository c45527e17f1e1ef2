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


class EvidenceShortError(DomainError):
    """What has cash value is given for evidenced points alone, and these do not cover it."""

    code = "evidence_short"
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


def year_before(today: date) -> date:
    """The first of the twelve months of days that end today."""
    try:
        return today.replace(year=today.year - 1) + timedelta(days=1)
    except ValueError:  # 29 February
        return date(today.year - 1, 3, 1)


def require_evidenced(price_mpt: int, *, evidenced_mpt: int, spent_mpt: int) -> None:
    """Lets pass what has cash value where evidenced points cover it.

    Args:
        price_mpt: what is asked for now, in milli-points.
        evidenced_mpt: earned by more than the member's word in the last twelve months.
        spent_mpt: given in that time for what has cash value.

    Raises:
        EvidenceShortError: they do not.
    """
    short = price_mpt + spent_mpt - evidenced_mpt
    if short > 0:
        raise EvidenceShortError(
            "有现金价值的奖品只能用最近 12 个月凭现场核验得到的积分兑换，"
            f"还差 {-(-short // 1000)} 分：请扫描现场屏幕的动态码记录，或选择其他奖品。"
        )


def hold_ends(today: date, hold_days: int) -> date:
    """The day after the last one on which a piece can be collected."""
    return today + timedelta(days=hold_days + 1)
