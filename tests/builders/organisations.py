"""Organisations through the real services."""

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from backend.organisations.departments import create_department
from backend.organisations.models import InstitutionKind
from backend.organisations.policy import credit_code_check_character
from backend.organisations.service import create_district, create_institution, create_system

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 18)
START = date(2020, 1, 1)
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Two districts of one city.

    Attributes:
        city: the city itself.
        west, east: its districts.
        system: the one system.
        bureau: an institution in the west with the departments below.
        office: 办公室 of the bureau.
        printing: 文印科 below it.
        finance: 财务处 of the bureau.
        school: another institution in the west.
        hospital: an institution in the east.
    """

    city: int
    west: int
    east: int
    system: int
    bureau: int
    office: int
    printing: int
    finance: int
    school: int
    hospital: int


def a_credit_code(number: int | None = None) -> str:
    """A 统一社会信用代码 with a right check character; a new one each time without a number."""
    serial = next(_NUMBERS) if number is None else number
    body = f"12330100MC{serial:07d}"
    return body + credit_code_check_character(body)


def an_institution(
    db: Connection,
    *,
    district_id: int,
    system_id: int,
    name: str = "市图书馆",
    credit_code: str | None = None,
    opened_on: date = START,
) -> int:
    return create_institution(
        db,
        credit_code=credit_code or a_credit_code(),
        name=name,
        district_id=district_id,
        system_id=system_id,
        kind=InstitutionKind.PUBLIC_INSTITUTION,
        opened_on=opened_on,
        now=NOW,
    )


def a_department(
    db: Connection, institution_id: int, name: str, parent_id: int | None = None
) -> int:
    return create_department(
        db,
        institution_id=institution_id,
        name=name,
        parent_id=parent_id,
        created_on=START,
        now=NOW,
    )


def an_organisation(db: Connection) -> Organisation:
    """Builds the organisation; the caller commits."""
    city = create_district(db, code="330100", name="杭州市", parent_id=None, now=NOW)
    west = create_district(db, code="330106", name="西湖区", parent_id=city, now=NOW)
    east = create_district(db, code="330102", name="上城区", parent_id=city, now=NOW)
    system = create_system(db, code="government", name="机关", now=NOW)
    bureau, school, hospital = (
        an_institution(db, district_id=district, system_id=system, name=name)
        for name, district in (("市事务局", west), ("第一中学", west), ("第二医院", east))
    )
    office = a_department(db, bureau, "办公室")
    return Organisation(
        city=city,
        west=west,
        east=east,
        system=system,
        bureau=bureau,
        office=office,
        printing=a_department(db, bureau, "文印科", office),
        finance=a_department(db, bureau, "财务处"),
        school=school,
        hospital=hospital,
    )
