"""Time as a collaborator: services are given a clock, they never ask the machine."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """The present instant as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant as an aware UTC datetime."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is set: for tests, replays and demo history."""

    instant: datetime

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.instant


def business_day(instant: datetime) -> date:
    """The Asia/Shanghai day of an instant.

    Args:
        instant: an aware datetime.

    Raises:
        ValueError: the datetime is naive.
    """
    return shanghai_time(instant).date()


def shanghai_time(instant: datetime) -> datetime:
    """What clock and calendar show in Shanghai at an instant: for hours of the day, and to print.

    Args:
        instant: an aware datetime.

    Raises:
        ValueError: the datetime is naive.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant has a zone; guessing one would move actions between days")
    return instant.astimezone(SHANGHAI)


def minute_of_day(instant: datetime) -> int:
    """The minute of the Asia/Shanghai day of an instant, 0 to 1439.

    Args:
        instant: an aware datetime.

    Raises:
        ValueError: the datetime is naive.
    """
    local = shanghai_time(instant)
    return local.hour * 60 + local.minute


def written_day(written: datetime) -> date:
    """The date that somebody wrote into a cell or after an option, read as a naive datetime.

    Args:
        written: naive, as spreadsheets and click give a date.

    Raises:
        ValueError: the datetime is aware: it is an instant, whose day is `business_day`.
    """
    if written.tzinfo is not None:
        raise ValueError("the day of an instant is its business_day")
    return written.date()
