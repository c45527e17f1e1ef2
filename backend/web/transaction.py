"""One transaction a request: opened at first use, committed once, before the answer is sent."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from flask import Flask, g
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InvalidatePoolError

from backend.web.context import backend

_SLOT = "db_connection"


def connection() -> Connection:
    """The request's one connection, in its one transaction.

    A view never commits or closes it. It is committed when the view has returned a status below
    400, and rolled back otherwise.

    Raises:
        sqlalchemy.exc.OperationalError: PostgreSQL is out of reach (answered as 503).
        sqlalchemy.exc.TimeoutError: the pool stayed empty for its timeout (answered as 503).
    """
    held: Connection | None = g.get(_SLOT)
    if held is None:
        held = backend().engine.connect()
        setattr(g, _SLOT, held)
    return held


@contextmanager
def connection_apart() -> Iterator[Connection]:
    """A short transaction of its own, committed where the block ends.

    For what must stay although the request is refused and rolled back, such as the count of
    wrong codes. It takes a second connection while the request holds one: not for the hot path.
    """
    with backend().engine.begin() as apart:
        yield apart


def commit() -> None:
    """Commits what the request did, if it did anything, and gives the connection back.

    A commit that fails raises, so that the client never sees success for what was not kept.
    """
    held: Connection | None = g.pop(_SLOT, None)
    if held is not None:
        with held:
            held.commit()


def roll_back() -> None:
    """Undoes what the request did, if it did anything, and gives the connection back."""
    held: Connection | None = g.pop(_SLOT, None)
    if held is not None:
        held.close()


def install(app: Flask, engine: Engine) -> None:
    """Ends every request's transaction, whatever happened, and keeps dead connections out.

    Args:
        app: the application whose requests use `connection()`.
        engine: its engine; a connection that the server has closed is replaced at checkout.
    """
    app.teardown_appcontext(_end)
    if not event.contains(engine, "checkout", _refuse_closed):
        event.listen(engine, "checkout", _refuse_closed)


def _end(_error: BaseException | None) -> None:
    roll_back()


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    """Refuses a pooled connection whose server has gone, so that the pool makes new ones.

    An idle connection has nothing to read, unless the server said goodbye. Looking at the socket
    costs two microseconds; the pre-ping of SQLAlchemy costs a round trip a request.
    """
    poll = select.poll()
    try:
        poll.register(dbapi_connection.fileno(), select.POLLIN)
    except (psycopg.Error, ValueError) as error:
        raise InvalidatePoolError from error
    if poll.poll(0):
        raise InvalidatePoolError
