"""What an administrator may do to the accounts, roles and invitations of others. Callers commit.

Reach is not enough: whoever runs an institution reaches all of its members, among them those who
run the district. An account is managed by those who could take every role it holds.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.people.access import (
    department_in_scope,
    institution_in_scope,
    member_in_scope,
    scope_of,
)
from backend.people.bindings import revoke_invitation
from backend.people.models import Invitation, Role
from backend.people.queries import Actor, GivenRole, Grant, MemberView, given_roles
from backend.people.roles import revoke_role
from backend.people.service import deactivate_member, revoke_all

MANAGERS: Final = frozenset({Role.CITY_ADMIN, Role.DISTRICT_MANAGER, Role.INSTITUTION_ADMIN})
"""Roles that manage accounts, as far as their scope reaches."""

# Who takes a role away, within their scope: those above it.
_ABOVE: Final[Mapping[Role, frozenset[Role]]] = {
    Role.CITY_ADMIN: frozenset({Role.CITY_ADMIN}),
    Role.AUDITOR: frozenset({Role.CITY_ADMIN}),
    Role.DISTRICT_MANAGER: frozenset({Role.CITY_ADMIN}),
    Role.INSTITUTION_ADMIN: frozenset({Role.CITY_ADMIN, Role.DISTRICT_MANAGER}),
    Role.DEPARTMENT_MANAGER: MANAGERS,
    Role.ATTENDANT: MANAGERS,
}


class AccountAboveError(DomainError):
    """The account is the actor's own, or holds a role that the actor could not take away."""

    code = "account_above"
    kind = ErrorKind.FORBIDDEN


def managed_member(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> MemberView:
    """A member within the reach of the actor's managing roles.

    Raises:
        NotFoundError: no such member, or outside.
    """
    # Without the shortcut to one's own account: managing begins where one's roles reach.
    others = replace(actor, member_id=0)
    return member_in_scope(db, others, member_id, on=business_day(now), roles=MANAGERS)


def may_take(db: Connection, actor: Actor, grant: Grant) -> bool:
    """Whether the actor stands above a role and reaches all that it is held over."""
    roles = _ABOVE[grant.role]
    scope = scope_of(actor, roles=roles)
    if scope.everything:
        return True
    try:
        if grant.institution_id is not None:
            institution_in_scope(db, actor, grant.institution_id, roles=roles)
        elif grant.department_id is not None:
            department_in_scope(db, actor, grant.department_id, roles=roles)
        else:
            return grant.district_id in scope.district_ids
    except NotFoundError:
        return False
    return True


def may_manage(db: Connection, actor: Actor, member: MemberView) -> bool:
    """Whether the actor may close the account or end its logins."""
    return member.id != actor.member_id and all(
        may_take(db, actor, grant) for grant in member.roles
    )


def close_account(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> None:
    """Closes a member's account and ends all of its logins.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: it is not the actor's to close.
    """
    _require_managed(db, actor, member_id, now)
    deactivate_member(db, member_id=member_id, now=now, actor_id=actor.member_id)


def end_sessions(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> int:
    """Ends every login of a member; returns how many there were.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: they are not the actor's to end.
    """
    _require_managed(db, actor, member_id, now)
    return revoke_all(db, member_id=member_id, now=now, actor_id=actor.member_id)


def given_role(
    db: Connection, actor: Actor, member_id: int, grant_id: int, *, now: datetime
) -> tuple[MemberView, GivenRole]:
    """A role that was given to a member within reach, in force or not.

    Raises:
        NotFoundError: no such member or role, or outside.
    """
    member = managed_member(db, actor, member_id, now=now)
    for given in given_roles(db, member_id=member_id):
        if given.id == grant_id:
            return member, given
    raise NotFoundError("没有找到这项角色，请回到成员页面重新打开。")


def take_role(
    db: Connection, actor: Actor, member_id: int, grant_id: int, *, now: datetime
) -> None:
    """Takes a role from a member, from the next request on. Repeating is harmless.

    Raises:
        NotFoundError: no such member or role, or outside.
        AccountAboveError: it is the actor's own role, or one the actor does not stand above.
    """
    _, given = given_role(db, actor, member_id, grant_id, now=now)
    if member_id == actor.member_id or not may_take(db, actor, given.grant):
        raise AccountAboveError("这项角色不能由您收回，请联系上一级管理员。")
    if given.revoked_at is None:
        revoke_role(db, member_id=member_id, grant=given.grant, now=now, actor_id=actor.member_id)


def end_invitation(
    db: Connection, actor: Actor, institution_id: int, invitation_id: int, *, now: datetime
) -> None:
    """Ends an invitation to an institution within reach; those it has bound stay.

    Raises:
        NotFoundError: no such institution or invitation, or outside.
    """
    institution_in_scope(db, actor, institution_id, roles=MANAGERS)
    of = db.scalar(select(Invitation.institution_id).where(Invitation.id == invitation_id))
    if of != institution_id:
        raise NotFoundError("没有找到该邀请码，请刷新后重试。")
    revoke_invitation(db, invitation_id=invitation_id, now=now, actor_id=actor.member_id)


def _require_managed(db: Connection, actor: Actor, member_id: int, now: datetime) -> None:
    member = managed_member(db, actor, member_id, now=now)
    if not may_manage(db, actor, member):
        raise AccountAboveError(
            "不能对自己的账号，或持有同级以上角色的账号进行此操作，请联系上一级管理员。"
        )
