"""Reads the organisation: districts, systems, institutions, department trees and scopes."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    SQLColumnExpression,
    false,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import aliased

from backend.errors import NotFoundError
from backend.organisations.models import (
    PATH_SEPARATOR,
    Department,
    District,
    Institution,
    InstitutionKind,
    InstitutionYear,
    System,
)


@dataclass(frozen=True, slots=True)
class DistrictView:
    """块: the city (no parent) or one of its districts."""

    id: int
    code: str
    name: str
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class SystemView:
    """条: a line of administration."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class InstitutionView:
    """An institution; `closed_on` is the first day on which it no longer exists."""

    id: int
    credit_code: str
    name: str
    short_name: str
    district_id: int
    system_id: int
    kind: InstitutionKind
    opened_on: date
    closed_on: date | None


@dataclass(frozen=True, slots=True)
class DepartmentView:
    """A department and its path of names from the top of the institution, `办公室/文印科`."""

    id: int
    institution_id: int
    parent_id: int | None
    name: str
    path: str
    depth: int


@dataclass(frozen=True, slots=True)
class YearView:
    """用能人数 (people) and 建筑面积 (m²) of an institution in one calendar year."""

    institution_id: int
    year: int
    headcount: int
    floor_area_m2: Decimal


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the organisation, resolved to institutions and departments inside SQL.

    Attributes:
        everything: the whole city; the ids then do not matter.
        district_ids: these districts and the districts below them.
        institution_ids: these institutions as a whole.
        department_ids: these departments and the departments below them.
    """

    everything: bool = False
    district_ids: frozenset[int] = frozenset()
    institution_ids: frozenset[int] = frozenset()
    department_ids: frozenset[int] = frozenset()


def districts(db: Connection) -> tuple[DistrictView, ...]:
    """The city and its districts by code; the city comes first."""
    rows = db.execute(
        select(District.id, District.code, District.name, District.parent_id).order_by(
            District.parent_id.is_not(None), District.code
        )
    )
    return tuple(DistrictView(**row) for row in rows.mappings())


def district(db: Connection, *, district_id: int) -> DistrictView:
    """The city or one district.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = next((each for each in districts(db) if each.id == district_id), None)
    if found is None:
        raise NotFoundError("没有找到该区县，请刷新后重试。")
    return found


def system(db: Connection, *, system_id: int) -> SystemView:
    """One line of administration.

    Raises:
        NotFoundError: there is none with this id.
    """
    found = next((each for each in systems(db) if each.id == system_id), None)
    if found is None:
        raise NotFoundError("没有找到该系统，请刷新后重试。")
    return found


def systems(db: Connection) -> tuple[SystemView, ...]:
    """The lines of administration in the order they were entered."""
    rows = db.execute(select(System.id, System.code, System.name).order_by(System.id))
    return tuple(SystemView(**row) for row in rows.mappings())


def institutions(
    db: Connection, *, scope: Scope, on: date, system_id: int | None = None
) -> tuple[InstitutionView, ...]:
    """Institutions of a scope that exist on a day, by district and name.

    Args:
        db: any transaction.
        scope: whose; `Scope(everything=True)` for all.
        on: the Asia/Shanghai day.
        system_id: only those of one system (条).
    """
    query = (
        _institution_rows()
        .where(
            Institution.id.in_(institutions_in(scope)),
            _exists(Institution.opened_on, Institution.closed_on, on),
        )
        .order_by(Institution.district_id, Institution.name, Institution.id)
    )
    if system_id is not None:
        query = query.where(Institution.system_id == system_id)
    return tuple(_institution(row) for row in db.execute(query))


def institution(db: Connection, *, institution_id: int) -> InstitutionView:
    """One institution, open or closed.

    Raises:
        NotFoundError: there is none with this id.
    """
    query = _institution_rows().where(Institution.id == institution_id)
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("没有找到该单位，请刷新后重试。")
    return _institution(row)


def institution_by_credit_code(db: Connection, *, credit_code: str) -> InstitutionView | None:
    """The institution with a checked 统一社会信用代码, open or closed; None if there is none."""
    query = _institution_rows().where(Institution.credit_code == credit_code)
    row = db.execute(query).one_or_none()
    return None if row is None else _institution(row)


def institution_named(db: Connection, *, name: str, on: date) -> InstitutionView | None:
    """An institution that has this very name on a day; None if there is none."""
    query = _institution_rows().where(
        Institution.name == name, _exists(Institution.opened_on, Institution.closed_on, on)
    )
    row = db.execute(query.limit(1)).one_or_none()
    return None if row is None else _institution(row)


def _institution_rows() -> Select[int, str, str, str, int, int, str, date, date | None]:
    return select(
        Institution.id,
        Institution.credit_code,
        Institution.name,
        Institution.short_name,
        Institution.district_id,
        Institution.system_id,
        Institution.kind,
        Institution.opened_on,
        Institution.closed_on,
    )


def _institution(row: Row[int, str, str, str, int, int, str, date, date | None]) -> InstitutionView:
    return InstitutionView(
        id=row.id,
        credit_code=row.credit_code,
        name=row.name,
        short_name=row.short_name,
        district_id=row.district_id,
        system_id=row.system_id,
        kind=InstitutionKind(row.kind),
        opened_on=row.opened_on,
        closed_on=row.closed_on,
    )


def institution_year(db: Connection, *, institution_id: int, year: int) -> YearView:
    """用能人数 and 建筑面积 of a year; a year never reported raises, nothing is carried over.

    Raises:
        NotFoundError: the institution reported nothing for the year.
    """
    row = (
        db.execute(
            select(
                InstitutionYear.institution_id,
                InstitutionYear.year,
                InstitutionYear.headcount,
                InstitutionYear.floor_area_m2,
            ).where(InstitutionYear.institution_id == institution_id, InstitutionYear.year == year)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFoundError(f"该单位尚未填报{year}年的用能人数和建筑面积，请先填报。")
    return YearView(**row)


def institutions_around(db: Connection, scope: Scope) -> frozenset[int]:
    """Ids of the institutions that lie in a scope, or of which it holds at least one department."""
    around = select(Department.institution_id).where(Department.id.in_(departments_in(scope)))
    return frozenset(db.scalars(institutions_in(scope).union(around)))


def institutions_in_both(db: Connection, one: Scope, other: Scope) -> frozenset[int]:
    """Ids of the institutions that lie in two scopes as a whole."""
    return frozenset(
        db.scalars(institutions_in(one).where(Institution.id.in_(institutions_in(other))))
    )


def short_names(db: Connection, *, institution_ids: Collection[int]) -> dict[int, str]:
    """What boards and lists call these institutions, by id."""
    rows = db.execute(
        select(Institution.id, Institution.short_name).where(Institution.id.in_(institution_ids))
    )
    return {row.id: row.short_name for row in rows}


def institution_years(
    db: Connection, *, institution_ids: Collection[int]
) -> dict[int, tuple[YearView, ...]]:
    """用能人数 and 建筑面积 of every year reported, the latest first, by institution."""
    rows = db.execute(
        select(
            InstitutionYear.institution_id,
            InstitutionYear.year,
            InstitutionYear.headcount,
            InstitutionYear.floor_area_m2,
        )
        .where(InstitutionYear.institution_id.in_(institution_ids))
        .order_by(InstitutionYear.institution_id, InstitutionYear.year.desc())
    )
    views = (YearView(**row) for row in rows.mappings())
    return {key: tuple(group) for key, group in groupby(views, lambda view: view.institution_id)}


def departments_under(
    db: Connection, *, institution_id: int, department_id: int | None = None, on: date
) -> tuple[DepartmentView, ...]:
    """The departments of an institution that exist on a day, parents before children.

    Args:
        db: any transaction.
        institution_id: the institution.
        department_id: only this department and those below it; its path still starts at the top.
        on: the Asia/Shanghai day.
    """
    top = select(
        Department.id,
        Department.institution_id,
        Department.parent_id,
        Department.name,
        Department.name.label("path"),
        literal(0).label("depth"),
        (Department.id == department_id if department_id is not None else true()).label("inside"),
    ).where(Department.institution_id == institution_id, Department.parent_id.is_(None))
    tree = top.cte(recursive=True)
    child = aliased(Department)
    tree = tree.union_all(
        select(
            child.id,
            child.institution_id,
            child.parent_id,
            child.name,
            (tree.c.path + PATH_SEPARATOR + child.name).label("path"),
            (tree.c.depth + 1).label("depth"),
            (tree.c.inside | (child.id == department_id)).label("inside")
            if department_id is not None
            else tree.c.inside,
        ).join(tree, child.parent_id == tree.c.id)
    )
    rows = db.execute(
        select(
            tree.c.id,
            tree.c.institution_id,
            tree.c.parent_id,
            tree.c.name,
            tree.c.path,
            tree.c.depth,
        )
        .join(Department, Department.id == tree.c.id)
        .where(tree.c.inside, _exists(Department.created_on, Department.closed_on, on))
        .order_by(tree.c.path, tree.c.id)
    )
    return tuple(DepartmentView(**row) for row in rows.mappings())


def institutions_in(scope: Scope) -> Select[int]:
    """Ids of the institutions that lie in a scope as a whole, for `column.in_(…)`."""
    query = select(Institution.id)
    if scope.everything:
        return query
    return query.where(
        _any_of(
            Institution.district_id.in_(_districts_below(scope.district_ids))
            if scope.district_ids
            else None,
            Institution.id.in_(scope.institution_ids) if scope.institution_ids else None,
        )
    )


def departments_in(scope: Scope) -> Select[int]:
    """Ids of the departments that lie in a scope, closed ones included, for `column.in_(…)`."""
    query = select(Department.id)
    if scope.everything:
        return query
    return query.where(
        _any_of(
            Department.institution_id.in_(institutions_in(scope))
            if scope.district_ids or scope.institution_ids
            else None,
            Department.id.in_(_departments_below(scope.department_ids))
            if scope.department_ids
            else None,
        )
    )


def _any_of(*conditions: ColumnElement[bool] | None) -> ColumnElement[bool]:
    """True where one of the given conditions is; nothing given, nothing matches."""
    return or_(false(), *(condition for condition in conditions if condition is not None))


def _districts_below(ids: Iterable[int]) -> Select[int]:
    below = select(District.id).where(District.id.in_(ids)).cte(recursive=True)
    child = aliased(District)
    below = below.union(select(child.id).join(below, child.parent_id == below.c.id))
    return select(below.c.id)


def _departments_below(ids: Iterable[int]) -> Select[int]:
    below = select(Department.id).where(Department.id.in_(ids)).cte(recursive=True)
    child = aliased(Department)
    below = below.union(select(child.id).join(below, child.parent_id == below.c.id))
    return select(below.c.id)


def _exists(
    first: SQLColumnExpression[date], closed_on: SQLColumnExpression[date | None], on: date
) -> ColumnElement[bool]:
    """Whether something with these dates exists on a day; `closed_on` itself is outside."""
    return (first <= on) & (closed_on.is_(None) | (closed_on > on))
