"""The builder's step: append what is due, store what it completes, sign the new root.

Services commit nothing: the caller's transaction makes leaves, nodes and checkpoint stand together
or not at all, so that every leaf lies under a checkpoint.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.ports.signed_notes import NoteError, Signer, open_note
from backend.proofs import merkle
from backend.proofs.merkle import Leaves
from backend.proofs.models import Checkpoint, TreeNode, VerifierKeyUsed
from backend.proofs.policy import CheckpointText, read_checkpoint
from backend.proofs.queries import (
    StoredTree,
    latest_checkpoint,
    published_keys,
    split_hashes,
)

# Opens a transaction that commits when its block ends: the caller's, as services never commit.
Begin = Callable[[], AbstractContextManager[Connection]]

# Reading a restored copy from its start takes longer than a request may.
_PATIENCE = text("SET LOCAL statement_timeout = '10min'")
_APPEND = text("SELECT first_index, hashes FROM proofs_append_leaves(:limit)")


class TamperedTreeError(Exception):
    """The stored tree no longer is what was signed: nothing more is signed over it."""


class SupersededKeyError(Exception):
    """Another key of this ledger has signed since this one: this one signs no more."""


def append(db: Connection, signer: Signer, *, now: datetime, limit: int) -> int | None:
    """Appends the next entries to the tree and signs its new root.

    Args:
        db: a transaction of its own.
        signer: signs the checkpoint; its name is the log's origin.
        now: the present instant.
        limit: at most so many entries.

    Returns:
        How many were appended; None while another builder works.

    Raises:
        SupersededKeyError: a newer key has signed since.
        TamperedTreeError: what is stored does not lead to the last signed root.
    """
    db.execute(_PATIENCE)
    first, joined = db.execute(_APPEND, {"limit": limit}).one()
    if first is None:
        return None
    added = split_hashes(joined)
    if added:
        tree = StoredTree(db)
        _check_signed(db, signer, tree, first)
        _store_nodes(db, tree, first, added)
        _sign(db, signer, tree, size=first + len(added), now=now)
    return len(added)


def _check_signed(db: Connection, signer: Signer, tree: StoredTree, size: int) -> None:
    """Holds the stored tree against the last checkpoint before building on it."""
    keys = published_keys(db)
    if signer.verifier in keys and keys[-1] != signer.verifier:
        raise SupersededKeyError(
            f"{keys[-1].text} has signed since {signer.verifier.text}: two processes hold different"
            " keys of one ledger; give both the newer one"
        )
    last = latest_checkpoint(db)
    if last is None:
        signed = CheckpointText(signer.verifier.name, 0, merkle.EMPTY_ROOT)
    else:
        try:
            signed = read_checkpoint(open_note(last.note, keys)[0])
        except NoteError as error:
            raise TamperedTreeError(f"the checkpoint of {last.size} leaves: {error}") from error
    (root,) = merkle.hashes_of([Leaves(0, size)], tree)
    if (signed.origin, signed.size, signed.root) != (signer.verifier.name, size, root):
        raise TamperedTreeError(
            f"{size} leaves of {signer.verifier.name} are not what was signed: "
            f"{signed.size} leaves of {signed.origin}"
        )


def _store_nodes(db: Connection, tree: StoredTree, size: int, added: list[bytes]) -> None:
    rows = [
        {"height": span.height, "index": index, "hash": hashed}
        for span, hashes in merkle.completed_blocks(size, added, tree).items()
        for index, hashed in enumerate(hashes, span.begin)
    ]
    if rows:
        db.execute(insert(TreeNode), rows)


def _sign(db: Connection, signer: Signer, tree: StoredTree, *, size: int, now: datetime) -> None:
    (root,) = merkle.hashes_of([Leaves(0, size)], tree)
    note = signer.sign(CheckpointText(signer.verifier.name, size, root).render())
    db.execute(
        upsert(VerifierKeyUsed)
        .values(key=signer.verifier.text, first_used_at=now)
        .on_conflict_do_nothing()
    )
    db.execute(insert(Checkpoint).values(size=size, root=root, note=note, signed_at=now))
