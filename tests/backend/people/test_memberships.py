"""Where members belong: dated, never twice on one day."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from backend.audit.queries import events
from backend.audit.tags import Tag
from backend.errors import NotFoundError
from backend.organisations.departments import close_department as close_without_members
from backend.people import memberships
from backend.people.models import Membership
from backend.people.queries import membership_on
from backend.people.queries import memberships as history
from tests.builders.organisations import NOW, START, TODAY, Organisation, an_organisation
from tests.builders.people import a_member

DAY = timedelta(days=1)


@pytest.fixture
def city(db: Connection) -> Organisation:
    return an_organisation(db)


def spans(db: Connection, member_id: int) -> list[tuple[int | None, date, date | None]]:
    return [
        (view.department_id, view.valid_from, view.valid_until)
        for view in history(db, member_id=member_id)
    ]


def test_a_move_keeps_the_days_before(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.office)
    memberships.move_member(
        db, member_id=member, department_id=city.finance, on=TODAY, now=NOW, actor_id=3
    )
    assert spans(db, member) == [(city.office, START, TODAY), (city.finance, TODAY, None)]
    yesterday = membership_on(db, member_id=member, on=TODAY - DAY)
    today = membership_on(db, member_id=member, on=TODAY)
    assert yesterday is not None
    assert today is not None
    assert (yesterday.department_name, today.department_name) == ("办公室", "财务处")
    (event,) = events(db, tag_prefix=Tag.MEMBERSHIP_MOVE).items
    assert (event.actor_id, event.before) == (3, {"department_id": city.office})


def test_a_move_on_the_first_day_replaces(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.office, since=TODAY)
    memberships.move_member(db, member_id=member, department_id=city.finance, on=TODAY, now=NOW)
    assert spans(db, member) == [(city.finance, TODAY, None)]


def test_a_move_to_where_one_is_changes_nothing(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.office)
    memberships.move_member(db, member_id=member, department_id=city.office, on=TODAY, now=NOW)
    assert spans(db, member) == [(city.office, START, None)]
    assert events(db, tag_prefix=Tag.MEMBERSHIP_MOVE).items == ()


def test_nobody_moves_into_another_institution(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.school)
    with pytest.raises(NotFoundError):
        memberships.move_member(db, member_id=member, department_id=city.office, on=TODAY, now=NOW)


def test_leaving_ends_it_and_returning_begins_anew(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.office)
    memberships.end_membership(db, member_id=member, on=TODAY, now=NOW)
    assert membership_on(db, member_id=member, on=TODAY) is None
    assert membership_on(db, member_id=member, on=TODAY - DAY) is not None
    with pytest.raises(NotFoundError):
        memberships.end_membership(db, member_id=member, on=TODAY, now=NOW)
    memberships.begin_membership(
        db,
        member_id=member,
        institution_id=city.school,
        department_id=None,
        valid_from=TODAY,
        now=NOW,
    )
    assert spans(db, member) == [(city.office, START, TODAY), (None, TODAY, None)]


def test_leaving_on_the_first_day_leaves_no_trace_but_the_audit(
    db: Connection, city: Organisation
) -> None:
    member = a_member(db, institution_id=city.bureau, since=TODAY)
    memberships.end_membership(db, member_id=member, on=TODAY, now=NOW)
    assert spans(db, member) == []
    assert len(events(db, tag_prefix=Tag.MEMBERSHIP_END).items) == 1


@pytest.mark.parametrize("since", [START - DAY, START, TODAY])
def test_nobody_belongs_to_two_places(db: Connection, city: Organisation, since: date) -> None:
    member = a_member(db, institution_id=city.bureau)
    with pytest.raises((memberships.AlreadyMemberError, NotFoundError)):
        memberships.begin_membership(
            db,
            member_id=member,
            institution_id=city.school,
            department_id=None,
            valid_from=since,
            now=NOW,
        )


def test_a_notice_of_leaving_frees_from_its_day(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau)
    memberships.end_membership(db, member_id=member, on=TODAY + 7 * DAY, now=NOW)

    def begin(since: date) -> None:
        memberships.begin_membership(
            db,
            member_id=member,
            institution_id=city.school,
            department_id=None,
            valid_from=since,
            now=NOW,
        )

    with pytest.raises(memberships.AlreadyMemberError):
        begin(TODAY + 6 * DAY)
    begin(TODAY + 7 * DAY)


@pytest.mark.parametrize(
    "valid_from, valid_until",
    [(TODAY, None), (START - DAY, None), (START - DAY, START + DAY), (START, START + DAY)],
)
def test_the_database_itself_refuses_an_overlap(
    db: Connection, city: Organisation, valid_from: date, valid_until: date | None
) -> None:
    member = a_member(db, institution_id=city.bureau)
    with pytest.raises(IntegrityError, match="ex_membership_overlap"):
        db.execute(
            insert(Membership).values(
                member_id=member,
                institution_id=city.school,
                valid_from=valid_from,
                valid_until=valid_until,
            )
        )


def test_the_database_itself_refuses_a_foreign_department(
    db: Connection, city: Organisation
) -> None:
    with pytest.raises(IntegrityError, match="fk_membership_department"):
        db.execute(
            insert(Membership).values(
                member_id=a_member(db),
                institution_id=city.school,
                department_id=city.office,
                valid_from=TODAY,
            )
        )


def test_a_membership_wants_an_open_department(db: Connection, city: Organisation) -> None:
    close_without_members(db, department_id=city.finance, closed_on=TODAY, now=NOW)
    with pytest.raises(NotFoundError):
        a_member(db, institution_id=city.bureau, department_id=city.finance, since=TODAY)
    a_member(db, institution_id=city.bureau, department_id=city.finance, since=TODAY - DAY)


def test_a_department_closes_when_its_members_have_left(db: Connection, city: Organisation) -> None:
    a_member(db, institution_id=city.bureau, department_id=city.finance)
    with pytest.raises(memberships.DepartmentHasMembersError):
        memberships.close_department(db, department_id=city.finance, closed_on=TODAY, now=NOW)


def test_a_department_left_by_all_closes(db: Connection, city: Organisation) -> None:
    member = a_member(db, institution_id=city.bureau, department_id=city.finance)
    memberships.move_member(db, member_id=member, department_id=city.office, on=TODAY, now=NOW)
    memberships.close_department(db, department_id=city.finance, closed_on=TODAY, now=NOW)
    assert membership_on(db, member_id=member, on=TODAY - DAY) is not None


def test_a_closing_institution_lets_its_members_go(db: Connection, city: Organisation) -> None:
    leaving = [a_member(db, institution_id=city.bureau, department_id=city.office) for _ in "ab"]
    staying = a_member(db, institution_id=city.school)
    memberships.close_institution(db, institution_id=city.bureau, closed_on=TODAY, now=NOW)
    for member in leaving:
        assert spans(db, member) == [(city.office, START, TODAY)]
    assert membership_on(db, member_id=staying, on=TODAY) is not None
    ended = select(Membership.member_id).where(Membership.valid_until.is_not(None))
    assert set(db.scalars(ended)) == set(leaving)
