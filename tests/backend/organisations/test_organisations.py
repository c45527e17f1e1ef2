"""Institutions, department trees, yearly figures and scopes, on the real database."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from backend.audit.queries import events
from backend.audit.tags import Tag
from backend.errors import InvalidInputError, NotFoundError
from backend.organisations import departments, service
from backend.organisations.models import Department, Institution
from backend.organisations.queries import (
    Scope,
    departments_in,
    departments_under,
    districts,
    institution,
    institution_by_credit_code,
    institution_year,
    institutions,
    institutions_in,
    systems,
)
from tests.builders.organisations import (
    NOW,
    START,
    TODAY,
    Organisation,
    a_credit_code,
    a_department,
    an_institution,
    an_organisation,
)

EVERYTHING = Scope(everything=True)


@pytest.fixture
def city(db: Connection) -> Organisation:
    return an_organisation(db)


def paths(db: Connection, institution_id: int, on: date = TODAY) -> list[str]:
    found = departments_under(db, institution_id=institution_id, on=on)
    return [department.path for department in found]


def test_an_institution_reads_back_as_entered(db: Connection, city: Organisation) -> None:
    code = a_credit_code(9_000_007)
    created = an_institution(
        db, district_id=city.east, system_id=city.system, name=" 市档案馆 ", credit_code=code
    )
    view = institution(db, institution_id=created)
    assert (view.name, view.short_name, view.credit_code) == ("市档案馆", "市档案馆", code)
    assert institution_by_credit_code(db, credit_code=code) == view


def test_a_code_belongs_to_one_institution(db: Connection, city: Organisation) -> None:
    code = a_credit_code(9_000_008)
    an_institution(db, district_id=city.west, system_id=city.system, credit_code=code)
    with pytest.raises(service.InstitutionExistsError):
        an_institution(
            db, district_id=city.east, system_id=city.system, credit_code=f" {code.lower()}"
        )


def test_the_city_comes_before_its_districts(db: Connection, city: Organisation) -> None:
    assert [(view.id, view.parent_id) for view in districts(db)] == [
        (city.city, None),
        (city.east, city.city),
        (city.west, city.city),
    ]
    assert [view.code for view in systems(db)] == ["government"]


@pytest.mark.parametrize("code", ["33010", "3301000", "33010a", "３３０１００"])
def test_a_district_code_is_six_digits(db: Connection, code: str) -> None:
    with pytest.raises(InvalidInputError):
        service.create_district(db, code=code, name="某区", parent_id=None, now=NOW)


def test_renaming_keeps_the_code_and_is_audited(db: Connection, city: Organisation) -> None:
    before = institution(db, institution_id=city.bureau)
    service.rename_institution(
        db,
        institution_id=city.bureau,
        name="市机关事务局",
        short_name="机关局",
        now=NOW,
        actor_id=9,
    )
    after = institution(db, institution_id=city.bureau)
    assert (after.name, after.short_name) == ("市机关事务局", "机关局")
    assert after.credit_code == before.credit_code
    (event, *_) = events(db, object_type="institution", object_id=city.bureau).items
    assert event.tag == Tag.INSTITUTION_RENAME
    assert event.actor_id == 9
    assert (event.before, event.after) == (
        {"name": "市事务局", "short_name": "市事务局"},
        {"name": "市机关事务局", "short_name": "机关局"},
    )


def test_closing_takes_the_departments_along(db: Connection, city: Organisation) -> None:
    service.close_institution(db, institution_id=city.bureau, closed_on=TODAY, now=NOW)
    yesterday = TODAY - timedelta(days=1)
    assert paths(db, city.bureau) == []
    assert "办公室/文印科" in paths(db, city.bureau, yesterday)
    open_today = [view.id for view in institutions(db, scope=EVERYTHING, on=TODAY)]
    assert open_today == [city.school, city.hospital]
    assert len(institutions(db, scope=EVERYTHING, on=yesterday)) == 3
    with pytest.raises(service.AlreadyClosedError):
        service.close_institution(db, institution_id=city.bureau, closed_on=TODAY, now=NOW)
    with pytest.raises(NotFoundError):
        a_department(db, city.bureau, "新处")


def test_nothing_closes_before_it_opened(db: Connection, city: Organisation) -> None:
    before = START - timedelta(days=1)
    with pytest.raises(InvalidInputError):
        service.close_institution(db, institution_id=city.school, closed_on=before, now=NOW)
    with pytest.raises(InvalidInputError):
        departments.close_department(db, department_id=city.finance, closed_on=before, now=NOW)


def test_the_tree_lists_parents_before_children(db: Connection, city: Organisation) -> None:
    assert paths(db, city.bureau) == ["办公室", "办公室/文印科", "财务处"]
    below = departments_under(db, institution_id=city.bureau, department_id=city.office, on=TODAY)
    assert [(view.path, view.depth) for view in below] == [("办公室", 0), ("办公室/文印科", 1)]
    (leaf,) = departments_under(
        db, institution_id=city.bureau, department_id=city.printing, on=TODAY
    )
    assert (leaf.path, leaf.depth, leaf.parent_id) == ("办公室/文印科", 1, city.office)


def test_open_names_are_unique_under_one_parent(db: Connection, city: Organisation) -> None:
    with pytest.raises(departments.DepartmentExistsError):
        a_department(db, city.bureau, "办公室")
    with pytest.raises(departments.DepartmentExistsError):
        a_department(db, city.bureau, "文印科", city.office)
    with pytest.raises(departments.DepartmentExistsError):
        departments.rename_department(db, department_id=city.finance, name="办公室", now=NOW)
    a_department(db, city.bureau, "文印科", city.finance)
    a_department(db, city.school, "办公室")
    departments.close_department(db, department_id=city.printing, closed_on=TODAY, now=NOW)
    a_department(db, city.bureau, "文印科", city.office)


def test_a_parent_lies_in_the_same_institution(db: Connection, city: Organisation) -> None:
    with pytest.raises(NotFoundError):
        a_department(db, city.school, "教务处", city.office)
    with pytest.raises(IntegrityError, match="fk_department_parent"):
        db.execute(
            insert(Department).values(
                institution_id=city.school, parent_id=city.office, name="教务处", created_on=START
            )
        )


def test_moving_takes_the_branch_along(db: Connection, city: Organisation) -> None:
    departments.move_department(db, department_id=city.office, parent_id=city.finance, now=NOW)
    assert paths(db, city.bureau) == ["财务处", "财务处/办公室", "财务处/办公室/文印科"]
    departments.move_department(db, department_id=city.printing, parent_id=None, now=NOW)
    assert paths(db, city.bureau) == ["文印科", "财务处", "财务处/办公室"]


@pytest.mark.parametrize("target", ["office", "printing"])
def test_no_department_lies_below_itself(db: Connection, city: Organisation, target: str) -> None:
    with pytest.raises(departments.DepartmentCycleError):
        departments.move_department(
            db, department_id=city.office, parent_id=getattr(city, target), now=NOW
        )
    assert paths(db, city.bureau) == ["办公室", "办公室/文印科", "财务处"]


def test_a_department_with_open_ones_below_stays(db: Connection, city: Organisation) -> None:
    with pytest.raises(departments.DepartmentInUseError):
        departments.close_department(db, department_id=city.office, closed_on=TODAY, now=NOW)
    departments.close_department(db, department_id=city.printing, closed_on=TODAY, now=NOW)
    departments.close_department(db, department_id=city.office, closed_on=TODAY, now=NOW)
    assert paths(db, city.bureau) == ["财务处"]
    with pytest.raises(service.AlreadyClosedError):
        departments.close_department(db, department_id=city.office, closed_on=TODAY, now=NOW)


def test_a_year_is_what_was_reported_for_it(db: Connection, city: Organisation) -> None:
    for headcount in (120, 118):
        service.record_year(
            db,
            institution_id=city.bureau,
            year=2025,
            headcount=headcount,
            floor_area_m2=Decimal("10250.50"),
            now=NOW,
        )
    view = institution_year(db, institution_id=city.bureau, year=2025)
    assert (view.headcount, view.floor_area_m2) == (118, Decimal("10250.50"))
    with pytest.raises(NotFoundError, match="2026"):
        institution_year(db, institution_id=city.bureau, year=2026)


@pytest.mark.parametrize(
    "headcount, area",
    [(-1, "1"), (1, "-0.01"), (1, "1.001"), (1, "NaN"), (1, "Infinity")],
)
def test_absurd_figures_are_refused(
    db: Connection, city: Organisation, headcount: int, area: str
) -> None:
    with pytest.raises(InvalidInputError):
        service.record_year(
            db,
            institution_id=city.bureau,
            year=2025,
            headcount=headcount,
            floor_area_m2=Decimal(area),
            now=NOW,
        )


def test_a_scope_resolves_to_institutions_and_departments(
    db: Connection, city: Organisation
) -> None:
    ward = a_department(db, city.hospital, "内科")

    def resolved(scope: Scope) -> tuple[set[int], set[int]]:
        return (
            set(db.scalars(institutions_in(scope))),
            set(db.scalars(departments_in(scope))),
        )

    bureau = {city.office, city.printing, city.finance}
    assert resolved(Scope()) == (set(), set())
    assert resolved(EVERYTHING) == ({city.bureau, city.school, city.hospital}, bureau | {ward})
    assert resolved(Scope(district_ids=frozenset({city.west}))) == (
        {city.bureau, city.school},
        bureau,
    )
    assert resolved(Scope(district_ids=frozenset({city.city}))) == resolved(EVERYTHING)
    assert resolved(Scope(institution_ids=frozenset({city.hospital}))) == ({city.hospital}, {ward})
    assert resolved(Scope(department_ids=frozenset({city.office}))) == (
        set(),
        {city.office, city.printing},
    )
    assert resolved(
        Scope(institution_ids=frozenset({city.hospital}), department_ids=frozenset({city.printing}))
    ) == ({city.hospital}, {ward, city.printing})


def test_a_scope_narrows_the_caller_s_own_statement(db: Connection, city: Organisation) -> None:
    scope = Scope(district_ids=frozenset({city.west}))
    names = select(Institution.name).where(Institution.id.in_(institutions_in(scope)))
    assert set(db.scalars(names)) == {"市事务局", "第一中学"}
