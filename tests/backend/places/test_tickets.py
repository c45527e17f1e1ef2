"""Tickets of a scan: whose, for what, for how long."""

import string
from datetime import UTC, datetime, timedelta

import pytest

from backend.places.codes import parse, place_key, rotating_code, step_at
from backend.places.tickets import (
    TICKET_LASTS,
    TicketExpiredError,
    TicketInvalidError,
    issue,
    read,
    verify,
)
from backend.ports.keys import KeyRing

NOW = datetime(2026, 11, 18, 2, 0, 7, 250_000, tzinfo=UTC)
KEYS = KeyRing("a secret of the tests, 32 characters")
MEMBER, PLACE = 41, 7


def a_ticket(keys: KeyRing = KEYS) -> str:
    return issue(keys, member_id=MEMBER, place_id=PLACE, step=step_at(NOW), scanned_at=NOW)


def check(text: str, *, member_id: int | None = MEMBER, now: datetime = NOW) -> None:
    ticket = read(text)
    assert ticket is not None
    verify(KEYS, ticket, member_id=member_id, now=now)


def test_a_ticket_names_place_step_and_scan() -> None:
    ticket = read(f" {a_ticket()}\n")
    assert ticket is not None
    assert (ticket.place_id, ticket.step) == (PLACE, step_at(NOW))
    assert ticket.scanned_at == NOW.replace(microsecond=0)
    assert str(ticket.tag) not in repr(ticket)


def test_the_same_scan_gives_the_same_ticket_also_from_the_ticket() -> None:
    text = a_ticket()
    ticket = read(text)
    assert ticket is not None
    again = issue(
        KEYS,
        member_id=MEMBER,
        place_id=ticket.place_id,
        step=ticket.step,
        scanned_at=ticket.scanned_at,
    )
    assert again == text


def test_a_ticket_lasts_ten_minutes() -> None:
    expires = NOW.replace(microsecond=0) + TICKET_LASTS
    check(a_ticket(), now=expires - timedelta(milliseconds=1))
    with pytest.raises(TicketExpiredError) as refused:
        check(a_ticket(), now=expires)
    assert "10分钟" in refused.value.message


@pytest.mark.parametrize("member_id", [MEMBER + 1, None])
def test_nobody_else_can_use_it(member_id: int | None) -> None:
    with pytest.raises(TicketInvalidError):
        check(a_ticket(), member_id=member_id)


def test_any_altered_character_is_refused() -> None:
    text = a_ticket()
    for at, char in enumerate(text):
        other = next(each for each in string.ascii_letters if each != char)
        with pytest.raises(TicketInvalidError):
            check(text[:at] + other + text[at + 1 :])


def test_another_installations_ticket_is_refused() -> None:
    with pytest.raises(TicketInvalidError):
        check(a_ticket(KeyRing("another secret of another 32 characters")))


@pytest.mark.parametrize("text", ["", "R0000007?k=ABCDEFGHIJ", "短", "A" * 31, "A" * 33, "=" * 32])
def test_other_texts_are_no_tickets(text: str) -> None:
    assert read(text) is None


def test_no_code_reads_as_a_ticket_and_no_ticket_as_a_code() -> None:
    code = rotating_code(place_key(KEYS, PLACE), PLACE, NOW)
    assert read(code) is None
    with pytest.raises(Exception, match="不是碳普惠的二维码"):
        parse(a_ticket())
