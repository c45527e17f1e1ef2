"""Login names and passwords of the console. Callers commit.

Passwords are kept as Argon2id (RFC 9106) with OWASP's parameters: 19 MiB, two passes.
"""

import re
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from sqlalchemy import Connection, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.errors import (
    DomainError,
    ErrorKind,
    InvalidInputError,
    UnauthenticatedError,
    field_errors,
)
from backend.people.console_models import LocalAccount
from backend.text.cleaning import squeezed

FAILURES_ALLOWED: Final = 5
LOCKED_FOR: Final = timedelta(minutes=15)
MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 128
_MEMORY_KIB, _PASSES, _LANES, _SALT_BYTES, _HASH_BYTES = 19_456, 2, 1, 16, 32
_LOGIN_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,63}", re.ASCII)
_WRONG: Final = "登录名或密码不正确，请核对后重试；忘记密码请联系管理员。"


class LoginRefusedError(UnauthenticatedError):
    """The login name is unknown or the password wrong: the two look alike."""

    code = "login_refused"


class AccountLockedError(DomainError):
    """Too many wrong passwords in a row; the wait is told."""

    code = "account_locked"
    kind = ErrorKind.TOO_MANY


class LoginNameTakenError(DomainError):
    """Somebody else has this login name."""

    code = "login_name_taken"
    kind = ErrorKind.CONFLICT


class PasswordWeakError(InvalidInputError):
    """The password is too short, too simple, or holds the login name."""

    code = "password_weak"


def checked_login_name(raw: str) -> str:
    """A login name in lower case.

    Raises:
        InvalidInputError: it is too short or too long, or has characters that are not allowed.
    """
    name = squeezed(raw).lower()
    if _LOGIN_NAME.fullmatch(name) is None:
        sentence = "登录名为 3 至 64 个字母、数字或 . _ @ -，以字母或数字开头。"
        raise InvalidInputError(sentence, fields=field_errors({"login_name": sentence}))
    return name


def checked_password(password: str, *, login_name: str) -> str:
    """A password that may be set.

    Raises:
        PasswordWeakError: under 10 or over 128 characters, fewer than three kinds of characters
            (GB/T 22239, 8.1.4.1), or it holds the login name.
    """
    kinds = sum(
        (
            any(each.islower() for each in password),
            any(each.isupper() for each in password),
            any(each.isdigit() for each in password),
            any(not each.isalnum() for each in password),
        )
    )
    fits = MIN_PASSWORD <= len(password) <= MAX_PASSWORD and kinds >= 3
    if not fits or login_name in password.lower():
        sentence = (
            f"密码至少 {MIN_PASSWORD} 位，含大写字母、小写字母、数字、符号中的三种，且不含登录名。"
        )
        raise PasswordWeakError(
            sentence, fields=field_errors({"password": sentence}, PasswordWeakError.code)
        )
    return password


def open_local_account(
    db: Connection, *, member_id: int, login_name: str, password: str, now: datetime
) -> None:
    """Gives a member a login name and a password.

    Args:
        db: the caller's transaction.
        member_id: whose.
        login_name: as typed.
        password: as typed.
        now: the instant, aware.

    Raises:
        InvalidInputError: the login name cannot be one.
        PasswordWeakError: the password is too weak.
        LoginNameTakenError: the login name is somebody's already.
    """
    name = checked_login_name(login_name)
    phc = _hashed(checked_password(password, login_name=name))
    taken = db.scalar(select(LocalAccount.member_id).where(LocalAccount.login_name == name))
    if taken is not None:
        sentence = "这个登录名已被使用，请换一个。"
        raise LoginNameTakenError(
            sentence, fields=field_errors({"login_name": sentence}, LoginNameTakenError.code)
        )
    db.execute(
        insert(LocalAccount).values(
            member_id=member_id,
            login_name=name,
            password_phc=phc,
            password_set_at=now,
            failures=0,
        )
    )
    _record(db, member_id, now)


def change_password(db: Connection, *, member_id: int, password: str, now: datetime) -> None:
    """Sets another password and lifts the lock.

    Raises:
        PasswordWeakError: the password is too weak.
    """
    name = login_name_of(db, member_id=member_id) or ""
    db.execute(
        update(LocalAccount)
        .where(LocalAccount.member_id == member_id)
        .values(
            password_phc=_hashed(checked_password(password, login_name=name)),
            password_set_at=now,
            failures=0,
            unlocks_at=None,
        )
    )
    _record(db, member_id, now)


def login_name_of(db: Connection, *, member_id: int) -> str | None:
    """The login name of a member, if they have one."""
    return db.scalar(select(LocalAccount.login_name).where(LocalAccount.member_id == member_id))


def try_password(
    db: Connection, *, login_name: str, password: str, now: datetime
) -> int | LoginRefusedError | AccountLockedError:
    """The member whose login name and password these are, or why nobody is let in.

    The attempt is counted before the password is looked at, and the row stays locked meanwhile:
    however many guess at once, five are looked at. A refusal is returned and not raised, since
    what was counted has to be committed.

    Args:
        db: a short transaction of its own.
        login_name: as typed.
        password: as typed.
        now: the instant, aware.

    Returns:
        the member; or `LoginRefusedError`: no such login name, or the wrong password; or
        `AccountLockedError`: five wrong ones in a row, `retry_after` says how long to wait.
    """
    account = db.execute(
        select(
            LocalAccount.member_id,
            LocalAccount.password_phc,
            LocalAccount.failures,
            LocalAccount.unlocks_at,
        )
        .where(LocalAccount.login_name == squeezed(login_name).lower()[:64])
        .with_for_update()
    ).one_or_none()
    if account is None:
        _matches(password, _nobodys())
        return LoginRefusedError(_WRONG)
    if account.unlocks_at is not None and account.unlocks_at > now:
        return _locked(account.unlocks_at - now)
    right = _matches(password, account.password_phc)
    failures = 0 if right else account.failures + 1
    locks = failures >= FAILURES_ALLOWED
    db.execute(
        update(LocalAccount)
        .where(LocalAccount.member_id == account.member_id)
        .values(
            failures=0 if locks else failures,
            unlocks_at=now + LOCKED_FOR if locks else None,
        )
    )
    if locks:
        return _locked(LOCKED_FOR)
    if not right:
        return LoginRefusedError(_WRONG)
    return int(account.member_id)


def _locked(wait: timedelta) -> AccountLockedError:
    seconds = int(wait.total_seconds()) + 1
    return AccountLockedError(
        f"连续 {FAILURES_ALLOWED} 次密码错误，账号已锁定，请 {-(-seconds // 60)} 分钟后再试。",
        retry_after=seconds,
    )


def _kdf() -> Argon2id:
    return Argon2id(
        salt=secrets.token_bytes(_SALT_BYTES),
        length=_HASH_BYTES,
        iterations=_PASSES,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )


def _hashed(password: str) -> str:
    return _kdf().derive_phc_encoded(password.encode())


def _matches(password: str, phc: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(password.encode("utf-8", "surrogatepass"), phc)
    except InvalidKey:
        return False
    return True


@cache
def _nobodys() -> str:
    """Verified where there is no account, so that the answer takes as long."""
    return _hashed(secrets.token_urlsafe(16))


def _record(db: Connection, member_id: int, now: datetime) -> None:
    record(
        db,
        tag=Tag.PASSWORD_SET,
        actor_id=member_id,
        object_type="member",
        object_id=member_id,
        at=now,
    )
