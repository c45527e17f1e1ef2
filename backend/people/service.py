"""Members and their logins: accounts, sessions, one-time links. Callers commit."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import Connection, func, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import (
    ForbiddenError,
    InvalidInputError,
    UnauthenticatedError,
    field_errors,
)
from backend.people.models import (
    AccessToken,
    Face,
    LoginLink,
    Member,
    MemberIdentity,
    Provider,
)
from backend.people.policy import (
    CONSOLE_IDLE,
    CONSOLE_SEEN_RESOLUTION,
    CONSOLE_TOKEN_LIFE,
    MEMBER_TOKEN_LIFE,
    SEEN_RESOLUTION,
    code_digest,
    new_token,
)
from backend.people.queries import Actor, MemberView, member_view, token_holder
from backend.ports.keys import SESSION_KEY, KeyRing
from backend.ports.wechat import WeChatSession
from backend.text.cleaning import squeezed

_TOKEN_LIFE = {Face.API: MEMBER_TOKEN_LIFE, Face.CONSOLE: CONSOLE_TOKEN_LIFE}


class LoginLinkInvalidError(UnauthenticatedError):
    """The code of a login link is unknown, used, expired, or opens the other face."""

    code = "login_link_invalid"


class ProviderNotConfiguredError(InvalidInputError):
    """This installation has no connection to the identity provider."""

    code = "provider_not_configured"


class AccountDeactivatedError(ForbiddenError):
    """The member's account was closed."""

    code = "account_deactivated"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A login: the bearer token, told once and stored as its SHA-256, and whom it speaks for."""

    token: str
    expires_at: datetime
    member: MemberView


def authenticate(db: Connection, *, token: str, now: datetime, face: Face = Face.API) -> Actor:
    """The actor behind a bearer token: one statement, plus one update a day and token.

    A member's token lives 30 days from the day it was last used; a console's 12 hours from login,
    and ends when it was not used for half an hour (GB/T 22239, 8.1.4.1 b).

    Args:
        db: the request's transaction.
        token: as the client sent it.
        now: the instant, aware.
        face: which face was asked; a token opens the face it was made for and no other.

    Raises:
        UnauthenticatedError: unknown, revoked, expired, of the other face, or its member is
            deactivated or erased. All look alike.
    """
    holder = token_holder(db, digest=code_digest(token), face=face, now=now)
    if holder is None:
        raise UnauthenticatedError("登录已失效，请重新登录。")
    idle = now - holder.last_seen_at
    if face is Face.CONSOLE and idle > CONSOLE_IDLE:
        raise UnauthenticatedError("太久没有操作，登录已失效，请重新登录。")
    if idle >= (CONSOLE_SEEN_RESOLUTION if face is Face.CONSOLE else SEEN_RESOLUTION):
        longer = {} if face is Face.CONSOLE else {"expires_at": now + _TOKEN_LIFE[face]}
        db.execute(
            update(AccessToken)
            .where(AccessToken.id == holder.token_id)
            .values(last_seen_at=now, **longer)
        )
    return holder.actor


def create_member(
    db: Connection,
    *,
    display_name: str,
    now: datetime,
    actor_id: int | None = None,
) -> int:
    """Opens an account and returns its id.

    Args:
        db: the caller's transaction.
        display_name: shown to others; not an identity.
        now: the instant, aware.
        actor_id: who opened it; None when the member did so by logging in.
    """
    member_id = db.execute(
        insert(Member).values(display_name=display_name, created_at=now).returning(Member.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.MEMBER_CREATE,
        actor_id=actor_id,
        object_type="member",
        object_id=member_id,
        at=now,
    )
    return member_id


def log_in_wechat(
    db: Connection, *, session: WeChatSession, keys: KeyRing, now: datetime
) -> NewSession:
    """Logs in who WeChat vouches for; the first login opens a citizen's account.

    The exchange of the code is the caller's, before it opens a transaction: a slow WeChat must
    hold no database connection.

    Args:
        db: the caller's transaction.
        session: what `WeChat.exchange_code` returned.
        keys: encrypts the session key, bound to the openid.
        now: the instant, aware.

    Raises:
        AccountDeactivatedError: the account was closed.
    """
    # Without an openid everybody would be one and the same person.
    if not session.openid.strip():
        raise ValueError("WeChat vouches for nobody: the openid is empty")
    # Two first logins of one user at once: the second waits here and finds the first's account.
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(session.openid, 0))))
    sealed = keys.seal(SESSION_KEY, session.session_key.encode(), session.openid.encode())
    member_id = db.execute(
        update(MemberIdentity)
        .where(
            MemberIdentity.provider == Provider.WECHAT.value,
            MemberIdentity.subject == session.openid,
        )
        .values(session_key_encrypted=sealed)
        .returning(MemberIdentity.member_id)
    ).scalar_one_or_none()
    if member_id is None:
        name = f"市民{secrets.randbelow(10**6):06d}"
        member_id = create_member(db, display_name=name, now=now)
        db.execute(
            insert(MemberIdentity).values(
                provider=Provider.WECHAT.value,
                subject=session.openid,
                member_id=member_id,
                session_key_encrypted=sealed,
                created_at=now,
            )
        )
    return open_session(db, member_id=member_id, face=Face.API, now=now)


def log_in_zzd() -> NoReturn:
    """浙政钉 is an identity provider by name; no installation is connected to it yet.

    Raises:
        ProviderNotConfiguredError: always.
    """
    sentence = "本系统尚未接入浙政钉登录，请使用微信或管理员提供的登录链接。"
    raise ProviderNotConfiguredError(
        sentence, fields=field_errors({"provider": sentence}, ProviderNotConfiguredError.code)
    )


def create_login_link(
    db: Connection,
    *,
    member_id: int,
    purpose: Face,
    ttl: timedelta,
    now: datetime,
    actor_id: int | None = None,
) -> str:
    """Makes a one-time login code for a member and returns it; it is not kept and shown once.

    Args:
        db: the caller's transaction.
        member_id: whom it logs in.
        purpose: the face it opens.
        ttl: how long it may be used.
        now: the instant, aware.
        actor_id: who made it; None for operator commands.
    """
    code = new_token()
    link_id = db.execute(
        insert(LoginLink)
        .values(
            code_sha256=code_digest(code),
            member_id=member_id,
            purpose=purpose.value,
            created_at=now,
            expires_at=now + ttl,
        )
        .returning(LoginLink.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.LOGIN_LINK_CREATE,
        actor_id=actor_id,
        object_type="login_link",
        object_id=link_id,
        after={"member_id": member_id, "purpose": purpose},
        at=now,
    )
    return code


def log_in_link(db: Connection, *, code: str, purpose: Face, now: datetime) -> NewSession:
    """Logs in by a one-time link; of several at once with the same code, one succeeds.

    Args:
        db: the caller's transaction.
        code: what `create_login_link` returned.
        purpose: the face that was asked.
        now: the instant, aware.

    Raises:
        LoginLinkInvalidError: unknown, used, expired, or made for the other face.
        AccountDeactivatedError: the account was closed.
    """
    member_id = db.execute(
        update(LoginLink)
        .where(
            LoginLink.code_sha256 == code_digest(squeezed(code)),
            LoginLink.purpose == purpose.value,
            LoginLink.used_at.is_(None),
            LoginLink.expires_at > now,
        )
        .values(used_at=now)
        .returning(LoginLink.member_id)
    ).scalar_one_or_none()
    if member_id is None:
        raise LoginLinkInvalidError("登录链接已使用或已过期，请向管理员索取新的链接。")
    return open_session(db, member_id=member_id, face=purpose, now=now)


def open_session(db: Connection, *, member_id: int, face: Face, now: datetime) -> NewSession:
    """Makes a token for a member whose identity has been established.

    Raises:
        AccountDeactivatedError: the account was closed or erased.
    """
    active = db.execute(
        select(Member.id).where(
            Member.id == member_id, Member.deactivated_at.is_(None), Member.erased_at.is_(None)
        )
    ).one_or_none()
    if active is None:
        raise AccountDeactivatedError("该账号已停用，请联系本单位管理员。")
    token = new_token()
    expires_at = now + _TOKEN_LIFE[face]
    db.execute(
        insert(AccessToken).values(
            token_sha256=code_digest(token),
            member_id=member_id,
            face=face.value,
            created_at=now,
            expires_at=expires_at,
            last_seen_at=now,
        )
    )
    record(
        db,
        tag=Tag.SESSION_CREATE,
        actor_id=member_id,
        object_type="member",
        object_id=member_id,
        after={"face": face},
        at=now,
    )
    return NewSession(token, expires_at, member_view(db, member_id=member_id, on=business_day(now)))


def log_out(db: Connection, *, token: str, now: datetime) -> None:
    """Revokes one token; an unknown or revoked one is left as it is."""
    member_id = db.execute(
        update(AccessToken)
        .where(AccessToken.token_sha256 == code_digest(token), AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessToken.member_id)
    ).scalar_one_or_none()
    if member_id is not None:
        record(
            db,
            tag=Tag.SESSION_REVOKE,
            actor_id=member_id,
            object_type="member",
            object_id=member_id,
            at=now,
        )


def revoke_all(
    db: Connection, *, member_id: int, now: datetime, actor_id: int | None = None
) -> int:
    """Revokes every token and unused login link of a member; returns how many tokens."""
    revoked = db.execute(
        update(AccessToken)
        .where(AccessToken.member_id == member_id, AccessToken.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(AccessToken.id)
    ).all()
    end_links(db, member_id, now)
    record(
        db,
        tag=Tag.SESSION_REVOKE,
        actor_id=actor_id,
        object_type="member",
        object_id=member_id,
        after={"tokens": len(revoked)},
        at=now,
    )
    return len(revoked)


def end_links(db: Connection, member_id: int, now: datetime) -> None:
    """Uses up every login link of a member that nobody has used."""
    unused = LoginLink.member_id == member_id, LoginLink.used_at.is_(None)
    db.execute(update(LoginLink).where(*unused).values(used_at=now))
