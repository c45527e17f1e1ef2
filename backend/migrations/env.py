"""How Alembic runs a migration here: one at a time, with time limits, one transaction each."""

from alembic import context
from sqlalchemy import Connection, text

from backend.schema import METADATA

_LOCK_KEY = 0x7A6E_7068  # "tanpuhui"; any constant that no other program uses
_STATEMENT_TIMEOUT = "30s"
_LOCK_TIMEOUT = "4s"


def run(connection: Connection) -> None:
    """Applies the requested revisions on this connection; the caller commits."""
    connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    connection.execute(text(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'"))
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
