"""Statements sent straight to the driver: rows, errors, and a connection that goes on."""

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from backend.db.engine import make_engine
from backend.db.statements import fetch_all

_HALF = "SELECT %s::bigint / %s::bigint, %s::text"


def test_rows_come_as_tuples_by_position_and_by_name(db: Connection) -> None:
    assert fetch_all(db, _HALF, (8, 2, "a")) == [(4, "a")]
    assert fetch_all(db, _HALF, (9, 3, None)) == [(3, None)]
    assert fetch_all(db, "SELECT %(n)s::bigint", {"n": 7}) == [(7,)]


def test_a_refused_statement_runs_again_after_the_rollback(db: Connection) -> None:
    fetch_all(db, _HALF, (8, 2, "a"))
    with pytest.raises(DataError), db.begin_nested():
        fetch_all(db, _HALF, (8, 0, "a"))
    assert fetch_all(db, _HALF, (8, 4, "b")) == [(2, "b")]


def test_a_lost_connection_is_told_and_replaced(database: str) -> None:
    engine, owner = make_engine(database), make_engine(database, owner=True)
    with engine.connect() as db, owner.connect() as other:
        fetch_all(db, _HALF, (8, 2, "a"))
        ((pid,),) = fetch_all(db, "SELECT pg_backend_pid()", ())
        fetch_all(other, "SELECT pg_terminate_backend(%s::int, 5000)", (pid,))
        with pytest.raises(OperationalError) as lost:
            fetch_all(db, _HALF, (8, 2, "a"))
        assert lost.value.connection_invalidated
    with engine.connect() as db:
        assert fetch_all(db, _HALF, (8, 2, "a")) == [(4, "a")]
    engine.dispose()
    owner.dispose()
