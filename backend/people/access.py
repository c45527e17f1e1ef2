"""The one way to the objects of others: through the actor, scoped by organisation.

An object outside the scope raises the same `NotFoundError` as one that does not exist.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

from sqlalchemy import Connection, exists, or_, select

from backend.errors import ForbiddenError, NotFoundError
from backend.organisations.models import Department, Institution
from backend.organisations.queries import (
    InstitutionView,
    Scope,
    departments_in,
    institution,
    institutions_in,
)
from backend.people.models import Membership, Role
from backend.people.queries import Actor, MemberView, member_view

WRITERS: Final = frozenset(
    {
        Role.CITY_ADMIN,
        Role.DISTRICT_MANAGER,
        Role.INSTITUTION_ADMIN,
        Role.DEPARTMENT_MANAGER,
    }
)
"""Roles that may change what lies in their scope, as far as a feature lets them."""

READERS: Final = WRITERS | {Role.AUDITOR}
"""Roles that may see what lies in their scope."""

_CITYWIDE: Final = frozenset({Role.CITY_ADMIN, Role.AUDITOR})


def require_role(actor: Actor, *roles: Role) -> None:
    """Lets an actor with one of the roles pass, in whatever scope it holds.

    Raises:
        ForbiddenError: none of the roles is in force.
    """
    if not actor.has_role(*roles):
        raise ForbiddenError("您没有权限进行此操作，如有需要请联系管理员。")


def scope_of(actor: Actor, *, roles: Collection[Role] = READERS) -> Scope:
    """What the actor may reach by these roles: the union over the grants in force.

    Args:
        actor: who asks.
        roles: which of the actor's roles count. Nothing is reached without one.
    """
    grants = [grant for grant in actor.roles if grant.role in roles]
    return Scope(
        everything=any(grant.role in _CITYWIDE for grant in grants),
        district_ids=frozenset(g.district_id for g in grants if g.district_id is not None),
        institution_ids=frozenset(g.institution_id for g in grants if g.institution_id is not None),
        department_ids=frozenset(g.department_id for g in grants if g.department_id is not None),
    )


def institution_in_scope(
    db: Connection, actor: Actor, institution_id: int, *, roles: Collection[Role] = READERS
) -> InstitutionView:
    """An institution that lies in the actor's scope as a whole.

    Raises:
        NotFoundError: it does not exist or lies outside.
    """
    inside = institutions_in(scope_of(actor, roles=roles)).where(Institution.id == institution_id)
    if not db.scalar(select(exists(inside))):
        raise NotFoundError("没有找到该单位，请刷新后重试。")
    return institution(db, institution_id=institution_id)


def department_in_scope(
    db: Connection, actor: Actor, department_id: int, *, roles: Collection[Role] = READERS
) -> int:
    """The id of a department that lies in the actor's scope.

    Raises:
        NotFoundError: it does not exist or lies outside.
    """
    inside = departments_in(scope_of(actor, roles=roles)).where(Department.id == department_id)
    if not db.scalar(select(exists(inside))):
        raise NotFoundError("没有找到该部门，请刷新后重试。")
    return department_id


def member_in_scope(
    db: Connection,
    actor: Actor,
    member_id: int,
    *,
    on: date,
    roles: Collection[Role] = READERS,
) -> MemberView:
    """The actor's own account, or a member who on that day belongs to the actor's scope.

    Citizens belong to no institution: only the whole city's roles reach them.

    Args:
        db: any transaction.
        actor: who asks.
        member_id: whom they ask for.
        on: the Asia/Shanghai day whose membership counts; today, unless history is asked for.
        roles: which of the actor's roles count.

    Raises:
        NotFoundError: the member does not exist, was erased, or lies outside.
    """
    scope = scope_of(actor, roles=roles)
    if member_id != actor.member_id and not scope.everything:
        inside = exists().where(
            Membership.member_id == member_id,
            Membership.valid_from <= on,
            or_(Membership.valid_until.is_(None), Membership.valid_until > on),
            or_(
                Membership.institution_id.in_(institutions_in(scope)),
                Membership.department_id.in_(departments_in(scope)),
            ),
        )
        if not db.scalar(select(inside)):
            raise NotFoundError("没有找到该成员，请刷新后重试。")
    return member_view(db, member_id=member_id, on=on)
