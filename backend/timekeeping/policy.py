"""When clocks can be trusted with what cannot be undone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# A night without power and the morning after it pass; a day that was skipped does not.
LARGEST_GAP: Final = timedelta(hours=26)


class HoldReason(StrEnum):
    """What was wrong with the clocks."""

    CLOCKS_DIFFER = "clocks_differ"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the two clocks showed at one moment.

    Attributes:
        application_at: the clock of the process, aware.
        database_at: the clock of the database, aware.
    """

    application_at: datetime
    database_at: datetime

    @property
    def difference(self) -> timedelta:
        """By how much the application is ahead of its database; negative when behind."""
        return self.application_at - self.database_at

    @property
    def agrees(self) -> bool:
        """Whether both clocks tell the same day, roughly."""
        return abs(self.difference) <= LARGEST_GAP


def reason_to_hold(now: Reading, last: Reading | None) -> HoldReason | None:
    """Why nothing that cannot be undone may happen at a reading; None when all is well.

    Args:
        now: the reading.
        last: the last one that was found good; None before the first.
    """
    if not now.agrees:
        return HoldReason.CLOCKS_DIFFER
    if last is None:
        return None
    passed = (
        now.application_at - last.application_at,
        now.database_at - last.database_at,
    )
    return HoldReason.GAP if any(abs(each) > LARGEST_GAP for each in passed) else None
