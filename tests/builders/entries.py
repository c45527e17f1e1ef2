"""Entries written straight into the book, for tests that need many, odd or concurrent ones."""

import hashlib
import itertools
from collections.abc import Sequence
from datetime import date

from sqlalchemy import Connection, text

_NUMBERS = itertools.count(1)

_ENTRY = text("""
INSERT INTO entry (kind, member_id, effective_on, trace_digest)
VALUES ('award', :member, :day, :digest) RETURNING id
""")
_TRANSFER = text("""
INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
VALUES (:entry, 1, :member, -1, :credit, 'mpt', :amount)
""")
_MANY = text("""
WITH made AS (
    INSERT INTO entry (kind, member_id, effective_on, trace_digest)
    SELECT 'award', 1 + n % 5, :day, sha256(int8send(n)) FROM generate_series(1, :count) AS n
    RETURNING id, member_id
)
INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
SELECT id, 1, member_id, -1, (member_id << 16) | (2 << 12), 'mpt', 1000 + id FROM made
""")


def an_entry(db: Connection, *, member_id: int = 1, on: date = date(2026, 11, 18)) -> int:
    """One award of some points, as the owner; returns its id. Keeps no balance."""
    number = next(_NUMBERS)
    entry: int = db.execute(
        _ENTRY,
        {"member": member_id, "day": on, "digest": hashlib.sha256(b"%d" % number).digest()},
    ).scalar_one()
    db.execute(
        _TRANSFER,
        {
            "entry": entry,
            "member": member_id,
            "credit": member_id << 16 | 2 << 12,
            "amount": 1000 + number,
        },
    )
    return entry


def many_entries(db: Connection, count: int, *, on: date = date(2026, 11, 18)) -> None:
    """Awards for five members in one statement, as the owner."""
    db.execute(_MANY, {"count": count, "day": on})


def tampered(db: Connection, statements: Sequence[str]) -> None:
    """Does what the triggers refuse, as one does who has the server."""
    db.execute(text("SET LOCAL session_replication_role = replica"))
    for statement in statements:
        db.execute(text(statement))
    db.execute(text("SET LOCAL session_replication_role = origin"))
