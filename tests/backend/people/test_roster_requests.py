"""Nobody takes a colleague's place on a roster, and who is kept out of theirs gets it back."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from backend.audit.queries import events
from backend.errors import NotFoundError
from backend.organisations.models import Institution
from backend.people.administration import AccountAboveError
from backend.people.closing import deactivate_member
from backend.people.models import Role, RosterEntry
from backend.people.queries import Actor, Grant, member_view, membership_on
from backend.people.roles import grant_role
from backend.people.roster import import_roster
from backend.people.roster_binding import (
    PhoneTakenError,
    PhoneUnverifiedError,
    RosterEntryBoundError,
    RosterMismatchError,
    Statement,
    bind_by_roster,
)
from backend.people.roster_requests import (
    RequestDecidedError,
    bound_entries,
    dismiss_request,
    managed_request,
    open_request,
    open_requests,
    release_request,
    requests_of,
    unbind_member,
)
from backend.ports.keys import KeyRing
from tests.builders.organisations import NOW, TODAY, Organisation, a_department, an_organisation
from tests.builders.people import a_member, a_roster_csv, an_actor

KEYS = KeyRing("a secret of the tests, 32 characters")
PHONE = "13812345678"


@pytest.fixture
def city(db: Connection) -> Organisation:
    return an_organisation(db)


@pytest.fixture
def code(db: Connection, city: Organisation) -> str:
    """Code of the bureau, whose roster holds 张三 and 李四."""
    code = db.scalars(select(Institution.credit_code).where(Institution.id == city.bureau)).one()
    rows = [
        (code, "办公室/文印科", "A001", "张三", PHONE, "", ""),
        (code, "财务处", "A002", "李四", "13900000002", "", ""),
    ]
    import_roster(db, data=a_roster_csv(rows), keys=KEYS, now=NOW)
    return code


@pytest.fixture
def officer(db: Connection, city: Organisation) -> Actor:
    return an_actor(db, Role.INSTITUTION_ADMIN, institution_id=city.bureau)


def said(
    code: str, *, verified: bool = False, phone: str = PHONE, number: str = "A001"
) -> Statement:
    return Statement(code, number, phone, phone_verified=verified)


def bind(db: Connection, member_id: int, statement: Statement) -> None:
    bind_by_roster(db, member_id=member_id, said=statement, keys=KEYS, now=NOW)


def ask(db: Connection, member_id: int, statement: Statement) -> int:
    return open_request(db, member_id=member_id, said=statement, keys=KEYS, now=NOW)


def bound(db: Connection) -> int | None:
    query = select(RosterEntry.bound_member_id).where(RosterEntry.staff_number == "A001")
    return db.scalars(query).one()


def test_a_typed_phone_binds_nobody(db: Connection, code: str) -> None:
    with pytest.raises(PhoneUnverifiedError):
        bind(db, a_member(db), said(code))
    assert bound(db) is None


def test_an_administrator_releases_who_asked(
    db: Connection, city: Organisation, code: str, officer: Actor
) -> None:
    member = a_member(db)
    request = ask(db, member, said(code))
    assert ask(db, member, said(code)) == request
    (waiting,) = open_requests(db, institution_id=city.bureau)
    assert (waiting.name, waiting.bound_member_id, waiting.phone_verified) == ("张三", None, False)
    release_request(db, officer, request, now=NOW)
    assert bound(db) == member
    view = member_view(db, member_id=member, on=TODAY)
    assert (view.display_name, view.phone_masked) == ("张三", "138****5678")
    assert view.membership is not None
    assert view.membership.department_id == city.printing
    assert open_requests(db, institution_id=city.bureau) == ()
    assert [each.released for each in requests_of(db, member_id=member)] == [True]
    # Bound once, the phone need not be shown again.
    bind(db, member, said(code))


def test_an_objection_gives_the_place_back(db: Connection, code: str, officer: Actor) -> None:
    squatter, rightful = a_member(db, name="冒名"), a_member(db, name="本人")
    release_request(db, officer, ask(db, squatter, said(code)), now=NOW)
    with pytest.raises(RosterEntryBoundError, match="异议"):
        bind(db, rightful, said(code, verified=True))
    request = ask(db, rightful, said(code, verified=True))
    assert [each.objection for each in requests_of(db, member_id=rightful)] == [True]
    assert managed_request(db, officer, request).bound_member_id == squatter
    release_request(db, officer, request, now=NOW)
    assert bound(db) == rightful
    assert membership_on(db, member_id=squatter, on=TODAY) is None
    assert member_view(db, member_id=squatter, on=TODAY).phone_masked is None
    assert membership_on(db, member_id=rightful, on=TODAY) is not None
    tags = [event.tag for event in events(db, tag_prefix="people:roster").items]
    assert "people:roster:unbind" in tags
    assert tags.count("people:roster_request:release") == 2


def test_a_dismissed_request_binds_nobody(db: Connection, code: str, officer: Actor) -> None:
    member = a_member(db)
    request = ask(db, member, said(code))
    dismiss_request(db, officer, request, now=NOW)
    assert bound(db) is None
    assert [each.released for each in requests_of(db, member_id=member)] == [False]
    with pytest.raises(RequestDecidedError):
        release_request(db, officer, request, now=NOW)
    assert ask(db, member, said(code)) != request


def test_what_is_not_on_the_roster_cannot_be_asked_for(db: Connection, code: str) -> None:
    for statement in (said(code, phone="13800000000"), said(code, number="A009")):
        with pytest.raises(RosterMismatchError):
            ask(db, a_member(db), statement)


def test_an_administrator_of_another_institution_sees_nothing(
    db: Connection, city: Organisation, code: str
) -> None:
    request = ask(db, a_member(db), said(code))
    other = an_actor(db, Role.INSTITUTION_ADMIN, institution_id=city.school)
    attendant = an_actor(db, Role.ATTENDANT, institution_id=city.bureau)
    for actor in (other, attendant):
        for step in (release_request, dismiss_request):
            with pytest.raises(NotFoundError):
                step(db, actor, request, now=NOW)


def test_nobody_releases_their_own_request(db: Connection, code: str, officer: Actor) -> None:
    request = ask(db, officer.member_id, said(code))
    with pytest.raises(AccountAboveError):
        release_request(db, officer, request, now=NOW)


def test_an_account_above_keeps_its_place(db: Connection, code: str, officer: Actor) -> None:
    above = a_member(db)
    bind(db, above, said(code, verified=True))
    grant_role(db, member_id=above, grant=Grant(Role.CITY_ADMIN), now=NOW)
    request = ask(db, a_member(db), said(code))
    with pytest.raises(AccountAboveError):
        release_request(db, officer, request, now=NOW)
    with pytest.raises(AccountAboveError):
        unbind_member(db, officer, above, now=NOW)


def test_an_administrator_unbinds_whom_they_reach(
    db: Connection, city: Organisation, code: str, officer: Actor
) -> None:
    member = a_member(db)
    bind(db, member, said(code, verified=True))
    assert len(bound_entries(db, officer, member)) == 1
    outsider = an_actor(db, Role.INSTITUTION_ADMIN, institution_id=city.school)
    assert bound_entries(db, outsider, member) == ()
    with pytest.raises(NotFoundError):
        unbind_member(db, outsider, member, now=NOW)
    unbind_member(db, officer, member, now=NOW + timedelta(hours=1))
    assert bound(db) is None
    assert membership_on(db, member_id=member, on=TODAY) is None
    with pytest.raises(NotFoundError):
        unbind_member(db, officer, member, now=NOW)


def test_one_phone_serves_one_account(db: Connection, city: Organisation, code: str) -> None:
    first, second = a_member(db), a_member(db)
    bind(db, first, said(code, verified=True))
    a_department(db, city.school, "教务处")
    school = db.scalars(select(Institution.credit_code).where(Institution.id == city.school)).one()
    rows = [(school, "教务处", "S1", "张三", PHONE, "", "")]
    report = import_roster(db, data=a_roster_csv(rows), keys=KEYS, now=NOW)
    assert report.created == 1, report.problems
    with pytest.raises(PhoneTakenError):
        bind(db, second, said(school, number="S1", verified=True))
    deactivate_member(db, member_id=first, now=NOW, actor_id=None)
    bind(db, second, said(school, number="S1", verified=True))
