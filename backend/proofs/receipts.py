"""A receipt of an entry: its leaf, its way up to a signed root, and whether one holds."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from backend.actions.queries import actions_by_id
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.ledger.entries import PostedEntry, entry_of
from backend.ports.signed_notes import VerifierKey
from backend.proofs import merkle
from backend.proofs.documents import (
    ReceiptInvalidError,
    decoded,
    encoded,
    field,
    fields_of,
    opened,
    require_under,
)
from backend.proofs.leaves import action_bytes, action_digest_of, entry_bytes, read_entry
from backend.proofs.merkle import Leaves
from backend.proofs.policy import CheckpointText
from backend.proofs.queries import (
    SignedRoot,
    StoredTree,
    checkpoint_of,
    latest_checkpoint,
    leaf_of,
)

FORMAT: Final = "tanpuhui.receipt.v1"
# The tree grows every 15 seconds.
_RETRY_SECONDS: Final = 20
LONGEST_PATH: Final = 63
"""Hashes from a leaf to the root of the largest tree there can be."""

_FIELDS: Final = ("format", "entry_id", "leaf", "action", "index", "path", "checkpoint")


class ReceiptPendingError(DomainError):
    """The entry is posted but not in the tree yet."""

    code = "receipt_pending"
    kind = ErrorKind.IN_PROGRESS


class EntryChangedError(DomainError):
    """The entry no longer says what it said when it entered the tree."""

    code = "entry_changed"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class LedgerReceipt:
    """What proves to anybody that an entry stands in the book.

    Attributes:
        entry_id: of the entry.
        leaf: the content of its leaf.
        action: the content behind the leaf's digest of the action; None where it is about none.
        index: where the leaf stands.
        path: hashes from the leaf up to the root.
        checkpoint: the signed note of that root.
    """

    entry_id: int
    leaf: bytes
    action: bytes | None
    index: int
    path: Sequence[bytes]
    checkpoint: str

    def to_json(self) -> dict[str, Any]:
        """The receipt as a JSON document, bytes in base64."""
        return {
            "format": FORMAT,
            "entry_id": self.entry_id,
            "leaf": encoded(self.leaf),
            "action": None if self.action is None else encoded(self.action),
            "index": self.index,
            "path": [encoded(hashed) for hashed in self.path],
            "checkpoint": self.checkpoint,
        }

    @classmethod
    def from_json(cls, document: object) -> "LedgerReceipt":
        """Reads a receipt as strictly as it was written.

        Raises:
            ReceiptInvalidError: it is none.
        """
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise ReceiptInvalidError(f"这不是账本凭证：缺少 format 字段，或其值不是 {FORMAT}。")
        fields = fields_of(document, _FIELDS)
        action, path = fields["action"], field(fields, "path", list)
        return cls(
            entry_id=field(fields, "entry_id", int),
            leaf=decoded(fields["leaf"], "leaf"),
            action=None if action is None else decoded(action, "action"),
            index=field(fields, "index", int),
            path=[decoded(hashed, "path") for hashed in path[: LONGEST_PATH + 1]],
            checkpoint=field(fields, "checkpoint", str),
        )


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt that holds proves.

    Attributes:
        entry: what the entry says.
        checkpoint: the root it stands under.
        signed_by: the key that signed it.
    """

    entry: PostedEntry
    checkpoint: CheckpointText
    signed_by: VerifierKey


def receipt_of(db: Connection, *, member_id: int, entry_id: int) -> LedgerReceipt:
    """The receipt of a member's own entry, under the newest checkpoint.

    Raises:
        NotFoundError: the member has no such entry.
        ReceiptPendingError: it is not in the tree yet.
        EntryChangedError: the book was changed after the entry was sealed.
    """
    entry = entry_of(db, member_id=member_id, entry_id=entry_id)
    if entry is None:
        raise NotFoundError("没有找到这条分录，请在“我的积分”里重新打开。")
    leaf, checkpoint = leaf_of(db, entry_id=entry_id), latest_checkpoint(db)
    if leaf is None or checkpoint is None:
        raise ReceiptPendingError(
            "这条记录正在写入账本证明，请稍候一分钟再试。", retry_after=_RETRY_SECONDS
        )
    action = None
    if entry.action_id is not None:
        action = actions_by_id(db, [entry.action_id]).get(entry.action_id)
    content = entry_bytes(entry, action, leaf.salt)
    path = merkle.hashes_of(merkle.inclusion_path(leaf.index, checkpoint.size), StoredTree(db))
    hashed = merkle.leaf_hash(content)
    root = merkle.root_from_inclusion(hashed, leaf.index, checkpoint.size, path)
    if hashed != leaf.hash or root != checkpoint.root:
        raise EntryChangedError("这条记录与封存时不一致，请保留本页并联系单位管理员核查。")
    return LedgerReceipt(
        entry_id=entry_id,
        leaf=content,
        action=None if action is None else action_bytes(action),
        index=leaf.index,
        path=path,
        checkpoint=checkpoint.note,
    )


def verify(receipt: LedgerReceipt, keys: Sequence[VerifierKey]) -> Proven:
    """Holds a receipt against itself and against trusted keys; needs no database.

    Raises:
        ReceiptInvalidError: it does not hold; the sentence says where.
    """
    checkpoint, signed_by = opened(receipt.checkpoint, keys, log="")
    require_under(checkpoint, receipt.leaf, index=receipt.index, path=receipt.path)
    try:
        entry = read_entry(receipt.leaf)
    except ValueError as error:
        raise ReceiptInvalidError("凭证中的内容不是一条分录，请使用原始文件。") from error
    if entry.id != receipt.entry_id:
        raise ReceiptInvalidError("分录编号与封存的内容不一致：凭证被改动过。")
    digest = None if receipt.action is None else hashlib.sha256(receipt.action).digest()
    if digest != action_digest_of(receipt.leaf):
        raise ReceiptInvalidError("行为内容与封存的摘要不一致：凭证被改动过。")
    return Proven(entry, checkpoint, signed_by)


def still_holds(db: Connection, checkpoint: CheckpointText) -> bool:
    """Whether the tree as it is stored now begins with that of a checkpoint."""
    latest = latest_checkpoint(db)
    if latest is None or not 0 < checkpoint.size <= latest.size:
        return False
    (root,) = merkle.hashes_of([Leaves(0, checkpoint.size)], StoredTree(db))
    return root == checkpoint.root


@dataclass(frozen=True, slots=True)
class Consistency:
    """Two checkpoints and the proof that the later tree begins with the earlier one."""

    earlier: SignedRoot
    later: SignedRoot
    path: Sequence[bytes]


def consistency(db: Connection, *, old_size: int, size: int) -> Consistency:
    """The consistency proof between two checkpoints.

    Raises:
        NotFoundError: no checkpoint of one of these sizes was signed, or the earlier is larger.
    """
    earlier, later = checkpoint_of(db, size=old_size), checkpoint_of(db, size=size)
    if earlier is None or later is None or old_size > size:
        raise NotFoundError("没有这两个大小的检查点，请先在检查点列表里选择，from 应较小。")
    path = merkle.hashes_of(merkle.consistency_path(old_size, size), StoredTree(db))
    return Consistency(earlier, later, path)
