"""Whether the tree holds every entry as it stands in the book, and the signatures hold the tree."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import select, text

from backend.actions.queries import actions_by_id
from backend.invariants import Books, Check, Finding, Invariant, check_of_rows, stream
from backend.ledger.entries import entries_by_id
from backend.ports.signed_notes import NoteError, open_note
from backend.proofs import merkle
from backend.proofs.leaves import LAYOUT, entry_bytes
from backend.proofs.merkle import STEP, Span
from backend.proofs.models import Checkpoint, SealedMonth, TreeLeaf
from backend.proofs.months import (
    Sealed,
    SealedTree,
    held_in_all,
    month_text,
    next_month,
)
from backend.proofs.policy import CheckpointText, read_checkpoint
from backend.proofs.queries import (
    Leaf,
    SignedRoot,
    StoredTree,
    checkpoint_of,
    published_keys,
)

_BATCH = 2_000

# Passed by: the builder has read beyond them. Left lying: committed for an hour, not in the tree.
# Asks nothing of a restored copy until the builder has gone through it.
_MISSING = """
SELECT e.id AS entry_id,
       CASE WHEN (e.txid, e.id) <= (c.txid, c.entry_id) THEN '存证程序越过了它'
            ELSE '入账一小时后仍未进入存证树，请检查队列 proofs 的工作进程' END AS problem
  FROM entry e
  JOIN tree_cursor c ON c.home = proofs_home() AND c.resume IS NULL
 WHERE NOT EXISTS (SELECT FROM tree_leaf l WHERE l.entry_id = e.id)
   AND ((e.txid, e.id) <= (c.txid, c.entry_id)
        OR (e.created_at < now() - interval '1 hour'
            AND e.txid < pg_snapshot_xmin(pg_current_snapshot())))
 ORDER BY e.id
"""

_DOUBLED = """
SELECT entry_id, count(*) AS leaves FROM tree_leaf GROUP BY entry_id HAVING count(*) > 1 ORDER BY 1
"""

_NODES = text("SELECT height, count(*) FROM tree_node GROUP BY height ORDER BY height")
_LEAVES = select(
    TreeLeaf.index, TreeLeaf.entry_id, TreeLeaf.layout, TreeLeaf.salt, TreeLeaf.hash
).order_by(TreeLeaf.index)
_CHECKPOINTS = select(
    Checkpoint.size, Checkpoint.root, Checkpoint.note, Checkpoint.signed_at
).order_by(Checkpoint.size)


class _Growing:
    """A tree computed again leaf by leaf: its root at any size, and the subtrees it completes."""

    def __init__(self) -> None:
        self.size = 0
        self.completed: dict[Span, bytes] = {}
        self._edge: list[tuple[int, bytes]] = []

    def append(self, hashed: bytes) -> None:
        """Adds a leaf by its hash."""
        height = 0
        while self._edge and self._edge[-1][0] == height:
            hashed = merkle.node_hash(self._edge.pop()[1], hashed)
            height += 1
            if height % STEP == 0:
                index = self.size >> height
                self.completed[Span(height, index, index + 1)] = hashed
        self._edge.append((height, hashed))
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        if not self._edge:
            return merkle.EMPTY_ROOT
        folded = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            folded = merkle.node_hash(left, folded)
        return folded


class _Checkpoints:
    """The signed roots in order, met as the tree reaches their sizes."""

    def __init__(self, books: Books) -> None:
        self._keys = published_keys(books.db)
        self._rows = (SignedRoot(**row._asdict()) for row in stream(books.db, _CHECKPOINTS))
        self._awaited = next(self._rows, None)
        self._origin: str | None = None
        self._newest = 0
        self.covered = 0

    def meet(self, tree: _Growing) -> Iterator[Finding]:
        """Holds the checkpoint of this size, if one was signed, against the tree."""
        while self._awaited is not None and self._awaited.size == tree.size:
            row, self._awaited = self._awaited, next(self._rows, None)
            self.covered = row.size
            yield from self._judged(row, tree.root())

    def unmet(self) -> Iterator[Finding]:
        """Names checkpoints of sizes that the tree has not, or that come out of order."""
        while self._awaited is not None:
            yield _of_checkpoint(self._awaited.size, "没有这么多叶：叶被删除过。")
            self._awaited = next(self._rows, None)

    def _judged(self, row: SignedRoot, root: bytes) -> Iterator[Finding]:
        try:
            signed, key = open_note(row.note, self._keys)
            said = read_checkpoint(signed)
        except NoteError as error:
            yield _of_checkpoint(row.size, f"签名无法用已公布的公钥验证：{error}。")
            return
        if self._keys.index(key) < self._newest:
            yield _of_checkpoint(row.size, "由已被接替的密钥签名：有两把密钥在为同一账本签名。")
        self._newest = max(self._newest, self._keys.index(key))
        self._origin = self._origin or said.origin
        if said != CheckpointText(self._origin, row.size, row.root, said.extensions):
            yield _of_checkpoint(row.size, "签名的内容与表中的大小或树根不同，或来自别的账本。")
        if said.root != root:
            yield _of_checkpoint(row.size, "按叶重算的树根与签名的不同：历史被改动过。")


def _tree(books: Books) -> Iterator[Finding]:
    """Computes the whole tree again, leaf by leaf, from the entries as they stand."""
    tree, checkpoints = _Growing(), _Checkpoints(books)
    for batch in _batches(books):
        yield from _leaves(books, batch, tree.size)
        for leaf in batch:
            tree.append(leaf.hash)
            yield from checkpoints.meet(tree)
        yield from _nodes(books, tree)
        books.advance(len(batch))
    yield from checkpoints.unmet()
    if checkpoints.covered != tree.size:
        yield _of_leaf(tree.size - 1, "最后一片叶不在任何检查点之下。")
    for height, count in books.db.execute(_NODES):
        if count != tree.size >> height:
            yield _of_node(Span(height, 0, count), "节点的数目与叶不符。")


def _batches(books: Books) -> Iterator[list[Leaf]]:
    batch: list[Leaf] = []
    for row in stream(books.db, _LEAVES):
        batch.append(Leaf(**row._asdict()))
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _leaves(books: Books, batch: Sequence[Leaf], first: int) -> Iterator[Finding]:
    """Holds leaves against the entries they stand for."""
    entries = entries_by_id(books.db, [leaf.entry_id for leaf in batch])
    about = [entry.action_id for entry in entries.values() if entry.action_id is not None]
    actions = actions_by_id(books.db, about)
    for place, leaf in enumerate(batch, first):
        entry = entries.get(leaf.entry_id)
        if leaf.index != place:
            yield _of_leaf(leaf.index, f"应是第 {place} 号：叶被删除或插入过。")
        if leaf.layout != LAYOUT:
            yield _of_leaf(leaf.index, f"格式 {leaf.layout} 不是本程序写的。")
        elif entry is None:
            yield _of_leaf(leaf.index, f"它的分录 {leaf.entry_id} 不存在。")
        else:
            action = None if entry.action_id is None else actions.get(entry.action_id)
            if merkle.leaf_hash(entry_bytes(entry, action, leaf.salt)) != leaf.hash:
                yield Finding(
                    Invariant.TREE,
                    f"entry {entry.id}",
                    f"分录、划转或行为与封存时（第 {leaf.index} 号叶）不同。",
                )


def _nodes(books: Books, tree: _Growing) -> Iterator[Finding]:
    """Holds the subtrees completed since the last call against those stored."""
    spans = list(tree.completed)
    for span, stored in zip(spans, StoredTree(books.db)(spans), strict=True):
        if stored != [tree.completed[span]]:
            yield _of_node(span, "与按叶重算的不同，或不在。")
    tree.completed.clear()


def _of_leaf(index: int, detail: str) -> Finding:
    return Finding(Invariant.TREE, f"leaf {index}", detail)


def _of_checkpoint(size: int, detail: str) -> Finding:
    return Finding(Invariant.TREE, f"checkpoint {size}", detail)


def _of_node(span: Span, detail: str) -> Finding:
    return Finding(Invariant.TREE, f"node {span.height}/{span.begin}", detail)


_MONTHS = select(
    SealedMonth.month,
    SealedMonth.tree_size,
    SealedMonth.accounts,
    SealedMonth.root,
    SealedMonth.note,
    SealedMonth.sealed_at,
).order_by(SealedMonth.month)

# What a month adds to the one before it, which is held against its own; the first adds to nothing.
# Computed another way than it was sealed: by account from both sides of its transfers.
_UNEQUAL = text("""
WITH counted AS MATERIALIZED (
    SELECT e.id FROM tree_leaf l JOIN entry e ON e.id = l.entry_id
     WHERE l.index >= :last_size AND l.index < :size
       AND date_trunc('month', e.effective_on) <= :month
    UNION
    SELECT e.id FROM entry e JOIN tree_leaf l ON l.entry_id = e.id
     WHERE e.effective_on > CAST(:last_day AS date) AND l.index < :last_size
       AND date_trunc('month', e.effective_on) <= :month
), moved AS (
    SELECT account_id, unit, sum(amount) AS amount
      FROM (SELECT account_id, unit, amount FROM sealed_balance WHERE month = :last_month
            UNION ALL
            SELECT credit, unit, amount FROM transfer
             WHERE entry_id IN (SELECT id FROM counted)
            UNION ALL
            SELECT debit, unit, -amount FROM transfer
             WHERE entry_id IN (SELECT id FROM counted)) AS sides
     GROUP BY account_id, unit HAVING sum(amount) <> 0
)
SELECT coalesce(m.account_id, b.account_id) AS account_id, b.amount AS sealed, m.amount AS moved
  FROM moved m
  FULL JOIN (SELECT account_id, unit, amount FROM sealed_balance WHERE month = :month) AS b
         ON b.account_id = m.account_id AND b.unit = m.unit
 WHERE m.amount IS DISTINCT FROM b.amount
 ORDER BY 1
""")


def _months(books: Books) -> Iterator[Finding]:
    """Recomputes each sealed month from the one before and the transfers since, and its root."""
    last: Sealed | None = None
    for row in books.db.execute(_MONTHS).all():
        sealed = Sealed(*row)
        if last is not None and sealed.month != next_month(last.month):
            yield _of_month(sealed, f"{next_month(last.month):%Y-%m} 没有封存就封存了这个月。")
        parameters = {
            "size": sealed.tree_size,
            "month": sealed.month,
            "last_size": 0 if last is None else last.tree_size,
            "last_month": None if last is None else last.month,
            "last_day": None if last is None else next_month(last.month) - timedelta(days=1),
        }
        last = sealed
        for unequal in stream(books.db, _UNEQUAL, parameters):
            account, held, moved = unequal.account_id, unequal.sealed or 0, unequal.moved or 0
            yield _of_month(sealed, f"账户 {account} 封存了 {held}，按划转重算是 {moved}。")
        yield from _sealed_root(books, sealed)


def _sealed_root(books: Books, sealed: Sealed) -> Iterator[Finding]:
    tree, stored = _Growing(), SealedTree(books.db, sealed.month)
    for begin in range(0, sealed.accounts, _BATCH):
        (hashes,) = stored([Span(0, begin, begin + _BATCH)])
        for hashed in hashes:
            tree.append(hashed)
        spans = list(tree.completed)
        if stored(spans) != [[tree.completed[span]] for span in spans]:
            yield _of_month(sealed, "余额树的节点与重算的不同。")
        tree.completed.clear()
    if (tree.size, tree.root()) != (sealed.accounts, sealed.root):
        yield _of_month(sealed, "封存的余额与它的树根不符。")
    checkpoint = checkpoint_of(books.db, size=sealed.tree_size)
    try:
        said = read_checkpoint(open_note(sealed.note, published_keys(books.db))[0])
    except NoteError as error:
        yield _of_month(sealed, f"签名无法用已公布的公钥验证：{error}。")
        return
    if checkpoint is None or said != month_text(
        checkpoint.note.partition("\n")[0],
        sealed.month,
        accounts=sealed.accounts,
        root=sealed.root,
        tree=checkpoint,
        held=held_in_all(books.db, sealed.month),
    ):
        yield _of_month(sealed, "签名的内容与封存的月份、余额合计或检查点不同。")


def _of_month(sealed: Sealed, detail: str) -> Finding:
    return Finding(Invariant.SEALED_MONTHS, f"month {sealed.month:%Y-%m}", detail)


CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "proofs.missing",
        "每条分录都在存证树里",
        Invariant.TREE,
        statement=_MISSING,
        subject="entry {entry_id}",
        detail="{problem}。",
    ),
    check_of_rows(
        "proofs.doubled",
        "没有分录进入存证树两次",
        Invariant.TREE,
        statement=_DOUBLED,
        subject="entry {entry_id}",
        detail="在存证树里有 {leaves} 片叶。",
    ),
    Check("proofs.tree", "存证树与分录、检查点和签名一致", (Invariant.TREE,), _tree),
    Check("proofs.months", "已封存的月份与划转和签名一致", (Invariant.SEALED_MONTHS,), _months),
)
