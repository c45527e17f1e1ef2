"""Reads of the tree: stored hashes, checkpoints, keys, and where an entry stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, func, select, text

from backend.ledger.entries import entries_of_action
from backend.ports.signed_notes import VerifierKey
from backend.proofs.merkle import HASH_BYTES, Span
from backend.proofs.models import Checkpoint, TreeLeaf, VerifierKeyUsed

_SPANS = text("""
SELECT coalesce(CASE s.height
         WHEN 0 THEN (SELECT string_agg(hash, '' ORDER BY index) FROM tree_leaf
                       WHERE index >= s.first AND index < s.past)
         ELSE (SELECT string_agg(hash, '' ORDER BY index) FROM tree_node n
                WHERE n.height = s.height AND index >= s.first AND index < s.past)
         END, '')
  FROM unnest(CAST(:heights AS smallint[]), CAST(:firsts AS bigint[]), CAST(:pasts AS bigint[]))
       WITH ORDINALITY AS s(height, first, past, place)
 ORDER BY s.place
""")

_WITH_SETTLEMENT = text("""
SELECT id, kind FROM entry WHERE id = :entry OR settles_entry_id = :entry ORDER BY id
""")


class StoredTree:
    """Reads stored hashes of the tree over the entries in a connection's transaction."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def __call__(self, spans: Sequence[Span]) -> list[list[bytes]]:
        """The hashes of each span, in one statement; fewer where they are not stored."""
        if not spans:
            return []
        found = self._db.scalars(
            _SPANS,
            {
                "heights": [span.height for span in spans],
                "firsts": [span.begin for span in spans],
                "pasts": [span.end for span in spans],
            },
        )
        return [split_hashes(joined) for joined in found]


def split_hashes(joined: bytes) -> list[bytes]:
    """Hashes that came one after the other."""
    return [joined[at : at + HASH_BYTES] for at in range(0, len(joined), HASH_BYTES)]


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """A checkpoint: the root of so many leaves, its signed note and when it was signed."""

    size: int
    root: bytes
    note: str
    signed_at: datetime


_CHECKPOINTS = select(Checkpoint.size, Checkpoint.root, Checkpoint.note, Checkpoint.signed_at)


def latest_checkpoint(db: Connection) -> SignedRoot | None:
    """The newest checkpoint; None before the first."""
    return _one(db, _CHECKPOINTS.order_by(Checkpoint.size.desc()).limit(1))


def checkpoint_of(db: Connection, *, size: int) -> SignedRoot | None:
    """The checkpoint of a tree of so many leaves, if one was signed."""
    return _one(db, _CHECKPOINTS.where(Checkpoint.size == size))


def checkpoints(db: Connection, *, before_size: int | None, limit: int) -> list[SignedRoot]:
    """Checkpoints, newest first, from the one before `before_size` on."""
    chosen = _CHECKPOINTS.order_by(Checkpoint.size.desc()).limit(limit)
    if before_size is not None:
        chosen = chosen.where(Checkpoint.size < before_size)
    return [SignedRoot(*row) for row in db.execute(chosen)]


def published_keys(db: Connection) -> list[VerifierKey]:
    """Every public key that has ever signed, oldest first."""
    texts = db.scalars(
        select(VerifierKeyUsed.key).order_by(VerifierKeyUsed.first_used_at, VerifierKeyUsed.key)
    )
    return [VerifierKey.parse(key) for key in texts]


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where an entry stands in the tree, its salt and its stored hash."""

    index: int
    entry_id: int
    layout: int
    salt: bytes
    hash: bytes


_LEAVES = select(TreeLeaf.index, TreeLeaf.entry_id, TreeLeaf.layout, TreeLeaf.salt, TreeLeaf.hash)


def leaf_of(db: Connection, *, entry_id: int) -> Leaf | None:
    """Where an entry stands; None before it is in the tree."""
    row = db.execute(_LEAVES.where(TreeLeaf.entry_id == entry_id)).one_or_none()
    return None if row is None else Leaf(*row)


def leaves_from(db: Connection, *, index: int, limit: int) -> list[Leaf]:
    """Leaves in order, from an index on."""
    rows = db.execute(_LEAVES.where(TreeLeaf.index >= index).order_by(TreeLeaf.index).limit(limit))
    return [Leaf(*row) for row in rows]


def tree_size(db: Connection) -> int:
    """How many leaves the tree has."""
    return db.execute(select(func.coalesce(func.max(TreeLeaf.index) + 1, 0))).scalar_one()


def _one(db: Connection, chosen: Select[int, bytes, str, datetime]) -> SignedRoot | None:
    row = db.execute(chosen).one_or_none()
    return None if row is None else SignedRoot(*row)


@dataclass(frozen=True, slots=True)
class EntryProof:
    """An entry and where it stands in the tree; `index` is None until it does."""

    entry_id: int
    kind: str
    index: int | None


def proofs_of_action(db: Connection, *, action_id: int) -> list[EntryProof]:
    """The entries about an action, oldest first, with where they stand in the tree."""
    return proofs_of_entries(db, entries_of_action(db, action_id=action_id))


def proofs_of_redemption(db: Connection, *, entry_id: int) -> list[EntryProof]:
    """The entry that set points aside and the one that settled it, with where they stand.

    Args:
        db: any transaction.
        entry_id: the entry that set them aside.
    """
    rows = db.execute(_WITH_SETTLEMENT, {"entry": entry_id})
    return proofs_of_entries(db, {row.id: row.kind for row in rows})


def proofs_of_entries(db: Connection, entries: Mapping[int, str]) -> list[EntryProof]:
    """Where entries stand in the tree, in their order.

    Args:
        db: any transaction.
        entries: their kinds by their ids.
    """
    rows = db.execute(
        select(TreeLeaf.entry_id, TreeLeaf.index).where(TreeLeaf.entry_id.in_(entries.keys()))
    )
    indexes = {row.entry_id: row[1] for row in rows}
    return [EntryProof(each, kind, indexes.get(each)) for each, kind in entries.items()]
