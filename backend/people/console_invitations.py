"""Invitations to the console: one link, one person, one role. Callers commit.

Whoever opens the link sets up their own sign-in; nobody else ever knows their password.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, exists, insert, or_, select, update
from sqlalchemy.orm import aliased

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import NotFoundError, UnauthenticatedError
from backend.organisations.queries import Scope, departments_in, institutions_in
from backend.people.console_models import ConsoleInvitation
from backend.people.local_accounts import open_local_account
from backend.people.models import Face, Member, Role, RoleGrant
from backend.people.policy import checked_person_name, code_digest, new_token
from backend.people.queries import Grant
from backend.people.role_queries import scope_name
from backend.people.roles import RoleTerm, check_scope, check_term, grant_role
from backend.people.service import NewSession, create_member, open_session
from backend.text.cleaning import squeezed

INVITATION_LIVES: Final = timedelta(days=7)
INVITERS: Final = (Role.CITY_ADMIN, Role.DISTRICT_MANAGER, Role.INSTITUTION_ADMIN)


class ConsoleInvitationInvalidError(UnauthenticatedError):
    """The link is unknown, used, withdrawn or over, or its inviter's role is: all look alike."""

    code = "console_invitation_invalid"


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom an invitation is for, and to what.

    Attributes:
        name: what the person is called.
        grant: the role and its scope.
        term: when and why it is held.
    """

    name: str
    grant: Grant
    term: RoleTerm


@dataclass(frozen=True, slots=True)
class PendingInvitation:
    """An invitation that nobody has used yet; the code itself is kept by nobody."""

    id: int
    name: str
    grant: Grant
    over: str
    valid_from: date
    valid_until: date | None
    reason: str
    created_at: datetime
    created_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the invited person chooses: a login name and a password, as typed."""

    login_name: str
    password: str


def invite(db: Connection, *, invited: Invited, actor_id: int, now: datetime) -> str:
    """Makes an invitation and returns its code, which is shown once.

    Args:
        db: the caller's transaction.
        invited: whom to what.
        actor_id: who invites.
        now: the instant, aware; the link may be used for seven days.

    Raises:
        InvalidInputError: the name cannot be one.
        RoleScopeError: the role needs another scope, or none.
        RoleTermError: the role would end before it begins.
    """
    check_scope(invited.grant)
    check_term(invited.term, on=business_day(now))
    code, grant, term = new_token(), invited.grant, invited.term
    values = {
        "name": checked_person_name(invited.name),
        "role": grant.role.value,
        "district_id": grant.district_id,
        "institution_id": grant.institution_id,
        "department_id": grant.department_id,
        "valid_from": term.since,
        "valid_until": term.until,
        "reason": term.reason or "",
    }
    invitation_id = db.execute(
        insert(ConsoleInvitation)
        .values(
            **values,
            code_sha256=code_digest(code),
            created_at=now,
            created_by=actor_id,
            expires_at=now + INVITATION_LIVES,
        )
        .returning(ConsoleInvitation.id)
    ).scalar_one()
    _record(db, Tag.CONSOLE_INVITATION_CREATE, invitation_id, actor_id, now, after=values)
    return code


def pending_invitations(db: Connection, *, scope: Scope, now: datetime) -> list[PendingInvitation]:
    """The invitations over a scope that can still be used, the latest first."""
    query = _usable(now).order_by(ConsoleInvitation.id.desc())
    if not scope.everything:
        query = query.where(
            or_(
                ConsoleInvitation.institution_id.in_(institutions_in(scope)),
                ConsoleInvitation.department_id.in_(departments_in(scope)),
                ConsoleInvitation.district_id.in_(scope.district_ids),
            )
        )
    return [_pending(db, row) for row in db.execute(query).all()]


def invitation_with(db: Connection, *, code: str, now: datetime) -> PendingInvitation:
    """The invitation behind a link, for the page that asks for a sign-in; uses nothing up.

    Raises:
        ConsoleInvitationInvalidError: it cannot be used.
    """
    digest = code_digest(squeezed(code))
    row = db.execute(_usable(now).where(ConsoleInvitation.code_sha256 == digest)).one_or_none()
    if row is None:
        raise _invalid()
    return _pending(db, row)


def invitation_to_withdraw(
    db: Connection, *, invitation_id: int, now: datetime
) -> PendingInvitation:
    """An invitation that can still be withdrawn.

    Raises:
        NotFoundError: no such invitation, or it was used, withdrawn or has expired.
    """
    row = db.execute(_usable(now).where(ConsoleInvitation.id == invitation_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这份待接受的邀请，可能已被接受、撤回或过期，请刷新列表。")
    return _pending(db, row)


def accept(db: Connection, *, code: str, sign_in: SignIn, now: datetime) -> NewSession:
    """Uses an invitation up: the account, its sign-in and the role, and a session of the console.

    Of several people at once with the same link, one gets in.

    Args:
        db: the caller's transaction.
        code: what `invite` returned.
        sign_in: what the person chose.
        now: the instant, aware.

    Raises:
        ConsoleInvitationInvalidError: it cannot be used, or was used a moment ago.
        InvalidInputError: the login name cannot be one.
        LoginNameTakenError: somebody has this login name.
        PasswordWeakError: the password is too weak.
    """
    # The second of two waits here for the first, and finds nothing that can be used.
    db.execute(
        select(ConsoleInvitation.id)
        .where(ConsoleInvitation.code_sha256 == code_digest(squeezed(code)))
        .with_for_update()
    )
    found = invitation_with(db, code=code, now=now)
    member_id = create_member(db, display_name=found.name, now=now)
    open_local_account(
        db,
        member_id=member_id,
        login_name=sign_in.login_name,
        password=sign_in.password,
        now=now,
    )
    inviter = _used(db, found.id, member_id, now)
    term = RoleTerm(found.valid_from, found.valid_until, found.reason)
    grant_role(db, member_id=member_id, grant=found.grant, now=now, actor_id=inviter, term=term)
    return open_session(db, member_id=member_id, face=Face.CONSOLE, now=now)


def withdraw(db: Connection, *, invitation_id: int, actor_id: int, now: datetime) -> None:
    """Ends an invitation that nobody has used yet.

    Raises:
        NotFoundError: it was used, withdrawn or has expired.
    """
    ended = db.execute(
        update(ConsoleInvitation)
        .where(ConsoleInvitation.id == invitation_id, *_conditions(now))
        .values(withdrawn_at=now, withdrawn_by=actor_id)
        .returning(ConsoleInvitation.id)
    ).scalar_one_or_none()
    if ended is None:
        raise NotFoundError("这份邀请已被接受、撤回或过期，请刷新列表查看。")
    _record(db, Tag.CONSOLE_INVITATION_WITHDRAW, invitation_id, actor_id, now)


def _invalid() -> ConsoleInvitationInvalidError:
    return ConsoleInvitationInvalidError(
        "邀请链接已使用、已撤回或已过期，请向邀请您的管理员索取新的链接。"
    )


def _used(db: Connection, invitation_id: int, member_id: int, now: datetime) -> int:
    inviter = db.execute(
        update(ConsoleInvitation)
        .where(ConsoleInvitation.id == invitation_id)
        .values(used_at=now, used_by=member_id)
        .returning(ConsoleInvitation.created_by)
    ).scalar_one()
    _record(db, Tag.CONSOLE_INVITATION_ACCEPT, invitation_id, member_id, now)
    return inviter


def _conditions(now: datetime) -> tuple[Any, ...]:
    inviter = aliased(Member)
    # Whoever lost their role or account leaves no way in behind.
    today = business_day(now)
    inviter_stands = exists().where(
        RoleGrant.member_id == ConsoleInvitation.created_by,
        RoleGrant.role.in_([role.value for role in INVITERS]),
        RoleGrant.revoked_at.is_(None),
        RoleGrant.valid_from <= today,
        or_(RoleGrant.valid_until.is_(None), RoleGrant.valid_until > today),
        inviter.id == RoleGrant.member_id,
        inviter.deactivated_at.is_(None),
    )
    return (
        inviter_stands,
        ConsoleInvitation.used_at.is_(None),
        ConsoleInvitation.withdrawn_at.is_(None),
        ConsoleInvitation.expires_at > now,
        or_(
            ConsoleInvitation.valid_until.is_(None),
            ConsoleInvitation.valid_until > today,
        ),
    )


def _usable(now: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            ConsoleInvitation.id,
            ConsoleInvitation.name,
            ConsoleInvitation.role,
            ConsoleInvitation.district_id,
            ConsoleInvitation.institution_id,
            ConsoleInvitation.department_id,
            ConsoleInvitation.valid_from,
            ConsoleInvitation.valid_until,
            ConsoleInvitation.reason,
            ConsoleInvitation.created_at,
            Member.display_name,
            ConsoleInvitation.expires_at,
        )
        .join(Member, Member.id == ConsoleInvitation.created_by)
        .where(*_conditions(now))
    )


def _pending(db: Connection, row: Any) -> PendingInvitation:
    invitation_id, name, role, district, institution, department, *rest = row
    grant = Grant(Role(role), district, institution, department)
    return PendingInvitation(invitation_id, name, grant, scope_name(db, grant), *rest)


def _record(
    db: Connection,
    tag: Tag,
    invitation_id: int,
    actor_id: int,
    now: datetime,
    after: dict[str, Any] | None = None,
) -> None:
    record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="console_invitation",
        object_id=invitation_id,
        after=after,
        at=now,
    )
