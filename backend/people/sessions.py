"""The logins of a member: listed, and ended one by one or all others at once. Callers commit."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, or_, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.errors import NotFoundError
from backend.people.models import AccessToken, Face, Member
from backend.people.policy import CONSOLE_IDLE, code_digest
from backend.people.service import end_links


@dataclass(frozen=True, slots=True)
class SessionView:
    """A login that is valid: which face it opens, since when, last used when, until when."""

    id: int
    face: Face
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


def _valid(now: datetime) -> tuple[ColumnElement[bool], ...]:
    used = AccessToken.last_seen_at >= now - CONSOLE_IDLE
    return (
        AccessToken.revoked_at.is_(None),
        AccessToken.expires_at > now,
        or_(AccessToken.face != Face.CONSOLE.value, used),
    )


def sessions_of(db: Connection, *, member_id: int, now: datetime) -> list[SessionView]:
    """The valid logins of a member, the latest first."""
    rows = db.execute(
        select(
            AccessToken.id,
            AccessToken.face,
            AccessToken.created_at,
            AccessToken.last_seen_at,
            AccessToken.expires_at,
        )
        .where(AccessToken.member_id == member_id, *_valid(now))
        .order_by(AccessToken.id.desc())
    )
    return [SessionView(session_id, Face(face), *rest) for session_id, face, *rest in rows]


def session_of(db: Connection, *, member_id: int, session_id: int) -> SessionView:
    """One login of a member, valid or not.

    Raises:
        NotFoundError: the member has no such login.
    """
    row = db.execute(
        select(
            AccessToken.id,
            AccessToken.face,
            AccessToken.created_at,
            AccessToken.last_seen_at,
            AccessToken.expires_at,
        ).where(AccessToken.id == session_id, AccessToken.member_id == member_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这次登录，请刷新页面查看。")
    return SessionView(row[0], Face(row[1]), *row[2:])


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """Whether an account is open, how many logins are valid, and when one was last used."""

    deactivated_at: datetime | None
    sessions: int
    last_seen_at: datetime | None


def account_of(db: Connection, *, member_id: int, now: datetime) -> MemberAccount:
    """The account of a member.

    Raises:
        NotFoundError: there is no such member.
    """
    row = db.execute(
        select(
            Member.deactivated_at,
            func.count(AccessToken.id).filter(*_valid(now)),
            func.max(AccessToken.last_seen_at),
        )
        .outerjoin(AccessToken, AccessToken.member_id == Member.id)
        .where(Member.id == member_id)
        .group_by(Member.id)
    ).one_or_none()
    if row is None:
        raise NotFoundError("没有找到该成员，请刷新后重试。")
    return MemberAccount(*row)


def revoke_session(
    db: Connection, *, member_id: int, session_id: int, now: datetime, actor_id: int
) -> None:
    """Revokes one token of a member; one that was revoked before is left as it is.

    Raises:
        NotFoundError: the member has no such token.
    """
    of = db.scalar(select(AccessToken.member_id).where(AccessToken.id == session_id))
    if of != member_id:
        raise NotFoundError("没有找到这次登录，请刷新页面查看。")
    revoked = db.execute(
        update(AccessToken)
        .where(AccessToken.id == session_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessToken.id)
    ).scalar_one_or_none()
    if revoked is not None:
        record(
            db,
            tag=Tag.SESSION_REVOKE,
            actor_id=actor_id,
            object_type="member",
            object_id=member_id,
            after={"tokens": 1},
            at=now,
        )


def token_id(db: Connection, *, token: str) -> int | None:
    """The id of a token, valid or not: which of the logins in a list is this one."""
    return db.scalar(select(AccessToken.id).where(AccessToken.token_sha256 == code_digest(token)))


def revoke_others(db: Connection, *, member_id: int, token: str, now: datetime) -> int:
    """Revokes every token of a member but this one, and unused login links; returns how many."""
    revoked = db.execute(
        update(AccessToken)
        .where(
            AccessToken.member_id == member_id,
            AccessToken.token_sha256 != code_digest(token),
            AccessToken.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(AccessToken.id)
    ).all()
    end_links(db, member_id, now)
    record(
        db,
        tag=Tag.SESSION_REVOKE,
        actor_id=member_id,
        object_type="member",
        object_id=member_id,
        after={"tokens": len(revoked)},
        at=now,
    )
    return len(revoked)
