"""Connections to PostgreSQL: one engine a process, every session under the application's role."""

from sqlalchemy import Engine, create_engine, make_url

APPLICATION_ROLE = "tanpuhui_app"
_WEB_STATEMENT_TIMEOUT_MS = 5_000
_LOCK_TIMEOUT_MS = 2_000


def make_engine(
    url: str,
    *,
    pool_size: int = 8,
    statement_timeout_ms: int = _WEB_STATEMENT_TIMEOUT_MS,
    owner: bool = False,
) -> Engine:
    """Builds the engine; opens no connection yet.

    Every connection takes the role `tanpuhui_app`, which may not update or delete what is
    append-only; migrations alone run as the owner.

    Args:
        url: a PostgreSQL URL; the psycopg 3 driver is used whatever driver it names.
        pool_size: connections held per process.
        statement_timeout_ms: the server ends a longer statement (0: never).
        owner: keep the role the URL logs in as (migrations, tests that break things).
    """
    options = [
        f"-c statement_timeout={statement_timeout_ms}",
        f"-c lock_timeout={_LOCK_TIMEOUT_MS}",
        "-c timezone=UTC",
    ]
    if not owner:
        options.append(f"-c role={APPLICATION_ROLE}")
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=2,
        pool_recycle=300,
        pool_timeout=3,
        connect_args={
            "options": " ".join(options),
            "connect_timeout": 3,
            # A server that went silent is given up after five seconds, not after minutes.
            "tcp_user_timeout": 5_000,
        },
    )
