"""Why an action is not recorded."""

from backend.errors import DomainError, ErrorKind
from backend.ledger.service import Outcome


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


class BusyError(DomainError):
    """Other requests of the same member keep getting in between."""

    code = "member_busy"
    kind = ErrorKind.IN_PROGRESS


def evidence_used() -> EvidenceUsedError:
    """The refusal of evidence that has earned something before."""
    return EvidenceUsedError("这次扫码已经记过了，请等二维码刷新或一分钟后再记下一次。")


def refuse(outcome: Outcome) -> None:
    """Raises what the outcome of a posting means for the member; nothing where it may be retried.

    Raises:
        EvidenceUsedError: the evidence has earned before.
        UsageLimitReachedError: the shared code was used too often.
    """
    if outcome is Outcome.EVIDENCE_USED:
        raise evidence_used()
    if outcome is Outcome.USAGE_LIMIT_REACHED:
        raise UsageLimitReachedError(
            "这个二维码短时间内使用人数过多，请等待屏幕刷新后重新扫码。", retry_after=30
        )
