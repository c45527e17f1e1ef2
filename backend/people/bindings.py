"""How a member comes to belong to an institution by invitation, and how often they may try.

Callers commit.
"""

from datetime import datetime, time, timedelta

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import SHANGHAI, business_day
from backend.errors import DomainError, ErrorKind, InvalidInputError, NotFoundError
from backend.people.memberships import begin_membership, lock_member, move_member, require_open
from backend.people.models import BindingAttempt, Invitation
from backend.people.policy import (
    BINDING_ATTEMPTS_A_DAY,
    invitation_digest,
    new_invitation_code,
)
from backend.people.queries import membership_on

_Entry = Row[int, int, int, str, int | None]


class InvitationInvalidError(InvalidInputError):
    """The invitation is unknown, revoked, expired or used up: all look alike."""

    code = "invitation_invalid"


class TooManyBindingAttemptsError(DomainError):
    """The member has tried often enough for one day."""

    code = "too_many_binding_attempts"
    kind = ErrorKind.TOO_MANY


def count_attempt(db: Connection, *, member_id: int, now: datetime) -> None:
    """Counts one attempt to bind, before it is made: five on one Asia/Shanghai day.

    To be committed in a transaction of its own: the refusal of a wrong code rolls the attempt
    itself back and must not take the count with it.

    Args:
        db: a transaction that holds nothing else.
        member_id: who tries.
        now: the instant, aware.

    Raises:
        TooManyBindingAttemptsError: this would be the sixth; `retry_after` reaches to midnight.
    """
    day = business_day(now)
    counter = insert(BindingAttempt).values(member_id=member_id, day=day, attempts=1)
    attempts = db.execute(
        counter.on_conflict_do_update(
            index_elements=[BindingAttempt.member_id, BindingAttempt.day],
            set_={"attempts": BindingAttempt.attempts + 1},
        ).returning(BindingAttempt.attempts)
    ).scalar_one()
    if attempts > BINDING_ATTEMPTS_A_DAY:
        midnight = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
        raise TooManyBindingAttemptsError(
            f"今天已尝试{BINDING_ATTEMPTS_A_DAY}次，请核对邀请码或名册信息后明天再试。",
            retry_after=int((midnight - now).total_seconds()),
        )


def create_invitation(
    db: Connection,
    *,
    institution_id: int,
    department_id: int | None,
    ttl: timedelta,
    max_uses: int,
    now: datetime,
    actor_id: int | None,
) -> str:
    """Makes an invitation code and returns it; it is not kept and shown once.

    Args:
        db: the caller's transaction.
        institution_id: where it binds to.
        department_id: in which department; None leaves it open.
        ttl: how long it may be used.
        max_uses: how many members it may bind, at least one.
        now: the instant, aware.
        actor_id: who made it; None for operator commands.

    Raises:
        NotFoundError: no such institution or department today.
        InvalidInputError: `max_uses` is below one.
    """
    if max_uses < 1:
        raise InvalidInputError("可用次数至少为1次，请修改。")
    require_open(
        db, institution_id=institution_id, department_id=department_id, on=business_day(now)
    )
    code = new_invitation_code()
    invitation_id = db.execute(
        insert(Invitation)
        .values(
            code_sha256=invitation_digest(code),
            institution_id=institution_id,
            department_id=department_id,
            created_by=actor_id,
            created_at=now,
            expires_at=now + ttl,
            max_uses=max_uses,
            uses=0,
        )
        .returning(Invitation.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.INVITATION_CREATE,
        actor_id=actor_id,
        object_type="invitation",
        object_id=invitation_id,
        after={
            "institution_id": institution_id,
            "department_id": department_id,
            "max_uses": max_uses,
            "expires_at": now + ttl,
        },
        at=now,
    )
    return code


def revoke_invitation(
    db: Connection, *, invitation_id: int, now: datetime, actor_id: int | None
) -> None:
    """Ends an invitation; those it has bound stay. Repeating is harmless.

    Raises:
        NotFoundError: there is no such invitation.
    """
    query = select(Invitation.revoked_at).where(Invitation.id == invitation_id).with_for_update()
    row = db.execute(query).one_or_none()
    if row is None:
        raise NotFoundError("没有找到该邀请码，请刷新后重试。")
    if row.revoked_at is not None:
        return
    db.execute(update(Invitation).where(Invitation.id == invitation_id).values(revoked_at=now))
    record(
        db,
        tag=Tag.INVITATION_REVOKE,
        actor_id=actor_id,
        object_type="invitation",
        object_id=invitation_id,
        at=now,
    )


def bind_by_invitation(db: Connection, *, member_id: int, code: str, now: datetime) -> None:
    """Binds a member from today on to the institution that invited them.

    The same invitation again changes nothing and uses nothing up. Call `count_attempt` before.

    Args:
        db: the caller's transaction.
        member_id: who is bound.
        code: as typed; case, blanks and hyphens do not matter.
        now: the instant, aware.

    Raises:
        InvitationInvalidError: unknown, revoked, expired, used up, or its place was closed.
        AlreadyMemberError: the member belongs to another institution.
    """
    lock_member(db, member_id)
    invitation = db.execute(
        select(Invitation.id, Invitation.institution_id, Invitation.department_id)
        .where(
            Invitation.code_sha256 == invitation_digest(code),
            Invitation.revoked_at.is_(None),
            Invitation.expires_at > now,
        )
        .with_for_update()
    ).one_or_none()
    if invitation is None:
        raise _invitation_invalid()
    current = membership_on(db, member_id=member_id, on=business_day(now))
    department_id = invitation.department_id
    if (
        current is not None
        and current.institution_id == invitation.institution_id
        and department_id in (None, current.department_id)
    ):
        return
    used = db.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.uses < Invitation.max_uses)
        .values(uses=Invitation.uses + 1)
        .returning(Invitation.id)
    ).one_or_none()
    if used is None:
        raise _invitation_invalid()
    try:
        bind_from_today(
            db,
            member_id=member_id,
            institution_id=invitation.institution_id,
            department_id=department_id,
            now=now,
        )
    except NotFoundError:
        raise _invitation_invalid() from None


def bind_from_today(
    db: Connection,
    *,
    member_id: int,
    institution_id: int,
    department_id: int | None,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Begins the membership today, or moves a member of the same institution.

    Args:
        db: the caller's transaction.
        member_id: who.
        institution_id: where.
        department_id: in which department, if known.
        now: the instant, aware.
        actor_id: who does it; None for the member.

    Raises:
        NotFoundError: the place does not exist today.
        AlreadyMemberError: the member belongs to another institution.
    """
    today = business_day(now)
    current = membership_on(db, member_id=member_id, on=today)
    if current is not None and current.institution_id == institution_id:
        move_member(
            db,
            member_id=member_id,
            department_id=department_id,
            on=today,
            now=now,
            actor_id=member_id if actor_id is None else actor_id,
        )
        return
    begin_membership(
        db,
        member_id=member_id,
        institution_id=institution_id,
        department_id=department_id,
        valid_from=today,
        now=now,
        actor_id=member_id if actor_id is None else actor_id,
    )


def _invitation_invalid() -> InvitationInvalidError:
    return InvitationInvalidError(
        "邀请码无效、已过期或已用完，请核对，或向本单位管理员索取新的邀请码。"
    )
