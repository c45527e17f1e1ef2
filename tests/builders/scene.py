"""A small city to act in: one institution, two departments of six, two recycling points."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from backend.organisations.departments import create_department
from backend.organisations.models import InstitutionKind
from backend.organisations.policy import credit_code_check_character
from backend.organisations.queries import Scope
from backend.organisations.service import create_district, create_institution, create_system
from backend.people.memberships import begin_membership
from backend.people.service import create_member
from backend.places.codes import PrintedCode, printed_url
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord, WasteClass
from backend.places.service import create_place, print_posters

START = date(2020, 1, 1)
PUBLIC_URL = "http://127.0.0.1:8000"
EVERY_DAY = tuple({"day": day, "from": "00:00", "to": "00:00"} for day in range(1, 8))
OFFICE_HOURS = tuple({"day": day, "from": "08:00", "to": "18:00"} for day in range(1, 6))
# 市民中心 in GCJ-02, rounded; the located point of the scene stands there.
LATITUDE, LONGITUDE = Decimal("30.245900"), Decimal("120.210800")


@dataclass(frozen=True, slots=True)
class Point:
    """A recycling point with the URL of its poster."""

    place: PlaceRecord
    batch_id: int
    url: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Where tests act.

    Attributes:
        institution_id: the institution.
        departments: 综合处 and 财务处.
        members: six of each department, in that order.
        attended: a point with an attendant, open day and night.
        located: a point that wants a position, open in office hours; takes recyclables only.
    """

    institution_id: int
    departments: tuple[int, int]
    members: tuple[int, ...]
    attended: Point
    located: Point


def a_scene(db: Connection, now: datetime, *, members: int = 12) -> Scene:
    """Builds the scene through the real services; the caller commits."""
    institution = _an_institution(db, now)
    first, second = (
        create_department(db, institution_id=institution, name=name, created_on=START, now=now)
        for name in ("综合处", "财务处")
    )
    people = tuple(
        _a_member(db, institution, first if number < members // 2 else second, number, now)
        for number in range(members)
    )
    return Scene(
        institution_id=institution,
        departments=(first, second),
        members=people,
        attended=a_point(db, institution, now, name="一号楼投放点"),
        located=a_point(
            db,
            institution,
            now,
            name="二号楼投放点",
            hours=OFFICE_HOURS,
            accepted=(WasteClass.RECYCLABLE,),
        ),
    )


def _an_institution(db: Connection, now: datetime) -> int:
    city = create_district(db, code="330100", name="杭州市", parent_id=None, now=now)
    return create_institution(
        db,
        credit_code=a_credit_code(1),
        name="杭州市示范局",
        short_name="示范局",
        district_id=create_district(db, code="330106", name="西湖区", parent_id=city, now=now),
        system_id=create_system(db, code="gov", name="机关", now=now),
        kind=InstitutionKind.STATE_ORGAN,
        opened_on=START,
        now=now,
    )


def _a_member(
    db: Connection, institution_id: int, department_id: int, number: int, now: datetime
) -> int:
    member = create_member(db, display_name=f"成员{number + 1}", now=now)
    begin_membership(
        db,
        member_id=member,
        institution_id=institution_id,
        department_id=department_id,
        valid_from=START,
        now=now,
    )
    return member


def a_credit_code(number: int) -> str:
    """A 统一社会信用代码 with a right check character."""
    body = f"11330100MB{number:07d}"
    return body + credit_code_check_character(body)


def a_point(
    db: Connection,
    institution_id: int,
    now: datetime,
    *,
    name: str,
    hours: Sequence[dict[str, object]] = EVERY_DAY,
    accepted: tuple[WasteClass, ...] = tuple(WasteClass),
) -> Point:
    """A recycling point with one print batch."""
    place = create_place(
        db,
        PlaceDraft(
            kind=PlaceKind.RECYCLING_POINT,
            name=name,
            institution_id=institution_id,
            address="解放东路 18 号",
            accepted=accepted,
            hours=tuple(hours),
            latitude=LATITUDE,
            longitude=LONGITUDE,
        ),
        actor_id=None,
        at=now,
    )
    (batch,) = print_posters(db, [place.id], scope=Scope(everything=True), actor_id=None, at=now)
    return Point(place, batch.id, printed_url(PUBLIC_URL, PrintedCode(place.code, batch.key)))
