"""Statements of the hot path, sent to the driver without building a result object around them.

A drop-off runs four statements; describing their columns anew each time costs as much as running
them. Rows come as plain tuples, errors as those of SQLAlchemy.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def fetch_all(
    db: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Runs a statement in the connection's transaction and returns all its rows.

    Args:
        db: begins its transaction if it has none.
        statement: SQL with `%s` or `%(name)s` for each parameter; the driver prepares what comes
            again.
        parameters: their values, in order or by name.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database said, as the class `db.execute` would raise.
    """
    if not db.in_transaction():
        db.begin()
    driver = db.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    try:
        found: list[tuple[Any, ...]] = driver.execute(statement, parameters).fetchall()
    except psycopg.Error as error:
        gone = bool(driver.closed)
        if gone:
            db.invalidate(error)
        raised = DBAPIError.instance(
            statement,
            None,
            error,
            psycopg.Error,
            connection_invalidated=gone,
            dialect=db.dialect,
        )
        raise raised from error
    return found
