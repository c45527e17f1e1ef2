"""Institutions, invitations, posters and switches of the world in every state."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import text

from backend.offers.service import switch_cash_value
from backend.organisations.departments import close_department
from backend.organisations.queries import institution
from backend.organisations.service import close_institution, record_year
from backend.people.bindings import create_invitation
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.roster import import_roster
from backend.people.roster_binding import Statement
from backend.people.roster_requests import open_request
from backend.places.service import print_posters, revoke_batch
from backend.register.statistics.policy import Figure
from backend.register.statistics.service import (
    Officer,
    correct,
    open_year,
    put_figures,
    review,
    seal,
    send_back,
    submit,
)
from credit_rules.energy import load_energy_tables
from tests.builders.organisations import a_department, an_institution
from tests.builders.people import a_member, a_roster_csv
from tests.scenes.acts import EVERYWHERE, FREE, LONG, RARE, Acts


def organise_everything(acts: Acts, people: Mapping[str, int]) -> None:
    """Makes what the console shows of institutions."""
    there, db, now = acts.town.organisation, acts.db, acts.now
    for name in (LONG[:50], RARE):
        made = an_institution(db, district_id=there.west, system_id=there.system, name=name)
        department = a_department(db, made, name)
        a_member(db, name=name, institution_id=made, department_id=department)
    closed = an_institution(db, district_id=there.west, system_id=there.system, name="已撤并单位")
    close_institution(db, institution_id=closed, closed_on=date(2027, 1, 1), now=now)
    old = a_department(db, there.bureau, "老部门")
    close_department(db, department_id=old, closed_on=date(2027, 1, 1), now=now, actor_id=None)
    _invitations(acts)
    _posters(acts)
    grant = Grant(Role.ATTENDANT, institution_id=there.bureau)
    grant_role(db, member_id=people["rare"], grant=grant, now=now)
    _cash_value(acts)
    _year(acts)
    _roster_requests(acts, people)
    _energy_statements(acts, people)


def _energy_statements(acts: Acts, people: Mapping[str, int]) -> None:
    """A statement in every state, one of them corrected, with a figure that looks wrong."""
    there, db, tables = acts.town.organisation, acts.db, load_energy_tables()
    officers = [Officer(member, acts.now) for member in list(people.values())[:3]]
    first, second, third = officers
    for institution_id, steps in ((there.bureau, 3), (there.school, 2), (there.hospital, 1)):
        opened = open_year(db, institution_id=institution_id, year=2025, officer=first).id
        figures = [
            Figure("electricity", month, Decimal(52_000 if month == 3 else 5200), "kWh")
            for month in range(1, 13)
        ]
        put_figures(db, tables, statement_id=opened, figures=figures, officer=first)
        if steps >= 1:
            submit(db, statement_id=opened, officer=first)
        if steps >= 2:
            review(db, statement_id=opened, officer=second)
        if steps >= 3:
            seal(db, statement_id=opened, officer=third)
            later = correct(db, statement_id=opened, reason="电表倍率填错", officer=first).id
            submit(db, statement_id=later, officer=first)
            review(db, statement_id=later, officer=second)
            seal(db, statement_id=later, officer=third)
    returned = open_year(db, institution_id=there.school, year=2024, officer=first).id
    figure = Figure("petrol", 1, Decimal("1.5"), "L", Decimal(12))
    put_figures(db, tables, statement_id=returned, figures=[figure], officer=first)
    submit(db, statement_id=returned, officer=first)
    send_back(db, statement_id=returned, because="缺二月", officer=second)


def _invitations(acts: Acts) -> None:
    """Open, used up, expired and ended."""
    bureau = acts.town.organisation.bureau
    for ago, department in ((0, None), (1, acts.town.organisation.office), (40, None), (2, None)):
        create_invitation(
            acts.db,
            institution_id=bureau,
            department_id=department,
            ttl=timedelta(days=30),
            max_uses=1,
            now=acts.now - timedelta(days=ago),
            actor_id=None,
        )
    newest = "(SELECT id FROM invitation ORDER BY id DESC LIMIT 1 OFFSET {})"
    acts.db.execute(text(f"UPDATE invitation SET uses = 1 WHERE id = {newest.format(2)}"))
    acts.db.execute(
        text(f"UPDATE invitation SET revoked_at = :now WHERE id = {newest.format(0)}"),
        {"now": acts.now},
    )


def _posters(acts: Acts) -> None:
    """A second batch at the first point, and its first one voided."""
    point = acts.town.bureau_point
    print_posters(acts.db, [point.place.id], scope=EVERYWHERE, actor_id=None, at=acts.now)
    revoke_batch(
        acts.db,
        point.batch_id,
        reason=FREE,
        scope=EVERYWHERE,
        actor_id=acts.admin,
        at=acts.now,
    )


def _cash_value(acts: Acts) -> None:
    bureau = acts.town.organisation.bureau
    switch_cash_value(acts.db, bureau, allowed=True, actor_id=acts.admin, now=acts.now)


def _roster_requests(acts: Acts, people: Mapping[str, int]) -> None:
    """One that waits, an objection, one released and one dismissed; a bound account."""
    db, now, keys = acts.db, acts.now, acts.backend.keys
    code = institution(db, institution_id=acts.town.organisation.bureau).credit_code
    phones = {f"R00{number}": f"1370000000{number}" for number in range(4)}
    rows = [(code, "财务处", number, "王𱖎", phone, "", "") for number, phone in phones.items()]
    import_roster(db, data=a_roster_csv(rows), keys=keys, now=now)
    for number, phone in phones.items():
        said = Statement(code, number, phone, phone_verified=number == "R001")
        for member_id in (a_member(db, name=LONG[:50]), people["rare"]):
            open_request(db, member_id=member_id, said=said, keys=keys, now=now)
    for number, released in (("R002", True), ("R003", False)):
        db.execute(
            text(
                "UPDATE roster_request SET released = :released, decided_at = :now"
                " FROM roster_entry e WHERE e.id = roster_entry_id AND staff_number = :number"
            ),
            {"released": released, "now": now, "number": number},
        )
    db.execute(
        text("UPDATE roster_entry SET bound_member_id = :staff WHERE staff_number = 'R000'"),
        {"staff": acts.town.staff[0]},
    )


def _year(acts: Acts) -> None:
    record_year(
        acts.db,
        institution_id=acts.town.organisation.bureau,
        year=2026,
        headcount=1,
        floor_area_m2=Decimal("0.01"),
        now=acts.now,
    )
