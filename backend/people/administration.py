"""What an administrator may do to the accounts, roles and invitations of others. Callers commit.

Reach is not enough: whoever runs an institution reaches all of its members, among them those who
run the district. An account is managed by those who could take every role it holds.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.organisations.queries import Scope
from backend.people.access import (
    department_in_scope,
    institution_in_scope,
    member_in_scope,
    scope_of,
)
from backend.people.bindings import revoke_invitation
from backend.people.closing import deactivate_member, reactivate_member
from backend.people.console_invitations import (
    Invited,
    PendingInvitation,
    invitation_to_withdraw,
    invite,
    withdraw,
)
from backend.people.console_models import GraveAct
from backend.people.models import Face, Invitation, Role
from backend.people.policy import checked_person_name
from backend.people.queries import Actor, Grant, MemberView
from backend.people.role_queries import GivenRole, administrator_named, given_roles, role_given
from backend.people.roles import RoleTerm, grant_role, is_administrator, revoke_role
from backend.people.second_consents import ask
from backend.people.service import create_login_link, create_member, revoke_all
from backend.people.sessions import account_of, revoke_session

LINK_LIVES: Final = timedelta(hours=24)

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


class RoleHeldError(DomainError):
    """The member holds this role already, or the account is closed."""

    code = "role_held"
    kind = ErrorKind.CONFLICT


class NoRoleError(DomainError):
    """The member holds no role: there is nothing for them in the console."""

    code = "no_role"
    kind = ErrorKind.CONFLICT


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
    return _reaches(db, actor, grant, _ABOVE[grant.role])


def _reaches(db: Connection, actor: Actor, grant: Grant, roles: frozenset[Role]) -> bool:
    """Whether all that a role is held over lies in the scope of these roles of the actor."""
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


def may_manage(db: Connection, actor: Actor, member: MemberView, *, now: datetime) -> bool:
    """Whether the actor may close the account or end its logins."""
    standing = (
        given.grant
        for given in given_roles(db, member_id=member.id)
        if given.stands(business_day(now))
    )
    return member.id != actor.member_id and all(may_take(db, actor, grant) for grant in standing)


def close_account(
    db: Connection, actor: Actor, member_id: int, *, reason: str, now: datetime
) -> bool:
    """Closes a member's account and ends all of its logins.

    Returns:
        False for a city administrator's: a second administrator is asked to consent.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: it is not the actor's to close.
        LastAdministratorError: nobody else would run the city.
        AskedAlreadyError: a second administrator is asked already.
    """
    _require_managed(db, actor, member_id, now)
    by = actor.member_id
    if is_administrator(db, member_id=member_id):
        act = GraveAct.ACCOUNT_CLOSE
        ask(db, act=act, member_id=member_id, reason=reason, actor_id=by, now=now)
        return False
    deactivate_member(db, member_id=member_id, now=now, actor_id=by, reason=reason)
    return True


def reopen_account(
    db: Connection, actor: Actor, member_id: int, *, reason: str, now: datetime
) -> None:
    """Opens a closed account again.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: it is not the actor's to open.
        PhoneInUseError: another account in use has its phone.
    """
    _require_managed(db, actor, member_id, now)
    reactivate_member(db, member_id=member_id, now=now, actor_id=actor.member_id, reason=reason)


def end_sessions(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> int:
    """Ends every login of a member; returns how many there were.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: they are not the actor's to end.
    """
    _require_managed(db, actor, member_id, now)
    return revoke_all(db, member_id=member_id, now=now, actor_id=actor.member_id)


def console_link(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> str:
    """Makes a one-time link to the console for somebody with a role; returns its code.

    A city administrator's is made on the machine alone: with it, one administrator could consent
    to their own requests in the name of another.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: the account is not the actor's to manage, or a city administrator's.
        NoRoleError: the member holds no role.
    """
    _require_managed(db, actor, member_id, now)
    if is_administrator(db, member_id=member_id):
        raise AccountAboveError("市级管理员的登录链接只能在服务器上用 tanpuhui people admin 生成。")
    if not managed_member(db, actor, member_id, now=now).roles:
        raise NoRoleError("该成员没有正在生效的角色，请先授予角色，再生成登录链接。")
    return create_login_link(
        db,
        member_id=member_id,
        purpose=Face.CONSOLE,
        ttl=LINK_LIVES,
        now=now,
        actor_id=actor.member_id,
    )


def end_session(
    db: Connection, actor: Actor, member_id: int, session_id: int, *, now: datetime
) -> None:
    """Ends one login of a member. Repeating is harmless.

    Raises:
        NotFoundError: no such member or login, or outside.
        AccountAboveError: it is not the actor's to end.
    """
    _require_managed(db, actor, member_id, now)
    revoke_session(
        db, member_id=member_id, session_id=session_id, now=now, actor_id=actor.member_id
    )


def giving_scope(actor: Actor, role: Role) -> Scope:
    """What the actor may give a role over."""
    return scope_of(actor, roles=_ABOVE[role])


def givable_roles(actor: Actor) -> tuple[Role, ...]:
    """The roles that the actor stands above, in whatever scope."""
    return tuple(role for role in Role if actor.has_role(*_ABOVE[role]))


def give_role(
    db: Connection, actor: Actor, member_id: int, *, grant: Grant, term: RoleTerm, now: datetime
) -> int:
    """Gives a member within reach a role; returns its id.

    Raises:
        NotFoundError: no such member, or outside.
        AccountAboveError: it is the actor's own account, or a role the actor does not stand above.
        RoleHeldError: the member holds this role over this scope already.
        RoleScopeError: the role needs another scope, or none.
        RoleTermError: it would end before it begins.
    """
    member = managed_member(db, actor, member_id, now=now)
    if member.id == actor.member_id:
        raise AccountAboveError("不能给自己授予角色，请由另一名管理员授予。")
    require_givable(db, actor, grant)
    if account_of(db, member_id=member_id, now=now).deactivated_at is not None:
        raise RoleHeldError("这个账号已停用，请先恢复账号，再授予角色。")
    given = grant_role(
        db, member_id=member_id, grant=grant, now=now, actor_id=actor.member_id, term=term
    )
    if given is None:
        raise RoleHeldError("该成员已持有这项角色；要改变期限，请先收回，再重新授予。")
    return given


def require_givable(db: Connection, actor: Actor, grant: Grant) -> None:
    """Lets an actor pass who stands above a role and reaches all that it is held over.

    Raises:
        AccountAboveError: the actor does not.
    """
    if not may_take(db, actor, grant):
        raise AccountAboveError("这项角色不能由您授予，请联系上一级管理员。")


def role_within_reach(db: Connection, actor: Actor, grant_id: int) -> GivenRole:
    """A role, in force or not, over something that lies in the scope of the actor's roles.

    Raises:
        NotFoundError: no such role, or over something outside.
    """
    given = role_given(db, grant_id=grant_id)
    if not _reaches(db, actor, given.grant, MANAGERS):
        raise NotFoundError("没有找到这项角色，请回到角色列表重新打开。")
    return given


def take_role(db: Connection, actor: Actor, grant_id: int, *, reason: str, now: datetime) -> bool:
    """Takes a role from a member, from the next request on. Repeating is harmless.

    Returns:
        False for a city administrator's role: a second administrator is asked to consent.

    Raises:
        NotFoundError: no such role, or outside.
        AccountAboveError: it is the actor's own role, or one the actor does not stand above.
        LastAdministratorError: nobody else would run the city.
        AskedAlreadyError: a second administrator is asked already.
    """
    given = role_within_reach(db, actor, grant_id)
    by, of = actor.member_id, given.member_id
    if of == by or not may_take(db, actor, given.grant):
        raise AccountAboveError("这项角色不能由您收回，请联系上一级管理员。")
    if given.revoked_at is not None:
        return True
    if given.grant.role is Role.CITY_ADMIN:
        act = GraveAct.ROLE_TAKE
        ask(db, act=act, member_id=of, grant_id=grant_id, reason=reason, actor_id=by, now=now)
        return False
    revoke_role(db, member_id=of, grant=given.grant, now=now, actor_id=by, reason=reason)
    return True


def invite_to_console(db: Connection, actor: Actor, invited: Invited, *, now: datetime) -> str:
    """Invites somebody to the console; returns the code of the link, shown once.

    Raises:
        AccountAboveError: the actor does not stand above the role.
        InvalidInputError: the name cannot be one.
        RoleScopeError: the role needs another scope, or none.
        RoleTermError: it would end before it begins.
    """
    require_givable(db, actor, invited.grant)
    return invite(db, invited=invited, actor_id=actor.member_id, now=now)


def invitation_within_reach(
    db: Connection, actor: Actor, invitation_id: int, *, now: datetime
) -> PendingInvitation:
    """An invitation that nobody has used, to a role over something the actor reaches.

    Raises:
        NotFoundError: no such invitation, not pending any more, or outside.
    """
    found = invitation_to_withdraw(db, invitation_id=invitation_id, now=now)
    if not _reaches(db, actor, found.grant, MANAGERS):
        raise NotFoundError("没有找到这份待接受的邀请，请刷新列表。")
    return found


def withdraw_from_console(
    db: Connection, actor: Actor, invitation_id: int, *, now: datetime
) -> None:
    """Ends an invitation to the console that nobody has used.

    Raises:
        NotFoundError: no such invitation, not pending any more, or outside.
        AccountAboveError: the actor does not stand above its role.
    """
    found = invitation_within_reach(db, actor, invitation_id, now=now)
    if not may_take(db, actor, found.grant):
        raise AccountAboveError("这份邀请不能由您撤回，请联系上一级管理员。")
    withdraw(db, invitation_id=invitation_id, actor_id=actor.member_id, now=now)


def first_administrator(db: Connection, *, name: str, now: datetime) -> int:
    """The city administrator of a name, who is let in from the machine; made where there is none.

    Args:
        db: the caller's transaction.
        name: as typed; another kind of blank or width is the same name.
        now: the instant, aware.

    Raises:
        InvalidInputError: the name cannot be a person's.
    """
    display_name = checked_person_name(name)
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(display_name, 1))))
    member_id = administrator_named(db, name=display_name, on=business_day(now))
    if member_id is None:
        member_id = create_member(db, display_name=display_name, now=now)
        grant_role(db, member_id=member_id, grant=Grant(Role.CITY_ADMIN), now=now)
    return member_id


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
    if not may_manage(db, actor, member, now=now):
        raise AccountAboveError(
            "不能对自己的账号，或持有同级以上角色的账号进行此操作，请联系上一级管理员。"
        )
