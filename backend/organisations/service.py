"""Changes the organisation: institutions, department trees, yearly headcount. Callers commit."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.db.seen import require_unchanged
from backend.errors import DomainError, ErrorKind, field_errors
from backend.organisations.models import (
    Department,
    District,
    Institution,
    InstitutionKind,
    InstitutionYear,
    System,
)
from backend.organisations.policy import checked_credit_code, checked_name, invalid
from backend.organisations.queries import district, institution, system


class InstitutionExistsError(DomainError):
    """Another institution already has this 统一社会信用代码."""

    code = "institution_exists"
    kind = ErrorKind.CONFLICT


class SystemExistsError(DomainError):
    """Another system has this name."""

    code = "system_exists"
    kind = ErrorKind.CONFLICT


class AlreadyClosedError(DomainError):
    """It was closed before; closing has one date."""

    code = "already_closed"
    kind = ErrorKind.CONFLICT


def create_district(
    db: Connection,
    *,
    code: str,
    name: str,
    parent_id: int | None,
    now: datetime,
    actor_id: int | None = None,
) -> int:
    """Adds the city (no parent) or a district; returns its id.

    Args:
        db: the caller's transaction.
        code: 行政区划代码, six digits.
        name: its name.
        parent_id: the city it lies in.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        InvalidInputError: the code is not six digits.
    """
    if not (len(code) == 6 and code.isascii() and code.isdigit()):
        raise invalid("code", "行政区划代码应为6位数字，请核对。")
    district_id = db.execute(
        insert(District)
        .values(code=code, name=checked_name(name), parent_id=parent_id)
        .returning(District.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.DISTRICT_CREATE,
        actor_id=actor_id,
        object_type="district",
        object_id=district_id,
        after={"code": code, "name": name, "parent_id": parent_id},
        at=now,
    )
    return district_id


def create_system(
    db: Connection, *, code: str, name: str, now: datetime, actor_id: int | None = None
) -> int:
    """Adds a line of administration (条), such as `education` 教育系统; returns its id."""
    system_id = db.execute(
        insert(System).values(code=code, name=checked_name(name)).returning(System.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.SYSTEM_CREATE,
        actor_id=actor_id,
        object_type="system",
        object_id=system_id,
        after={"code": code, "name": name},
        at=now,
    )
    return system_id


def rename_district(
    db: Connection,
    *,
    district_id: int,
    name: str,
    now: datetime,
    actor_id: int | None = None,
    seen: str | None = None,
) -> None:
    """Gives the city or a district another name; its code stays.

    Raises:
        NotFoundError: there is no such district.
        EditedMeanwhileError: somebody changed it since it had the fingerprint `seen`.
        InvalidInputError: the name is empty or too long.
    """
    db.execute(select(District.id).where(District.id == district_id).with_for_update())
    before = district(db, district_id=district_id)
    require_unchanged(before, seen)
    after = checked_name(name)
    db.execute(update(District).where(District.id == district_id).values(name=after))
    record(
        db,
        tag=Tag.DISTRICT_RENAME,
        actor_id=actor_id,
        object_type="district",
        object_id=district_id,
        before={"name": before.name},
        after={"name": after},
        at=now,
    )


def rename_system(
    db: Connection,
    *,
    system_id: int,
    name: str,
    now: datetime,
    actor_id: int | None = None,
    seen: str | None = None,
) -> None:
    """Gives a line of administration (条) another name; its code stays.

    Raises:
        NotFoundError: there is no such system.
        EditedMeanwhileError: somebody changed it since it had the fingerprint `seen`.
        SystemExistsError: another system has the name.
        InvalidInputError: the name is empty or too long.
    """
    # All of them: the name must be free among the others until this is committed.
    db.execute(select(System.id).with_for_update())
    before = system(db, system_id=system_id)
    require_unchanged(before, seen)
    after = checked_name(name)
    if db.scalar(select(exists().where(System.name == after, System.id != system_id))):
        sentence = f"已有名为“{after}”的系统，请换一个名称。"
        raise SystemExistsError(
            sentence, fields=field_errors({"name": sentence}, SystemExistsError.code)
        )
    db.execute(update(System).where(System.id == system_id).values(name=after))
    record(
        db,
        tag=Tag.SYSTEM_RENAME,
        actor_id=actor_id,
        object_type="system",
        object_id=system_id,
        before={"name": before.name},
        after={"name": after},
        at=now,
    )


def create_institution(  # noqa: PLR0913 -- one keyword for each column of the register of units
    db: Connection,
    *,
    credit_code: str,
    name: str,
    short_name: str = "",
    district_id: int,
    system_id: int,
    kind: InstitutionKind,
    opened_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> int:
    """Adds an institution; returns its id.

    Args:
        db: the caller's transaction.
        credit_code: 统一社会信用代码, checked and normalised.
        name: its full name.
        short_name: what boards show; the full name when empty.
        district_id: its district (块).
        system_id: its system (条).
        kind: 单位性质.
        opened_on: the first day on which it exists.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        CreditCodeError: the code is misspelt.
        InstitutionExistsError: the code is taken.
    """
    code = checked_credit_code(credit_code)
    full_name = checked_name(name)
    values = {
        "credit_code": code,
        "name": full_name,
        "short_name": short_name.strip() or full_name,
        "district_id": district_id,
        "system_id": system_id,
        "kind": kind.value,
        "opened_on": opened_on,
    }
    institution_id = db.execute(
        upsert(Institution)
        .values(values)
        .on_conflict_do_nothing(index_elements=[Institution.credit_code])
        .returning(Institution.id)
    ).scalar_one_or_none()
    if institution_id is None:
        raise InstitutionExistsError(
            f"统一社会信用代码 {code} 已登记，请直接使用已有单位。",
            fields=field_errors({"credit_code": "该代码已登记。"}, InstitutionExistsError.code),
        )
    record(
        db,
        tag=Tag.INSTITUTION_CREATE,
        actor_id=actor_id,
        object_type="institution",
        object_id=institution_id,
        after=values,
        at=now,
    )
    return institution_id


def rename_institution(
    db: Connection,
    *,
    institution_id: int,
    name: str,
    short_name: str = "",
    now: datetime,
    actor_id: int | None = None,
    seen: str | None = None,
) -> None:
    """Gives an institution another name; its code and history stay.

    Args:
        db: the caller's transaction.
        institution_id: the institution.
        name: its full name.
        short_name: what boards show; the full name when empty.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.
        seen: fingerprint of the institution as the actor saw it (`backend.db.seen`).

    Raises:
        NotFoundError: there is no such institution.
        EditedMeanwhileError: somebody changed it since.
    """
    db.execute(select(Institution.id).where(Institution.id == institution_id).with_for_update())
    before = institution(db, institution_id=institution_id)
    require_unchanged(before, seen)
    full_name = checked_name(name)
    after = {"name": full_name, "short_name": short_name.strip() or full_name}
    db.execute(update(Institution).where(Institution.id == institution_id).values(after))
    record(
        db,
        tag=Tag.INSTITUTION_RENAME,
        actor_id=actor_id,
        object_type="institution",
        object_id=institution_id,
        before={"name": before.name, "short_name": before.short_name},
        after=after,
        at=now,
    )


def close_institution(
    db: Connection,
    *,
    institution_id: int,
    closed_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Closes an institution and its open departments from a day on.

    Ending the memberships is `backend.people`'s part (`people.memberships.close_institution`).

    Raises:
        NotFoundError: there is no such institution.
        InvalidInputError: the day lies before its first day.
        AlreadyClosedError: it is closed already.
    """
    before = institution(db, institution_id=institution_id)
    if before.closed_on is not None:
        raise AlreadyClosedError(f"该单位已于{before.closed_on}撤销，无需重复操作。")
    if closed_on < before.opened_on:
        raise invalid("closed_on", f"撤销日期不能早于成立日期{before.opened_on}。")
    db.execute(
        update(Department)
        .where(Department.institution_id == institution_id, Department.closed_on.is_(None))
        .values(closed_on=closed_on)
    )
    db.execute(
        update(Institution).where(Institution.id == institution_id).values(closed_on=closed_on)
    )
    record(
        db,
        tag=Tag.INSTITUTION_CLOSE,
        actor_id=actor_id,
        object_type="institution",
        object_id=institution_id,
        after={"closed_on": closed_on},
        at=now,
    )


def record_year(
    db: Connection,
    *,
    institution_id: int,
    year: int,
    headcount: int,
    floor_area_m2: Decimal,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Writes 用能人数 and 建筑面积 of a calendar year, replacing what was reported before.

    Args:
        db: the caller's transaction.
        institution_id: the institution.
        year: calendar year, 2000 to 2100.
        headcount: 用能人数, people.
        floor_area_m2: 建筑面积 in m², at most two decimals.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        InvalidInputError: a number is negative, or has more than two decimals.
    """
    if headcount < 0:
        raise invalid("headcount", "用能人数不能为负数，请核对。")
    if not floor_area_m2.is_finite() or floor_area_m2 < 0:
        raise invalid("floor_area_m2", "建筑面积不能为负数，请核对。")
    if floor_area_m2 != floor_area_m2.quantize(Decimal("0.01")):
        raise invalid("floor_area_m2", "建筑面积最多保留两位小数，请核对。")
    values = {"headcount": headcount, "floor_area_m2": floor_area_m2}
    db.execute(
        upsert(InstitutionYear)
        .values(institution_id=institution_id, year=year, **values)
        .on_conflict_do_update(
            index_elements=[InstitutionYear.institution_id, InstitutionYear.year], set_=values
        )
    )
    record(
        db,
        tag=Tag.INSTITUTION_YEAR,
        actor_id=actor_id,
        object_type="institution",
        object_id=institution_id,
        after={"year": year, **values},
        at=now,
    )
