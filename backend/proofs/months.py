"""Closing months: the balances of all accounts at a month's end, under one signed root.

A month is closed when nothing ordinary can be posted for it any more. What is sealed is defined by
the tree: the entries among its first leaves, up to a checkpoint, that count for the month or an
earlier one. So anybody with the entries computes the same sums; what comes later is a later leaf.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

import structlog
from sqlalchemy import Connection, insert, select, text

from backend.actions.policy import HOLD_LASTS, LATEST_UPLOAD
from backend.clock import SHANGHAI, Clock
from backend.errors import NotFoundError
from backend.ledger.chart import OWNER_BITS, AccountKind, kind_of
from backend.ports.signed_notes import Signer
from backend.proofs import merkle
from backend.proofs.merkle import Leaves, Span
from backend.proofs.models import SealedBalance, SealedMonth, SealedNode
from backend.proofs.policy import CheckpointText, ledger_line
from backend.proofs.queries import SignedRoot, latest_checkpoint
from backend.proofs.service import Begin

_LAYOUT: Final = 1
# layout, salt, year, month, account, unit, amount
_BALANCE: Final = struct.Struct(">B16sHBq4sq")
_BATCH: Final = 10_000
_LOCK = text("SELECT pg_advisory_xact_lock(x'7365616c'::bigint)")
_PATIENCE = text("SET LOCAL statement_timeout = '1h'")
_SEAL = text("SELECT proofs_seal_balances(:month, :size)")
_AFTER_LAST = text("SELECT (max(month) + interval '1 month')::date FROM sealed_month")
_FIRST = text("SELECT date_trunc('month', min(effective_on))::date FROM entry")
_HELD = text("""
SELECT unit, sum(amount)::bigint FROM sealed_balance
 WHERE month = :month AND account_id > 0 GROUP BY unit ORDER BY unit
""")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed month: which, over how many leaves of the tree and accounts, and the signed note."""

    month: date
    tree_size: int
    accounts: int
    root: bytes
    note: str
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class MonthBalance:
    """What an account held at the end of a month, its place among all, and its salt."""

    index: int
    account_id: int
    unit: str
    amount: int
    salt: bytes


@dataclass(frozen=True, slots=True)
class BalanceProof:
    """What an account held at the end of a sealed month, with its way up to the signed root."""

    balance: MonthBalance
    leaf: bytes
    path: Sequence[bytes]


def closes_at(month: date) -> datetime:
    """When a month is closed: after the time that late uploads and the review of evidence have."""
    end: datetime = datetime.combine(next_month(month), time.min, SHANGHAI)
    return end + LATEST_UPLOAD + HOLD_LASTS


def seal_due(begin: Begin, signer: Signer, clock: Clock) -> list[date]:
    """Seals every closed month that is not, oldest first, in a transaction each.

    Args:
        begin: opens transactions under the application's role.
        signer: signs the notes.
        clock: tells which months are closed.

    Returns:
        The months sealed.
    """
    sealed: list[date] = []
    while True:
        with begin() as db:
            month = _due(db, clock.now())
            if month is None or not _seal(db, signer, month, now=clock.now()):
                return sealed
        sealed.append(month)
        log.info("month_sealed", month=month.isoformat())


def sealed_months(db: Connection, *, limit: int, before: date | None = None) -> list[Sealed]:
    """Sealed months, newest first, from the one before `before` on."""
    chosen = _MONTHS.order_by(SealedMonth.month.desc()).limit(limit)
    if before is not None:
        chosen = chosen.where(SealedMonth.month < before)
    return [Sealed(*row) for row in db.execute(chosen)]


def sealed_month(db: Connection, month: date) -> Sealed:
    """One sealed month, by its first day.

    Raises:
        NotFoundError: the month is not sealed.
    """
    row = db.execute(_MONTHS.where(SealedMonth.month == month)).one_or_none()
    if row is None:
        raise NotFoundError("这个月还没有封存，请在已封存的月份里选择。")
    return Sealed(*row)


def own_balance_proofs(
    db: Connection, *, month: date, member_id: int
) -> tuple[Sealed, list[BalanceProof]]:
    """The sealed balances of a member's own accounts, with their proofs.

    Raises:
        NotFoundError: the month is not sealed.
    """
    sealed, tree = sealed_month(db, month), SealedTree(db, month)
    held = db.execute(
        _BALANCES.where(
            SealedBalance.month == month,
            SealedBalance.account_id.between(
                member_id << OWNER_BITS, (member_id + 1 << OWNER_BITS) - 1
            ),
        )
    )
    proofs = []
    for balance in [MonthBalance(*each) for each in held]:
        # The budget of the campaign with the member's number is not the member's.
        if kind_of(balance.account_id) is AccountKind.CAMPAIGN_BUDGET:
            continue
        path = merkle.hashes_of(merkle.inclusion_path(balance.index, sealed.accounts), tree)
        proofs.append(BalanceProof(balance, balance_bytes(month, balance), path))
    return sealed, proofs


_MONTHS = select(
    SealedMonth.month,
    SealedMonth.tree_size,
    SealedMonth.accounts,
    SealedMonth.root,
    SealedMonth.note,
    SealedMonth.sealed_at,
)
_BALANCES = select(
    SealedBalance.index,
    SealedBalance.account_id,
    SealedBalance.unit,
    SealedBalance.amount,
    SealedBalance.salt,
).order_by(SealedBalance.index)
_NODES = select(SealedNode.hash).order_by(SealedNode.index)


class SealedTree:
    """Reads stored hashes of the tree over a month's balances."""

    def __init__(self, db: Connection, month: date) -> None:
        self._db, self._month = db, month

    def __call__(self, spans: Sequence[Span]) -> list[list[bytes]]:
        """The hashes of each span; fewer where they are not stored."""
        return [
            list(self._leaves(span) if span.height == 0 else self._nodes(span)) for span in spans
        ]

    def _leaves(self, span: Span) -> Iterator[bytes]:
        for row in self._db.execute(
            _BALANCES.where(
                SealedBalance.month == self._month,
                SealedBalance.index >= span.begin,
                SealedBalance.index < span.end,
            )
        ):
            yield merkle.leaf_hash(balance_bytes(self._month, MonthBalance(*row)))

    def _nodes(self, span: Span) -> Iterator[bytes]:
        return iter(
            self._db.scalars(
                _NODES.where(
                    SealedNode.month == self._month,
                    SealedNode.height == span.height,
                    SealedNode.index >= span.begin,
                    SealedNode.index < span.end,
                )
            )
        )


def balance_bytes(month: date, balance: MonthBalance) -> bytes:
    """The content of the leaf of a balance, layout 1 (docs/proofs.md)."""
    return _BALANCE.pack(
        _LAYOUT,
        balance.salt,
        month.year,
        month.month,
        balance.account_id,
        balance.unit.encode().ljust(4),
        balance.amount,
    )


def read_balance(content: bytes, index: int) -> tuple[date, MonthBalance]:
    """What the content of a balance's leaf says: the first day of its month, and the balance.

    Raises:
        ValueError: it is no balance of layout 1.
    """
    if len(content) != _BALANCE.size or content[0] != _LAYOUT:
        raise ValueError("the content is no balance of layout 1")
    _layout, salt, year, month, account_id, unit, amount = _BALANCE.unpack(content)
    return date(year, month, 1), MonthBalance(
        index, account_id, unit.decode().rstrip(), amount, salt
    )


def origin_suffix(month: date) -> str:
    """What the origin of a month's log adds to that of the ledger's."""
    return f"/month/{month:%Y-%m}"


def month_text(
    origin: str,
    month: date,
    *,
    accounts: int,
    root: bytes,
    tree: SignedRoot,
    held: Mapping[str, int],
) -> CheckpointText:
    """What is signed of a month: a checkpoint of its own log, and which tree it speaks of.

    Args:
        origin: of the ledger's log.
        month: its first day.
        accounts: how many balances are sealed.
        root: over them.
        tree: the checkpoint of the ledger up to which entries count.
        held: by unit, what members and campaigns held together.
    """
    return CheckpointText(
        origin + origin_suffix(month),
        accounts,
        root,
        (
            ledger_line(tree.size, tree.root),
            *(f"held {unit} {amount}" for unit, amount in sorted(held.items())),
        ),
    )


def held_in_all(db: Connection, month: date) -> dict[str, int]:
    """By unit, what the accounts with a balance held together at the end of a sealed month."""
    return {row[0]: row[1] for row in db.execute(_HELD, {"month": month})}


def _due(db: Connection, now: datetime) -> date | None:
    """The next month to seal; None where none is closed."""
    db.execute(_PATIENCE)
    db.execute(_LOCK)
    month: date | None = db.scalar(_AFTER_LAST) or db.scalar(_FIRST)
    return month if month is not None and closes_at(month) <= now else None


def _seal(db: Connection, signer: Signer, month: date, *, now: datetime) -> bool:
    """Seals a month over the newest checkpoint; not before there is one."""
    tree = latest_checkpoint(db)
    if tree is None:
        return False
    accounts = db.execute(_SEAL, {"month": month, "size": tree.size}).scalar_one()
    read = SealedTree(db, month)
    for begin in range(0, accounts, _BATCH):
        (hashes,) = read([Span(0, begin, begin + _BATCH)])
        _store_nodes(db, month, merkle.completed_blocks(begin, hashes, read))
    (root,) = merkle.hashes_of([Leaves(0, accounts)], read)
    said = month_text(
        signer.verifier.name,
        month,
        accounts=accounts,
        root=root,
        tree=tree,
        held=held_in_all(db, month),
    )
    db.execute(
        insert(SealedMonth).values(
            month=month,
            tree_size=tree.size,
            accounts=accounts,
            root=root,
            note=signer.sign(said.render()),
            sealed_at=now,
        )
    )
    return True


def _store_nodes(db: Connection, month: date, nodes: Mapping[Span, list[bytes]]) -> None:
    rows = [
        {"month": month, "height": span.height, "index": index, "hash": hashed}
        for span, hashes in nodes.items()
        for index, hashed in enumerate(hashes, span.begin)
    ]
    if rows:
        db.execute(insert(SealedNode), rows)


def next_month(month: date) -> date:
    """The first day of the following month."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
