"""Tickets of a scan: a rotating code that was read in time, kept good until a form is filled in.

A rotating code dies within 90 seconds; filling in what was dropped off may take longer. A scan in
time is answered with a ticket that stands for the code: for the member who scanned, at that place,
in that step, for ten minutes. It is used up as the code would be, because it names the same step.
24 bytes, 32 base64url characters: place u32, step u32, expiry u32, 12 bytes of HMAC-SHA256 over
these and the member. Pure.
"""

import base64
import hashlib
import hmac
import re
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from backend.places.codes import CodeError
from backend.places.models import ResolvedPlace
from backend.ports.keys import SCAN_TICKET, KeyRing
from backend.text.cleaning import half_width

TICKET_LASTS: Final = timedelta(minutes=10)
_TAG_BYTES: Final = 12
_TICKET: Final = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


class TicketInvalidError(CodeError):
    """A ticket that was altered, or that another member got."""

    code = "ticket_invalid"

    def __init__(self) -> None:
        super().__init__("扫码凭据无效，它只供扫码的本人使用，请重新扫描现场屏幕上的二维码")


class TicketExpiredError(CodeError):
    """A ticket that was kept for longer than it lasts."""

    code = "ticket_expired"

    def __init__(self) -> None:
        minutes = TICKET_LASTS // timedelta(minutes=1)
        super().__init__(f"扫码后超过{minutes}分钟没有提交，请重新扫描现场屏幕上的二维码")


@dataclass(frozen=True, slots=True)
class ScanTicket:
    """What a ticket says, unverified.

    Attributes:
        place_id: the place whose code was scanned.
        step: the 30-second step of the code since the Unix epoch.
        expires: seconds since the Unix epoch.
        tag: 12 bytes of HMAC-SHA256.
    """

    place_id: int
    step: int
    expires: int
    tag: bytes = field(repr=False)

    @property
    def scanned_at(self) -> datetime:
        """When the code was scanned, in whole seconds."""
        return datetime.fromtimestamp(self.expires, UTC) - TICKET_LASTS


@dataclass(frozen=True, slots=True)
class Ticket:
    """What may be sent along in place of a rotating code, and until when."""

    text: str = field(repr=False)
    expires_at: datetime


def ticket_of(keys: KeyRing, found: ResolvedPlace, *, member_id: int) -> Ticket | None:
    """The ticket of a member's scan; None for a printed code, which lasts.

    A ticket that is scanned again is answered with itself: it is never prolonged.
    """
    if found.step is None:
        return None
    text = issue(
        keys,
        member_id=member_id,
        place_id=found.place.id,
        step=found.step,
        scanned_at=found.scanned_at,
    )
    return Ticket(text, found.scanned_at + TICKET_LASTS)


def issue(keys: KeyRing, *, member_id: int, place_id: int, step: int, scanned_at: datetime) -> str:
    """The ticket for a rotating code that a member scanned in time.

    Args:
        keys: the installation's key ring.
        member_id: who scanned; nobody else can use it.
        place_id: the place of the code.
        step: the step of the code.
        scanned_at: aware instant; the same scan gives the same ticket.
    """
    expires = int((scanned_at + TICKET_LASTS).timestamp())
    tag = _tag(keys, member_id, place_id, step, expires)
    return base64.urlsafe_b64encode(struct.pack(">III", place_id, step, expires) + tag).decode()


def read(text: str) -> ScanTicket | None:
    """Reads a ticket; None where the text has another form. Verifies nothing."""
    bare = half_width(text)
    if _TICKET.fullmatch(bare) is None:
        return None
    packed = base64.urlsafe_b64decode(bare)
    place_id, step, expires = struct.unpack_from(">III", packed)
    return ScanTicket(place_id, step, expires, packed[-_TAG_BYTES:])


def verify(keys: KeyRing, ticket: ScanTicket, *, member_id: int | None, now: datetime) -> None:
    """Accepts a ticket of this member's that has not run out.

    Raises:
        TicketInvalidError: it was altered, or is another member's.
        TicketExpiredError: genuine, but older than it lasts.
    """
    if member_id is None or not hmac.compare_digest(
        ticket.tag, _tag(keys, member_id, ticket.place_id, ticket.step, ticket.expires)
    ):
        raise TicketInvalidError
    if now.timestamp() >= ticket.expires:
        raise TicketExpiredError


def _tag(keys: KeyRing, member_id: int, place_id: int, step: int, expires: int) -> bytes:
    key = keys.key(SCAN_TICKET, struct.pack(">I", place_id))
    message = struct.pack(">QIII", member_id, place_id, step, expires)
    return hmac.digest(key, message, hashlib.sha256)[:_TAG_BYTES]
