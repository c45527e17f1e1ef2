"""Connections to PostgreSQL: one engine a process, every session under a login of the program."""

import hashlib
import hmac
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event, make_url

from backend.errors import DomainError, ErrorKind

# The group whose members may do what the program does, and the two that log in: their time limits
# stand on the roles, so that they hold behind a pooler too.
APPLICATION_ROLE = "tanpuhui_app"
WEB_LOGIN = "tanpuhui_web"
JOBS_LOGIN = "tanpuhui_jobs"
LOGINS = (WEB_LOGIN, JOBS_LOGIN)

_OWNER_STATEMENT_TIMEOUT_MS = 5_000
_OWNER_LOCK_TIMEOUT_MS = 2_000


class DatabaseLoginError(DomainError):
    """The database lets this process do more than it should, or wait for ever."""

    code = "database_login"
    kind = ErrorKind.UNAVAILABLE


def make_engine(
    url: str,
    *,
    pool_size: int = 8,
    statement_timeout_ms: int = _OWNER_STATEMENT_TIMEOUT_MS,
    owner: bool = False,
    jobs: bool = False,
    secret: str = "",
    prepared: bool = True,
) -> Engine:
    """Builds the engine; opens no connection yet.

    Every connection logs in as `tanpuhui_web` or `tanpuhui_jobs`, which may not update or delete
    what is append-only; migrations alone run as the owner. Each new connection is asked who it is.

    Args:
        url: a PostgreSQL URL; the psycopg 3 driver is used whatever driver it names. Where it logs
            in as somebody else, the program's own login takes their place.
        pool_size: connections held per process.
        statement_timeout_ms: of the owner alone: the server ends a longer statement (0: never).
        owner: keep the role the URL logs in as (migrations, tests that break things).
        jobs: log in as `tanpuhui_jobs`, whose statements may take longer.
        secret: the installation's root key, of which the login's password is made where the URL has
            one for somebody else.
        prepared: keep prepared statements on the server; not behind a pooler that shares sessions
            between clients.
    """
    given = make_url(url).set(drivername="postgresql+psycopg")
    connect_args: dict[str, Any] = {
        "connect_timeout": 3,
        # A server that went silent is given up after five seconds, not after minutes.
        "tcp_user_timeout": 5_000,
    }
    if owner:
        connect_args["options"] = (
            f"-c statement_timeout={statement_timeout_ms}"
            f" -c lock_timeout={_OWNER_LOCK_TIMEOUT_MS} -c timezone=UTC"
        )
    if not prepared:
        connect_args["prepare_threshold"] = None
    engine = create_engine(
        given if owner else _as_login(given, JOBS_LOGIN if jobs else WEB_LOGIN, secret),
        pool_size=pool_size,
        max_overflow=2,
        pool_recycle=300,
        pool_timeout=3,
        connect_args=connect_args,
    )
    if not owner:
        event.listen(engine, "connect", _require_login)
    return engine


def _as_login(url: URL, login: str, secret: str) -> URL:
    if url.username in LOGINS:
        return url
    password = login_password(login, secret) if url.password and secret else None
    return URL.create(url.drivername, login, password, url.host, url.port, url.database, url.query)


def login_password(login: str, secret: str) -> str:
    """The password that an installation gives one of its logins."""
    return hmac.digest(secret.encode(), f"database login {login}".encode(), hashlib.sha256).hex()


_SESSION = """
SELECT current_user, rolsuper, pg_has_role(current_user, %s, 'USAGE'),
       current_setting('statement_timeout') <> '0' AND current_setting('lock_timeout') <> '0'
  FROM pg_roles WHERE rolname = current_user
"""


def _require_login(connection: psycopg.Connection[tuple[Any, ...]], _record: object) -> None:
    """Refuses a session that a pooler or a URL opened as somebody else, or without time limits.

    Raises:
        DatabaseLoginError: says what is wrong with it.
    """
    found = connection.execute(_SESSION, (APPLICATION_ROLE,)).fetchone()
    connection.rollback()
    assert found is not None  # noqa: S101 - everybody is in pg_roles
    user, superuser, member, limited = found
    if user not in LOGINS or superuser or not member:
        problem = f"连接到数据库的账号是 {user}，不是本程序的账号"
    elif not limited:
        problem = f"数据库账号 {user} 没有设置语句与锁的时限"
    else:
        return
    connection.close()
    raise DatabaseLoginError(
        f"{problem}，为免越权或无限等待，已停止使用。请检查 TANPUHUI_DATABASE_URL 与连接池的登录"
        f"账号（应为 {WEB_LOGIN} 或 {JOBS_LOGIN}），再执行 tanpuhui db upgrade。"
    )
