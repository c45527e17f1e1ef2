"""A ticket stands for the code it was given for: as good, and as used up."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.actions.evidence import EvidenceOutOfTimeError
from backend.actions.judging import WrongPlaceError
from backend.actions.receipts import Receipt
from backend.actions.refusals import EvidenceUsedError, UsageLimitReachedError
from backend.actions.service import record
from backend.places.codes import CodeExpiredError, place_key, rotating_code
from backend.places.policy import USES_PER_STEP
from backend.places.tickets import Ticket, TicketExpiredError, TicketInvalidError
from backend.ports.keys import KeyRing
from backend.recycling.service import scan
from credit_rules import load_rulebook
from tests.builders.claims import a_claim
from tests.builders.drop_offs import a_reference, drop
from tests.builders.people import a_member
from tests.builders.scene import Scene, a_scene
from tests.conftest import NOW

RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
# Long after the code died, long before the ticket does.
LATER = NOW + timedelta(minutes=8)


@pytest.fixture
def db(breakable_db: Connection) -> Connection:
    return breakable_db


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Callable[..., Receipt]:
    def logged(
        code: str, *, member: int = 0, at: datetime = LATER, said: datetime = NOW
    ) -> Receipt:
        return drop(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[member],
            code=code,
            occurred_at=said,
            now=at,
        )

    return logged


def code_at(scene: Scene, at: datetime = NOW) -> str:
    place_id = scene.located.place.id
    return rotating_code(place_key(KEYS, place_id), place_id, at)


def ticket_of(db: Connection, code: str, member_id: int, at: datetime = NOW) -> Ticket:
    found = scan(
        db,
        rulebook=RULEBOOK,
        keys=KEYS,
        member_id=member_id,
        code=code,
        position=None,
        now=at,
    )
    assert found.ticket is not None
    return found.ticket


def test_a_ticket_is_accepted_when_its_code_is_long_dead(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    code = code_at(scene)
    ticket = ticket_of(db, code, scene.members[0])
    with pytest.raises(CodeExpiredError):
        ticket_of(db, code, scene.members[1], LATER)
    receipt = log(ticket.text)
    assert (receipt.action.tier, receipt.action.channel) == ("T2", "rotating_code")
    assert receipt.action.place_id == scene.located.place.id


def test_it_runs_out(db: Connection, scene: Scene, log: Callable[..., Receipt]) -> None:
    ticket = ticket_of(db, code_at(scene), scene.members[0])
    assert ticket.expires_at == NOW + timedelta(minutes=10)
    with pytest.raises(TicketExpiredError):
        log(ticket.text, at=ticket.expires_at)


def test_scanning_a_ticket_does_not_prolong_it(db: Connection, scene: Scene) -> None:
    ticket = ticket_of(db, code_at(scene), scene.members[0])
    assert ticket_of(db, ticket.text, scene.members[0], at=LATER) == ticket


def test_another_members_ticket_is_refused(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    ticket = ticket_of(db, code_at(scene), scene.members[0])
    with pytest.raises(TicketInvalidError):
        log(ticket.text, member=1)


def test_it_speaks_for_the_time_from_the_scan_on(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    ticket = ticket_of(db, code_at(scene), scene.members[0])
    with pytest.raises(EvidenceOutOfTimeError):
        log(ticket.text, said=NOW - timedelta(minutes=6))
    assert log(ticket.text, said=LATER).first


@pytest.mark.parametrize("first, second", [(0, 0), (0, 1), (1, 0)])
def test_ticket_and_code_together_earn_once(
    db: Connection, scene: Scene, log: Callable[..., Receipt], first: int, second: int
) -> None:
    code = code_at(scene)
    both = (ticket_of(db, code, scene.members[0]).text, code)
    log(both[first], at=NOW)
    savepoint = db.begin_nested()
    with pytest.raises(EvidenceUsedError):
        log(both[second], at=NOW + timedelta(seconds=20))
    savepoint.rollback()
    log(code_at(scene, NOW + timedelta(minutes=1)), at=NOW + timedelta(minutes=1))


def test_tickets_and_codes_share_the_usage_limit_of_their_step(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    code = code_at(scene)
    db.execute(text("SET LOCAL ROLE NONE"))
    db.execute(
        text("INSERT INTO usage_count VALUES (:subject, :step, :uses)"),
        {
            "subject": f"place:{scene.located.place.id}:recycling.drop_off:step",
            "step": int(NOW.timestamp()) // 30,
            "uses": USES_PER_STEP - 1,
        },
    )
    db.execute(text("SET LOCAL ROLE tanpuhui_web"))
    log(ticket_of(db, code, scene.members[0]).text)
    second = ticket_of(db, code, scene.members[1]).text
    with pytest.raises(UsageLimitReachedError):
        log(second, member=1)


def test_a_printed_code_needs_none(db: Connection, scene: Scene) -> None:
    found = scan(
        db,
        rulebook=RULEBOOK,
        keys=KEYS,
        member_id=scene.members[0],
        code=scene.attended.url,
        position=None,
        now=NOW,
    )
    assert found.ticket is None


def test_a_ticket_costs_a_drop_off_no_more_statements_than_the_code(
    db: Connection, scene: Scene, log: Callable[..., Receipt], statements: list[str]
) -> None:
    code, member = code_at(scene), scene.members
    log(code, member=1, at=NOW)
    ticket = ticket_of(db, code, member[0]).text
    del statements[:]
    log(code, member=2, at=NOW)
    with_code = len(statements)
    assert with_code
    log(ticket)
    assert len(statements) == 2 * with_code


def test_a_ticket_of_a_recycling_point_is_none_of_a_stairwell(db: Connection, scene: Scene) -> None:
    ticket = ticket_of(db, code_at(scene), scene.members[0])
    climb = a_claim(
        scene.members[0], a_reference(), "stairs.climb", {"floors": "3"}, at=NOW, code=ticket.text
    )
    with pytest.raises(WrongPlaceError):
        record(db, RULEBOOK, KEYS, climb, now=LATER)


def test_a_citizen_gets_one_too(db: Connection, scene: Scene) -> None:
    assert ticket_of(db, code_at(scene), a_member(db)).text
