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
        ValueError: the datetime is naive; guessing its zone would move actions between days.
    """
    if instant.tzinfo is None:
        raise ValueError("business_day needs an aware datetime")
    return instant.astimezone(SHANGHAI).date()
