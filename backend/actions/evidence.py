"""Kinds of evidence: the tier each leads to, and which of them can be verified now. Pure.

What a tier earns stands in the rulebook. What a kind of evidence proves, and through which channel
it is checked, stands here: a kind without a channel is refused, never counted as more or less.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from backend.errors import DomainError, FieldError
from backend.places.models import PlaceKind
from credit_rules import Methodology


class EvidenceKind(StrEnum):
    """What can show that an action happened; methodologies name the kinds they take."""

    SELF_DECLARATION = "self_declaration"
    PHOTO = "photo"
    RIDE_SCREENSHOT = "ride_screenshot"
    ORDER_SCREENSHOT = "order_screenshot"
    PRINTED_CODE = "printed_code"
    ROTATING_CODE = "rotating_code"
    ATTENDANT = "attendant"
    CHECK_IN_OUT = "check_in_out"
    APPROVED_TRIP = "approved_trip"
    WEIGHING = "weighing"
    METERING = "metering"
    PRINTER_COUNTER = "printer_counter"
    PEDOMETER = "pedometer"
    PARKING_RECORD = "parking_record"
    GRADED = "graded"
    REUSE_RECEIPT = "reuse_receipt"
    THIRD_PARTY = "third_party"


TIERS: Final[Mapping[str, str]] = {
    EvidenceKind.SELF_DECLARATION: "T0",
    EvidenceKind.PHOTO: "T1",
    EvidenceKind.RIDE_SCREENSHOT: "T1",
    EvidenceKind.ORDER_SCREENSHOT: "T1",
    EvidenceKind.PRINTED_CODE: "T1",
    EvidenceKind.ROTATING_CODE: "T2",
    EvidenceKind.ATTENDANT: "T2",
    EvidenceKind.CHECK_IN_OUT: "T2",
    EvidenceKind.APPROVED_TRIP: "T2",
    EvidenceKind.WEIGHING: "T3",
    EvidenceKind.METERING: "T3",
    EvidenceKind.PRINTER_COUNTER: "T3",
    EvidenceKind.PEDOMETER: "T3",
    EvidenceKind.PARKING_RECORD: "T3",
    EvidenceKind.GRADED: "T3",
    EvidenceKind.REUSE_RECEIPT: "T3",
    EvidenceKind.THIRD_PARTY: "T4",
}
"""The tier of evidence that each kind leads to once it is verified."""

LABELS: Final[Mapping[str, str]] = {
    EvidenceKind.SELF_DECLARATION: "自行申报",
    EvidenceKind.PHOTO: "照片",
    EvidenceKind.RIDE_SCREENSHOT: "乘车截图",
    EvidenceKind.ORDER_SCREENSHOT: "订单截图",
    EvidenceKind.PRINTED_CODE: "海报二维码",
    EvidenceKind.ROTATING_CODE: "现场屏幕动态码",
    EvidenceKind.ATTENDANT: "管理员扫码",
    EvidenceKind.CHECK_IN_OUT: "签到签退",
    EvidenceKind.APPROVED_TRIP: "出差审批单",
    EvidenceKind.WEIGHING: "称重设备",
    EvidenceKind.METERING: "计量表",
    EvidenceKind.PRINTER_COUNTER: "打印机计数",
    EvidenceKind.PEDOMETER: "计步设备",
    EvidenceKind.PARKING_RECORD: "停车记录",
    EvidenceKind.GRADED: "系统判分",
    EvidenceKind.REUSE_RECEIPT: "再穿着凭证",
    EvidenceKind.THIRD_PARTY: "第三方数据",
}

# The kinds of action whose place has a code to scan, by the first word of the methodology's id.
_PLACES: Final[Mapping[str, PlaceKind]] = {
    "recycling": PlaceKind.RECYCLING_POINT,
    "stairs": PlaceKind.STAIRWELL,
    "dining": PlaceKind.CANTEEN,
    "culture": PlaceKind.VENUE,
}


# Shorter than what would let a rotating code prove another hour; a form is filled in within a
# ticket's life.
_PROVEN_BEFORE: Final = timedelta(minutes=5)
_PROVEN_AFTER: Final = timedelta(minutes=11)


class EvidenceNotAcceptedError(DomainError):
    """The methodology does not take this kind of evidence."""

    code = "evidence_not_accepted"


class EvidenceUnverifiableError(DomainError):
    """Nobody can check this kind of evidence yet."""

    code = "evidence_unverifiable"


class EvidenceRequiredError(DomainError):
    """The methodology takes nobody's word alone."""

    code = "evidence_required"


class EvidenceOutOfTimeError(DomainError):
    """A rotating code shows who is there now; the action is said to have happened earlier."""

    code = "evidence_out_of_time"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A kind of evidence that a methodology takes.

    Attributes:
        kind: the kind.
        tier: the tier it leads to.
        available: whether it can be verified now.
    """

    kind: EvidenceKind
    tier: str
    available: bool


def place_kind_of(kind: str) -> PlaceKind | None:
    """The kind of place at which a kind of action is shown by a code, if there is one.

    Args:
        kind: id of the methodology, such as `stairs.climb`.
    """
    return _PLACES.get(kind.partition(".")[0])


def accepted_by(methodology: Methodology) -> list[Accepted]:
    """The kinds of evidence a methodology takes, weakest first, and which can be verified now.

    What it requires must be verifiable too: without it nothing else counts.
    """
    evidence = methodology.evidence
    taken = [kind for kind in EvidenceKind if kind in evidence.kinds]
    met = all(kind in taken and _has_channel(methodology, kind) for kind in evidence.requires)
    return [
        Accepted(kind, TIERS[kind], met and _has_channel(methodology, kind))
        for kind in sorted(taken, key=lambda kind: TIERS[kind])
        if TIERS[kind] in evidence.accepts
    ]


def require_available(methodology: Methodology, kind: EvidenceKind) -> str:
    """The tier that a kind of evidence leads to under a methodology.

    Raises:
        EvidenceRequiredError: it is the member's word alone, which the methodology does not take.
        EvidenceNotAcceptedError: the methodology does not take this kind.
        EvidenceUnverifiableError: it does, but there is no channel to verify it yet.
    """
    offers = accepted_by(methodology)
    found = next((offer for offer in offers if offer.kind is kind), None)
    if found is not None and found.available:
        return found.tier
    usable = [LABELS[offer.kind] for offer in offers if offer.available]
    advice = (
        f"请改用：{'、'.join(usable)}。" if usable else "暂时还不能记录，开通后会在列表里标明。"
    )
    title = methodology.title
    if found is not None or not usable:
        wanted = LABELS[kind] if found is not None else "、".join(LABELS[o.kind] for o in offers)
        sentence = f"“{title}”的{wanted}还没有核验渠道，不能凭它计入；{advice}"
        raise EvidenceUnverifiableError(sentence, fields=_fields("unverifiable", sentence))
    if kind is EvidenceKind.SELF_DECLARATION:
        sentence = f"“{title}”不接受自行申报；{advice}"
        raise EvidenceRequiredError(sentence, fields=_fields("required", sentence))
    sentence = f"“{title}”不认{LABELS[kind]}；{advice}"
    raise EvidenceNotAcceptedError(sentence, fields=_fields("not_accepted", sentence))


def require_present(occurred_at: datetime, *, scanned_at: datetime) -> None:
    """Lets a rotating code speak for what happens around its scan only.

    Args:
        occurred_at: when the action is said to have happened.
        scanned_at: when the code was scanned: its step.

    Raises:
        EvidenceOutOfTimeError: the action is said to have happened at another time.
    """
    if not scanned_at - _PROVEN_BEFORE <= occurred_at <= scanned_at + _PROVEN_AFTER:
        sentence = (
            "动态码只能证明扫码前后的行为，请把发生时间改为扫码的时间，或不扫码、按自行申报记录。"
        )
        raise EvidenceOutOfTimeError(
            sentence, fields=[FieldError("occurred_at", "out_of_time", sentence)]
        )


def evidence_digest(*parts: str | int) -> bytes:
    """What makes one piece of evidence unique, as the 32 bytes the ledger keeps of it."""
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).digest()


def _fields(code: str, sentence: str) -> list[FieldError]:
    return [FieldError("evidence", code, sentence)]


def _has_channel(methodology: Methodology, kind: str) -> bool:
    if kind == EvidenceKind.SELF_DECLARATION:
        return True
    place = place_kind_of(methodology.id)
    if kind == EvidenceKind.ROTATING_CODE:
        return place is not None
    return kind == EvidenceKind.PRINTED_CODE and place is PlaceKind.RECYCLING_POINT
