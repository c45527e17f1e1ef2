"""One state of the database, for reads that must agree with each other and may take long."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction that sees what was committed when its first statement ran.

    Statements may run as long as they need, and server-side cursors are planned for being read to
    their end.
    """
    with engine.connect() as connection:
        db = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        with db.begin():
            db.exec_driver_sql("SET LOCAL statement_timeout = 0")
            db.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            db.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
            yield db
