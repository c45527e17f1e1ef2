"""Builds the city up: its districts and systems, each code and name once. Callers commit."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, select

from backend.errors import DomainError, ErrorKind, field_errors
from backend.organisations.import_rows import is_city, lies_in
from backend.organisations.models import Department, District, Institution, System
from backend.organisations.policy import checked_name, invalid
from backend.organisations.queries import DistrictView, districts, systems
from backend.organisations.service import SystemExistsError, create_district, create_system
from backend.text.cleaning import half_width


class DistrictExistsError(DomainError):
    """Another district, or the city, has this code or this name."""

    code = "district_exists"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class Founded:
    """Which parts of the organisation stand.

    Attributes:
        city: the city itself.
        districts: at least one of its districts.
        systems: at least one line of administration.
        institutions: at least one institution.
        departments: at least one department.
    """

    city: bool
    districts: bool
    systems: bool
    institutions: bool
    departments: bool


def founded(db: Connection) -> Founded:
    """Which parts of the organisation stand, in one statement."""
    row = db.execute(
        select(
            exists().where(District.parent_id.is_(None)),
            exists().where(District.parent_id.is_not(None)),
            exists(select(System.id)),
            exists(select(Institution.id)),
            exists(select(Department.id)),
        )
    ).one()
    return Founded(*row)


def add_district(
    db: Connection, *, code: str, name: str, now: datetime, actor_id: int | None = None
) -> int:
    """Adds the city, or a district to it, told apart by the code; returns its id.

    A code ending in 00 is the city itself. A district has the prefix of its city.

    Args:
        db: the caller's transaction.
        code: 行政区划代码, six digits.
        name: its name.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        DistrictExistsError: the code or the name is taken.
        InvalidInputError: no six digits, a second city, or a district without its city.
    """
    # One at a time: the name must be free among the others until this is committed.
    db.execute(select(District.id).with_for_update())
    code = half_width(code).strip()
    known = districts(db)
    for each in known:
        if each.code == code:
            raise _district_taken("code", f"代码 {code} 已登记为{each.name}，请核对。")
        if half_width(each.name) == half_width(checked_name(name)):
            raise _district_taken("name", f"{each.name}已登记，代码是 {each.code}，请核对。")
    parent_id = _city_of(code, [each for each in known if each.parent_id is None])
    return create_district(
        db, code=code, name=name, parent_id=parent_id, now=now, actor_id=actor_id
    )


def add_system(
    db: Connection, *, code: str, name: str, now: datetime, actor_id: int | None = None
) -> int:
    """Adds a line of administration (条); returns its id.

    Args:
        db: the caller's transaction.
        code: what files and reports call it, such as `education`.
        name: its name.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        SystemExistsError: the code or the name is taken.
        InvalidInputError: one of them is empty or too long.
    """
    db.execute(select(System.id).with_for_update())
    code, name = checked_name(code, field="code"), checked_name(name)
    for each in systems(db):
        if each.code == code:
            raise _system_taken("code", f"代码 {code} 已登记为{each.name}，请换一个代码。")
        if half_width(each.name) == half_width(name):
            raise _system_taken("name", f"已有名为“{each.name}”的系统，请换一个名称。")
    return create_system(db, code=code, name=name, now=now, actor_id=actor_id)


def _city_of(code: str, cities: list[DistrictView]) -> int | None:
    """The id of the city a district lies in; None for the city itself."""
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise invalid("code", "行政区划代码应为6位数字，请核对。")
    if is_city(code):
        if cities:
            told = f"{cities[0].name}（{cities[0].code}）"
            raise invalid("code", f"城市已登记为{told}，一套系统只管一个城市；区县代码不以00结尾。")
        return None
    if not cities:
        raise invalid("code", f"请先新建城市本身，它的代码以00结尾，如 {code[:4]}00。")
    for city in cities:
        if lies_in(code, city.code):
            return city.id
    raise invalid("code", f"代码不在{cities[0].name}（{cities[0].code}）之内，请核对。")


def _district_taken(field: str, sentence: str) -> DistrictExistsError:
    return DistrictExistsError(
        sentence, fields=field_errors({field: sentence}, DistrictExistsError.code)
    )


def _system_taken(field: str, sentence: str) -> SystemExistsError:
    return SystemExistsError(
        sentence, fields=field_errors({field: sentence}, SystemExistsError.code)
    )
