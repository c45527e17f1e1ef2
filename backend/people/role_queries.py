"""Reads roles that were given: of a member, and all of a scope."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, or_, select
from sqlalchemy.orm import aliased

from backend.errors import NotFoundError
from backend.organisations.models import Department, District, Institution
from backend.organisations.queries import Scope, departments_in, institutions_in
from backend.people.models import Member, Role, RoleGrant
from backend.people.queries import Grant

_CITY = "全市"


@dataclass(frozen=True, slots=True)
class GivenRole:
    """A role that was given to a member.

    Attributes:
        id: of the grant.
        member_id, member_name: who received it.
        grant: the role and its scope.
        over: what it is held over, in Chinese.
        valid_from: its first day.
        valid_until: the first day without it, where one was set.
        reason: why it was given.
        granted_at: when it was given.
        granted_by: by whom; None for an operator.
        revoked_at: when it was taken back, if it was.
        revoked_reason: why.
    """

    id: int
    member_id: int
    member_name: str
    grant: Grant
    over: str
    valid_from: date
    valid_until: date | None
    reason: str | None
    granted_at: datetime
    granted_by: str | None
    revoked_at: datetime | None
    revoked_reason: str | None

    def stands(self, on: date) -> bool:
        """Whether it is in force on a day or will be: neither taken back nor run out."""
        return self.revoked_at is None and (self.valid_until is None or self.valid_until > on)


def given_roles(db: Connection, *, member_id: int) -> tuple[GivenRole, ...]:
    """All roles ever given to a member, the latest first."""
    rows = db.execute(_rows().where(RoleGrant.member_id == member_id))
    return tuple(_given(row) for row in rows)


def role_given(db: Connection, *, grant_id: int) -> GivenRole:
    """A role that was given, in force or not.

    Raises:
        NotFoundError: there is no such grant.
    """
    row = db.execute(_rows().where(RoleGrant.id == grant_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这项角色，请回到角色列表重新打开。")
    return _given(row)


def standing_roles(
    db: Connection,
    *,
    scope: Scope,
    on: date,
    role: Role | None = None,
    institution_id: int | None = None,
    search: str = "",
    before: int | None = None,
    limit: int,
) -> list[GivenRole]:
    """Roles over a scope that are in force on a day or will be, the latest first.

    Args:
        db: any transaction.
        scope: what they are held over; roles over more than it are left out.
        on: the Asia/Shanghai day.
        role: only this one.
        institution_id: only over this institution and its departments.
        search: part of the holder's name.
        before: only those given before the grant with this id.
        limit: at most so many.
    """
    query = _rows().where(
        RoleGrant.revoked_at.is_(None),
        or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > on),
        Member.deactivated_at.is_(None),
        Member.erased_at.is_(None),
    )
    if not scope.everything:
        query = query.where(
            or_(
                RoleGrant.institution_id.in_(institutions_in(scope)),
                RoleGrant.department_id.in_(departments_in(scope)),
                RoleGrant.district_id.in_(scope.district_ids),
            )
        )
    if role is not None:
        query = query.where(RoleGrant.role == role.value)
    if institution_id is not None:
        query = query.where(Institution.id == institution_id)
    if search:
        query = query.where(Member.display_name.contains(search, autoescape=True))
    if before is not None:
        query = query.where(RoleGrant.id < before)
    return [_given(row) for row in db.execute(query.limit(limit))]


def administrator_named(db: Connection, *, name: str, on: date) -> int | None:
    """The city administrator with this name whose account is open; the first, if several."""
    return db.scalar(
        select(func.min(Member.id))
        .join(RoleGrant, RoleGrant.member_id == Member.id)
        .where(
            Member.display_name == name,
            Member.deactivated_at.is_(None),
            Member.erased_at.is_(None),
            RoleGrant.role == Role.CITY_ADMIN.value,
            RoleGrant.revoked_at.is_(None),
            RoleGrant.valid_from <= on,
            or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > on),
        )
    )


def scope_name(db: Connection, grant: Grant) -> str:
    """What a role is held over, in Chinese."""
    if grant.district_id is not None:
        query: Select[Any] = select(District.name).where(District.id == grant.district_id)
    elif grant.institution_id is not None:
        query = select(Institution.name).where(Institution.id == grant.institution_id)
    elif grant.department_id is not None:
        query = (
            select(func.concat(Institution.name, " · ", Department.name))
            .join(Institution, Institution.id == Department.institution_id)
            .where(Department.id == grant.department_id)
        )
    else:
        return _CITY
    return str(db.execute(query).scalar_one())


def _rows() -> Select[Any]:
    giver = aliased(Member)
    over = case(
        (RoleGrant.district_id.is_not(None), District.name),
        (
            RoleGrant.department_id.is_not(None),
            func.concat(Institution.name, " · ", Department.name),
        ),
        (RoleGrant.institution_id.is_not(None), Institution.name),
        else_=_CITY,
    )
    return (
        select(
            RoleGrant.id,
            RoleGrant.member_id,
            Member.display_name,
            RoleGrant.role,
            RoleGrant.district_id,
            RoleGrant.institution_id,
            RoleGrant.department_id,
            over,
            RoleGrant.valid_from,
            RoleGrant.valid_until,
            RoleGrant.reason,
            RoleGrant.granted_at,
            giver.display_name,
            RoleGrant.revoked_at,
            RoleGrant.revoked_reason,
        )
        .select_from(RoleGrant)
        .join(Member, Member.id == RoleGrant.member_id)
        .outerjoin(giver, giver.id == RoleGrant.granted_by)
        .outerjoin(District, District.id == RoleGrant.district_id)
        .outerjoin(Department, Department.id == RoleGrant.department_id)
        .outerjoin(
            Institution,
            Institution.id == func.coalesce(RoleGrant.institution_id, Department.institution_id),
        )
        .order_by(RoleGrant.id.desc())
    )


def _given(row: Any) -> GivenRole:
    grant_id, member_id, name, role, district, institution, department, over, *rest = row
    grant = Grant(Role(role), district, institution, department)
    return GivenRole(grant_id, member_id, name, grant, over, *rest)
