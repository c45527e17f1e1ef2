"""Entries as they stand in the book, with their transfers: for those who verify them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.ledger.models import Entry, Transfer


class PostedTransfer(NamedTuple):
    """One movement debit -> credit of an amount in mg or mpt."""

    seq: int
    debit: int
    credit: int
    unit: str
    amount: int


class PostedEntry(NamedTuple):
    """One entry with its transfers in the order of `seq`; `member_id` is 0 where it is nobody's."""

    id: int
    kind: str
    created_at: datetime
    effective_on: date
    member_id: int
    action_id: int | None
    reverses_entry_id: int | None
    settles_entry_id: int | None
    actor_id: int | None
    campaign_id: int | None
    trace_digest: bytes | None
    transfers: tuple[PostedTransfer, ...]


_COLUMNS = [getattr(Entry, name) for name in PostedEntry._fields[:-1]]
_IDS = bindparam("ids", type_=ARRAY(BigInteger()))
_ENTRIES = select(*_COLUMNS).where(Entry.id == func.any(_IDS))
_TRANSFERS = (
    select(Transfer.entry_id, *(getattr(Transfer, name) for name in PostedTransfer._fields))
    .where(Transfer.entry_id == func.any(_IDS))
    .order_by(Transfer.entry_id, Transfer.seq)
)


def entries_by_id(db: Connection, ids: Sequence[int]) -> Mapping[int, PostedEntry]:
    """The entries with these ids, by id; those that are not there are left out."""
    moved: dict[int, list[PostedTransfer]] = {}
    for entry_id, *transfer in db.execute(_TRANSFERS, {"ids": ids}):
        moved.setdefault(entry_id, []).append(PostedTransfer(*transfer))
    return {
        row.id: PostedEntry._make((*row, tuple(moved.get(row.id, ()))))
        for row in db.execute(_ENTRIES, {"ids": ids})
    }


def entry_of(db: Connection, *, member_id: int, entry_id: int) -> PostedEntry | None:
    """A member's own entry; None where it is somebody else's or nobody's."""
    found = entries_by_id(db, [entry_id]).get(entry_id)
    return found if found is not None and found.member_id == member_id else None


def entries_of_action(db: Connection, *, action_id: int) -> dict[int, str]:
    """The kinds of the entries about an action by their ids, oldest first."""
    rows = db.execute(
        select(Entry.id, Entry.kind).where(Entry.action_id == action_id).order_by(Entry.id)
    )
    return {row.id: row.kind for row in rows}
