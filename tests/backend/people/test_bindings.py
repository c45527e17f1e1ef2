"""Binding to an institution by invitation or roster, never by name."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from backend.errors import InvalidInputError, NotFoundError
from backend.organisations.models import Institution
from backend.organisations.policy import CreditCodeError
from backend.people import bindings
from backend.people.memberships import AlreadyMemberError, close_department, end_membership
from backend.people.models import Invitation, Member, MemberKind, RosterEntry
from backend.people.policy import PhoneError
from backend.people.queries import MembershipView, member_view, membership_on
from backend.people.roster import import_roster
from backend.people.roster_binding import (
    RosterEntryBoundError,
    RosterMismatchError,
    Statement,
    bind_by_roster,
)
from backend.ports.keys import KeyRing
from tests.builders.organisations import NOW, TODAY, Organisation, an_organisation
from tests.builders.people import a_member, a_roster_csv

KEYS = KeyRing("a secret of the tests, 32 characters")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PHONE = "13812345678"


@pytest.fixture
def city(db: Connection) -> Organisation:
    return an_organisation(db)


def invite(
    db: Connection, city: Organisation, *, department_id: int | None = None, max_uses: int = 10
) -> str:
    return bindings.create_invitation(
        db,
        institution_id=city.bureau,
        department_id=department_id,
        ttl=HOUR,
        max_uses=max_uses,
        now=NOW,
        actor_id=None,
    )


def where(db: Connection, member_id: int) -> MembershipView:
    membership = membership_on(db, member_id=member_id, on=TODAY)
    assert membership is not None
    return membership


def uses(db: Connection) -> int:
    return db.scalars(select(Invitation.uses)).one()


def test_an_invitation_binds_from_today(db: Connection, city: Organisation) -> None:
    member = a_member(db)
    code = invite(db, city, department_id=city.printing)
    bindings.bind_by_invitation(db, member_id=member, code=code.lower(), now=NOW)
    assert where(db, member).department_id == city.printing
    assert where(db, member).valid_from == TODAY
    assert member_view(db, member_id=member, on=TODAY).kind is MemberKind.STAFF
    assert member_view(db, member_id=member, on=TODAY - DAY).kind is MemberKind.CITIZEN


def test_the_same_invitation_again_uses_nothing_up(db: Connection, city: Organisation) -> None:
    member = a_member(db)
    code = invite(db, city, max_uses=1)
    for _ in range(3):
        bindings.bind_by_invitation(db, member_id=member, code=code, now=NOW)
    assert uses(db) == 1
    with pytest.raises(bindings.InvitationInvalidError):
        bindings.bind_by_invitation(db, member_id=a_member(db), code=code, now=NOW)


def test_an_invitation_without_department_keeps_the_one_a_member_has(
    db: Connection, city: Organisation
) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.finance)
    bindings.bind_by_invitation(db, member_id=member, code=invite(db, city), now=NOW)
    assert where(db, member).department_id == city.finance
    assert uses(db) == 0


def test_an_invitation_moves_within_the_institution(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.finance)
    code = invite(db, city, department_id=city.office)
    bindings.bind_by_invitation(db, member_id=member, code=code, now=NOW)
    assert where(db, member).department_id == city.office


def test_an_invitation_does_not_take_from_another_institution(
    db: Connection, city: Organisation
) -> None:
    member = a_member(db, institution_id=city.school)
    with pytest.raises(AlreadyMemberError):
        bindings.bind_by_invitation(db, member_id=member, code=invite(db, city), now=NOW)
    assert where(db, member).institution_id == city.school


@pytest.mark.parametrize("how", ["wrong", "expired", "revoked", "closed"])
def test_dead_invitations_look_alike(db: Connection, city: Organisation, how: str) -> None:
    code, now = invite(db, city, department_id=city.finance), NOW
    if how == "wrong":
        code = "AAAA-BBBB-CCCC"
    elif how == "expired":
        now = NOW + HOUR
    elif how == "revoked":
        (invitation_id,) = db.scalars(select(Invitation.id)).all()
        for _ in range(2):
            bindings.revoke_invitation(db, invitation_id=invitation_id, now=NOW, actor_id=None)
    else:
        close_department(db, department_id=city.finance, closed_on=TODAY, now=NOW)
    with pytest.raises(bindings.InvitationInvalidError) as refusal:
        bindings.bind_by_invitation(db, member_id=a_member(db), code=code, now=now)
    assert refusal.value.message.startswith("邀请码无效、已过期或已用完")


def test_nobody_invites_to_where_nothing_is(db: Connection, city: Organisation) -> None:
    with pytest.raises(NotFoundError):
        invite(db, city, department_id=2**62)
    with pytest.raises(InvalidInputError):
        invite(db, city, max_uses=0)
    with pytest.raises(NotFoundError):
        bindings.revoke_invitation(db, invitation_id=2**62, now=NOW, actor_id=None)


@pytest.fixture
def credit_code(db: Connection, city: Organisation) -> str:
    """Code of the bureau, whose roster holds 张三, number A001."""
    code = db.scalars(select(Institution.credit_code).where(Institution.id == city.bureau)).one()
    rows = [
        (code, "办公室/文印科", "A001", "张三", PHONE, "2020-01-02", ""),
        (code, "财务处", "A002", "李四", "13900000002", "", "2026-11-18"),
        (code, "财务处", "A003", "王五", "13900000003", "2026-11-19", ""),
        (code, "财务处", "A004", "赵六", "", "", ""),
    ]
    report = import_roster(db, data=a_roster_csv(rows), keys=KEYS, now=NOW)
    assert (report.created, report.refused) == (4, 0)
    return code


def by_roster(
    db: Connection,
    member_id: int,
    credit_code: str,
    staff_number: str = "A001",
    phone: str = PHONE,
) -> None:
    said = Statement(credit_code, staff_number, phone, phone_verified=True)
    bind_by_roster(db, member_id=member_id, said=said, keys=KEYS, now=NOW)


def test_a_roster_entry_binds_and_names(
    db: Connection, city: Organisation, credit_code: str
) -> None:
    member = a_member(db, name="市民000001")
    by_roster(db, member, f" {credit_code.lower()}", " a001", "+86 138 1234 5678")
    assert where(db, member).department_id == city.printing
    view = member_view(db, member_id=member, on=TODAY)
    assert (view.display_name, view.phone_masked) == ("张三", "138****5678")
    by_roster(db, member, credit_code)
    assert where(db, member).valid_from == TODAY


def test_no_plain_phone_is_kept(db: Connection, credit_code: str) -> None:
    member = a_member(db)
    by_roster(db, member, credit_code)
    for table in (Member, RosterEntry):
        rows = db.execute(select(table.__table__)).all()
        assert PHONE not in repr(rows)
        assert "138****5678" in repr(rows)


def test_a_person_is_bound_to_one_account(db: Connection, credit_code: str) -> None:
    by_roster(db, a_member(db), credit_code)
    with pytest.raises(RosterEntryBoundError):
        by_roster(db, a_member(db), credit_code)


@pytest.mark.parametrize(
    "staff_number, phone",
    [
        ("A001", "13812345679"),
        ("A999", PHONE),
        ("A002", "13900000002"),  # left today
        ("A003", "13900000003"),  # begins tomorrow
        ("A004", "13900000004"),  # has no phone on the roster
        ("张三", PHONE),
        ("%", PHONE),
    ],
)
def test_what_is_not_on_the_roster_looks_alike(
    db: Connection, credit_code: str, staff_number: str, phone: str
) -> None:
    with pytest.raises(RosterMismatchError) as refusal:
        by_roster(db, a_member(db), credit_code, staff_number, phone)
    assert refusal.value.fields == ()


def test_misspelt_codes_and_phones_name_their_field(db: Connection, credit_code: str) -> None:
    with pytest.raises(CreditCodeError):
        by_roster(db, a_member(db), credit_code[:-1])
    with pytest.raises(PhoneError):
        by_roster(db, a_member(db), credit_code, phone="123")


def test_a_phone_of_another_secret_does_not_match(db: Connection, credit_code: str) -> None:
    with pytest.raises(RosterMismatchError):
        bind_by_roster(
            db,
            member_id=a_member(db),
            said=Statement(credit_code, "A001", PHONE, phone_verified=True),
            keys=KeyRing("another secret of the tests, 32 chars"),
            now=NOW,
        )


def test_a_bound_member_follows_the_roster(
    db: Connection, city: Organisation, credit_code: str
) -> None:
    member = a_member(db)
    by_roster(db, member, credit_code)
    tomorrow = NOW + DAY

    def reimport(department: str, leaves: str) -> None:
        row = (credit_code, department, "A001", "张三", PHONE, "2020-01-02", leaves)
        import_roster(db, data=a_roster_csv([row]), keys=KEYS, now=tomorrow)

    reimport("财务处", "")
    later = membership_on(db, member_id=member, on=TODAY + DAY)
    assert later is not None
    assert later.department_id == city.finance
    assert where(db, member).department_id == city.printing
    reimport("财务处", "2026-12-01")
    assert membership_on(db, member_id=member, on=TODAY + 12 * DAY) is not None
    assert membership_on(db, member_id=member, on=TODAY + 13 * DAY) is None
    reimport("财务处", "2026-11-25")
    assert membership_on(db, member_id=member, on=TODAY + 7 * DAY) is None


def test_a_late_notice_of_leaving_does_not_change_days_past(
    db: Connection, credit_code: str
) -> None:
    member = a_member(db)
    by_roster(db, member, credit_code)
    row = (credit_code, "财务处", "A001", "张三", PHONE, "2020-01-02", "2026-10-01")
    import_roster(db, data=a_roster_csv([row]), keys=KEYS, now=NOW + 2 * DAY)
    assert membership_on(db, member_id=member, on=TODAY + DAY) is not None
    assert membership_on(db, member_id=member, on=TODAY + 2 * DAY) is None


def test_a_roster_does_not_reach_into_another_institution(
    db: Connection, city: Organisation, credit_code: str
) -> None:
    member = a_member(db)
    by_roster(db, member, credit_code)
    end_membership(db, member_id=member, on=TODAY, now=NOW)
    code = bindings.create_invitation(
        db,
        institution_id=city.school,
        department_id=None,
        ttl=HOUR,
        max_uses=1,
        now=NOW,
        actor_id=None,
    )
    bindings.bind_by_invitation(db, member_id=member, code=code, now=NOW)
    row = (credit_code, "财务处", "A001", "张三", PHONE, "2020-01-02", "2026-11-18")
    import_roster(db, data=a_roster_csv([row]), keys=KEYS, now=NOW)
    assert where(db, member).institution_id == city.school


def test_five_attempts_a_day(db: Connection) -> None:
    member, other = a_member(db), a_member(db)
    for _ in range(5):
        bindings.count_attempt(db, member_id=member, now=NOW)
    with pytest.raises(bindings.TooManyBindingAttemptsError) as refusal:
        bindings.count_attempt(db, member_id=member, now=NOW)
    # 10:00 in Shanghai: fourteen hours to midnight.
    assert refusal.value.retry_after == 14 * 3600
    bindings.count_attempt(db, member_id=other, now=NOW)
    bindings.count_attempt(db, member_id=member, now=NOW + 14 * HOUR)
