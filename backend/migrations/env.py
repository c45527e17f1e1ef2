"""How Alembic runs a migration here: one at a time, with time limits, one transaction each."""

from alembic import context
from sqlalchemy import Connection, text

from backend.db.migrate import LOCK_KEY
from backend.schema import METADATA

_STATEMENT_TIMEOUT = "30s"
_LOCK_TIMEOUT = "4s"
_QUEUE_TIMEOUT = "60s"  # for another process that is migrating the same database


def run(connection: Connection) -> None:
    """Applies the requested revisions on this connection; the caller commits."""
    connection.execute(text(f"SET lock_timeout = '{_QUEUE_TIMEOUT}'"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
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
