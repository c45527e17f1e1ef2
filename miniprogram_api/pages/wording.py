"""How figures and moments read on a phone."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from backend.clock import business_day, shanghai_time

_MG_A_GRAM = 1000
_MG_A_KILOGRAM = 1_000_000


def points_text(mpt: int) -> str:
    """Milli-points as points: `19`, `2.5`."""
    return _plain(Decimal(mpt) / 1000)


def carbon_text(mg: int) -> str:
    """Milligrams of CO2e, exact: `590 克`, from a kilogram on `1.2316 千克`."""
    if abs(mg) < _MG_A_KILOGRAM:
        return f"{_plain(Decimal(mg) / _MG_A_GRAM)} 克"
    return f"{_plain(Decimal(mg) / _MG_A_KILOGRAM)} 千克"


def signed_text(amount: int, words: Callable[[int], str]) -> str:
    """An amount that came (`＋`) or went (`－`), in the words for its unit; nothing is `0`."""
    sign = "＋" if amount > 0 else "－" if amount < 0 else ""
    return f"{sign}{words(abs(amount))}"


def moment_text(instant: datetime) -> str:
    """An aware instant in Shanghai: `11月18日 10:00`."""
    local = shanghai_time(instant)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def dated_moment_text(instant: datetime) -> str:
    """An aware instant in Shanghai with its year: `2026年11月18日 10:00`."""
    return f"{day_text(business_day(instant))} {shanghai_time(instant):%H:%M}"


def day_text(day: date) -> str:
    """A day: `2027年11月30日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def month_text(day: date) -> str:
    """The month of a day: `2026年11月`."""
    return f"{day.year}年{day.month}月"


def _plain(number: Decimal) -> str:
    """Without exponent or trailing zeros."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
