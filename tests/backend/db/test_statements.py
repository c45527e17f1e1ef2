"""Statements sent straight to the driver: rows, errors, and a connection that goes on."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, OperationalError

from backend.db.engine import make_engine
from backend.db.statements import array, fetch_all

_HALF = "SELECT %s::bigint / %s::bigint, %s::text"


def test_rows_come_as_tuples_by_position_and_by_name(db: Connection) -> None:
    assert fetch_all(db, _HALF, (8, 2, "a")) == [(4, "a")]
    assert fetch_all(db, _HALF, (9, 3, None)) == [(3, None)]
    assert fetch_all(db, "SELECT %(n)s::bigint", {"n": 7}) == [(7,)]


# The connection is only asked to read back: nothing of one case reaches the next.
@settings(max_examples=40)
@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    st.lists(st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.binary()),
    st.lists(st.dates()),
)
def test_an_array_is_read_back(
    db: Connection, texts: list[str], numbers: list[int], blobs: list[bytes], days: list[date]
) -> None:
    statement = "SELECT %s::text[], %s::bigint[], %s::bytea[], %s::date[]"
    parameters = [array(texts), array(numbers), array(blobs), array(days)]
    assert fetch_all(db, statement, parameters) == [(texts, numbers, blobs, days)]


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
