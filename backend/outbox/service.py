"""Puts work beside the change it follows from, hands it out, and marks it done exactly once.

Times here are the database's own: they only space out attempts, and every process agrees on them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.outbox.models import OutboxMessage


@dataclass(frozen=True, slots=True)
class Due:
    """A message handed out: its id, its kind and the how-manieth time this is."""

    id: int
    kind: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A message whose effect belongs to the transaction that took it."""

    id: int
    payload: Mapping[str, Any]


def put(db: Connection, *, kind: str, payload: Mapping[str, Any]) -> None:
    """Writes a message that becomes visible when this transaction commits."""
    db.execute(insert(OutboxMessage).values(kind=kind, payload=dict(payload)))


_HAND_OUT = text("""
UPDATE outbox SET attempts = attempts + 1, available_at = now() + interval '10 seconds'
 WHERE id IN (SELECT id FROM outbox
               WHERE done_at IS NULL
                 AND (available_at <= now() OR available_at > now() + interval '1 minute')
               ORDER BY available_at, id LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING id, kind, attempts
""")


def hand_out(db: Connection, *, limit: int) -> list[Due]:
    """Claims messages that are due; those not taken within 10 s are handed out again.

    What a clock in the future made available only then, or handed out, is due now.
    """
    rows = db.execute(_HAND_OUT, {"limit": limit})
    return sorted((Due(row.id, row.kind, row.attempts) for row in rows), key=lambda due: due.id)


_TAKE = text("""
UPDATE outbox SET done_at = now() WHERE id = ANY(:ids) AND done_at IS NULL RETURNING id, payload
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger())))


def take(db: Connection, ids: Sequence[int]) -> list[Taken]:
    """Marks messages done and returns those that were not: their effect belongs in `db`.

    Whoever delivers a message twice, or two at once, gets it here only once.
    """
    rows = db.execute(_TAKE, {"ids": sorted(ids)})
    return sorted((Taken(row.id, row.payload) for row in rows), key=lambda taken: taken.id)


_TAKE_WAITING = text("""
UPDATE outbox SET done_at = now()
 WHERE id IN (SELECT id FROM outbox WHERE kind = :kind AND done_at IS NULL
               ORDER BY id LIMIT :limit FOR UPDATE SKIP LOCKED)
RETURNING id, payload
""")


def take_waiting(db: Connection, *, kind: str, limit: int) -> list[Taken]:
    """Marks the oldest waiting messages of a kind done: their effect belongs in `db`.

    For bulk loads that bring about the effects of their own messages, so that the relay need not.
    What a job has taken meanwhile is left to it.
    """
    rows = db.execute(_TAKE_WAITING, {"kind": kind, "limit": limit})
    return sorted((Taken(row.id, row.payload) for row in rows), key=lambda taken: taken.id)


def purge(db: Connection) -> int:
    """Deletes messages done more than two days ago; returns how many."""
    return db.execute(
        delete(OutboxMessage).where(OutboxMessage.done_at < text("now() - interval '2 days'"))
    ).rowcount
