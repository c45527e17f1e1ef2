"""Why an action is not recorded."""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from sqlalchemy import Connection

from backend.errors import DomainError, ErrorKind
from backend.ledger.service import Outcome, UsageLimit, used_up

_MINUTE = 60
_SCREEN_SECONDS = 30


class ReferenceMismatchError(DomainError):
    """The reference was used before for other content."""

    code = "reference_mismatch"
    kind = ErrorKind.MISMATCH


class EvidenceUsedError(DomainError):
    """The evidence has earned something before."""

    code = "evidence_used"
    kind = ErrorKind.CONFLICT


class UsageLimitReachedError(DomainError):
    """A shared code was used too often in a short time."""

    code = "usage_limit_reached"
    kind = ErrorKind.TOO_MANY


class UsageLimitPassedError(DomainError):
    """A shared code was used too often in a stretch of time that is over."""

    code = "usage_limit_passed"
    kind = ErrorKind.CONFLICT


class BusyError(DomainError):
    """Other requests of the same member keep getting in between."""

    code = "member_busy"
    kind = ErrorKind.IN_PROGRESS


def evidence_used() -> EvidenceUsedError:
    """The refusal of evidence that has earned something before."""
    return EvidenceUsedError("这次扫码已经记过了，请等二维码刷新或一分钟后再记下一次。")


def refuse(
    db: Connection, outcome: Outcome, limits: Sequence[UsageLimit], *, now: datetime
) -> None:
    """Raises what the outcome of a posting means for the member; nothing where it may be retried.

    Args:
        db: the transaction of the posting.
        outcome: of the posting.
        limits: usage limits it was held against.
        now: the present instant.

    Raises:
        EvidenceUsedError: the evidence has earned before.
        UsageLimitReachedError: the shared code was used too often, and waiting helps.
        UsageLimitPassedError: it was used too often in a time that is over.
    """
    if outcome is Outcome.EVIDENCE_USED:
        raise evidence_used()
    if outcome is Outcome.USAGE_LIMIT_REACHED:
        raise _used_up(used_up(db, limits), now)


def _used_up(limits: Sequence[UsageLimit], now: datetime) -> DomainError:
    """The refusal by the limit that lasts longest, the member's own share before what is shared."""
    limit = max(limits, key=lambda each: (each.seconds_left(now), each.is_share))
    seconds = limit.seconds_left(now)
    if limit.seconds == _SCREEN_SECONDS:
        seconds = max(1, seconds)  # the screen shows another code by then
    if seconds <= 0:
        return UsageLimitPassedError(
            "这个二维码在那段时间里的使用次数已满，不能补记，请在现场重新扫码记录。"
        )
    wait = f"{seconds} 秒" if seconds < _MINUTE else f"{ceil(seconds / _MINUTE)} 分钟"
    if limit.is_share:
        return UsageLimitReachedError(
            f"您在这个点位这段时间里记录的次数已满，请 {wait}后再记。", retry_after=seconds
        )
    return UsageLimitReachedError(
        f"这个二维码短时间内使用人数过多，请 {wait}后重新扫码。", retry_after=seconds
    )
