"""Statements of the hot path, sent to the driver without building a result object around them.

A drop-off runs three statements; describing their columns anew each time costs as much as running
them. Each connection keeps a cursor per statement, which remembers how its parameters are written.
Rows come as plain tuples, errors as those of SQLAlchemy.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import psycopg
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_CURSORS = "statement_cursors"


def fetch_all(
    db: Connection, statement: str, parameters: Sequence[object] | Mapping[str, object]
) -> list[tuple[Any, ...]]:
    """Runs a statement in the connection's transaction and returns all its rows.

    Args:
        db: begins its transaction if it has none.
        statement: a constant: SQL with `%s` or `%(name)s` for each parameter, which the driver
            prepares when it comes again.
        parameters: their values, in order or by name.

    Raises:
        sqlalchemy.exc.DBAPIError: what the database said, as the class `db.execute` would raise.
    """
    if not db.in_transaction():
        db.begin()
    driver = db.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    cursors: dict[str, psycopg.Cursor[tuple[Any, ...]]] = db.info.setdefault(_CURSORS, {})
    cursor = cursors.get(statement)
    if cursor is None:
        cursor = cursors[statement] = driver.cursor()
    try:
        return cursor.execute(statement, parameters).fetchall()
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


def array(values: Iterable[int | str | bytes | date]) -> str:
    """An array as PostgreSQL writes it, for a parameter that is cast, such as `%s::text[]`.

    The driver writes a list element by element, at ten times the time.
    """
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: int | str | bytes | date) -> str:
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else str(value)
