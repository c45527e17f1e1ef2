"""One state of the database, for reads that must agree with each other and may take long."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, literal, text


@contextmanager
def snapshot(engine: Engine, *, name: str | None = None) -> Iterator[Connection]:
    """A read-only transaction that sees what was committed when its first statement ran.

    Statements may run as long as they need, and server-side cursors are planned for being read to
    their end.

    Args:
        engine: where.
        name: a snapshot that another transaction has `exported`, to see the same; that transaction
            must still be open.
    """
    with engine.connect() as connection:
        db = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with db.begin():
            if name is not None:
                # A utility statement takes no parameters.
                quoted = literal(name).compile(db, compile_kwargs={"literal_binds": True})
                db.exec_driver_sql(f"SET TRANSACTION SNAPSHOT {quoted}")
            db.exec_driver_sql("SET LOCAL statement_timeout = 0")
            db.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            db.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
            yield db


def exported(db: Connection) -> str:
    """The name under which other transactions see what this `snapshot` sees while it is open."""
    name: str = db.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    return name
