"""A scanned text, taken apart and then judged against the place it names. Pure.

Between the two lies the one read of place and print batch, which a statement that has more to ask
can do along with its own.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from backend.places import tickets
from backend.places.codes import (
    CodeError,
    CodeForgedError,
    CodeRevokedError,
    CodeUnknownError,
    PrintedCode,
    RotatingCode,
    parse,
    place_id_of,
    place_key,
    step_begins,
    verify_rotating,
)
from backend.places.models import CodeKind, PlaceAtCode, ResolvedPlace
from backend.places.tickets import ScanTicket
from backend.ports.keys import KeyRing

CODE_KEPT: Final = timedelta(hours=24)
"""How long a phone without a network may keep a rotating code before it is sent in."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanned or typed text says; nothing of it is verified yet.

    Attributes:
        said: the code or ticket, or the fault for which the text is neither.
        place_id: the place it names, None for a fault.
        key: the key of its print batch, None for anything but a printed code.
    """

    said: PrintedCode | RotatingCode | ScanTicket | CodeError
    place_id: int | None = None
    key: str | None = field(default=None, repr=False)


def read(text: str) -> Scanned:
    """Takes a scanned text apart. Raises nothing: a fault is raised by `resolved`."""
    try:
        said = tickets.read(text) or parse(text)
    except CodeError as fault:
        return Scanned(fault)
    if isinstance(said, PrintedCode):
        return Scanned(said, place_id_of(said.place_code), said.key)
    return Scanned(said, said.place_id)


def resolved(
    keys: KeyRing,
    scanned: Scanned,
    found: PlaceAtCode | None,
    *,
    member_id: int | None,
    now: datetime,
    kept: bool = False,
) -> ResolvedPlace:
    """Verifies a code or ticket, and the place that was found by it.

    The step of a rotating code is the time of its scan.

    Args:
        keys: the installation's key ring.
        scanned: what was read.
        found: the place with `scanned.place_id` and its batch with `scanned.key`.
        member_id: who presents it; a ticket is good for nobody else.
        now: aware instant of the server's clock, against which rotating codes expire.
        kept: whether a phone without a network may have kept a rotating code for a day.

    Raises:
        TicketInvalidError: a ticket that was altered, or is another member's.
        TicketExpiredError: a ticket that was kept too long.
        CodeUnreadableError: none of our codes.
        CodeForgedError: a character differs from what was issued.
        CodeExpiredError: a rotating code of another time.
        CodeRevokedError: a poster of a revoked batch.
        CodeUnknownError: no such place.
    """
    said = scanned.said
    if isinstance(said, CodeError):
        raise said
    if isinstance(said, PrintedCode):
        return _printed(said, found, now)
    if isinstance(said, ScanTicket):
        tickets.verify(keys, said, member_id=member_id, now=now)
        scanned_at = said.scanned_at
    else:
        scanned_at = step_begins(said.step)
        until = scanned_at if kept and now - scanned_at <= CODE_KEPT else now
        verify_rotating(place_key(keys, said.place_id), said, min(now, until))
    if found is None:
        raise CodeUnknownError
    return ResolvedPlace(found.place, CodeKind.ROTATING, said.step, None, scanned_at)


def _printed(code: PrintedCode, found: PlaceAtCode | None, now: datetime) -> ResolvedPlace:
    if found is None or found.place.code != code.place_code:
        raise CodeUnknownError
    if found.batch_id is None:
        raise CodeForgedError
    if found.revoked:
        raise CodeRevokedError
    return ResolvedPlace(found.place, CodeKind.PRINTED, None, found.batch_id, now)
