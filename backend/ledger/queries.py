"""Reads of the ledger: balances, statements, and whether the two agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select, text

from backend.ledger.chart import AccountKind, is_held
from backend.ledger.models import Balance, Entry, Transfer


@dataclass(frozen=True, slots=True)
class Cap:
    """One counter of a cap: whose it is, its key and the first day of its period."""

    subject_id: int
    key: str
    period_start: date


@dataclass(frozen=True, slots=True)
class Lot:
    """Points (mpt) of a member that expire together, at the end of a month."""

    expires_month: date
    points_mpt: int


@dataclass(frozen=True, slots=True)
class MemberBalance:
    """What a member holds: reductions (mg) and points (mpt), with the lots by month of expiry."""

    reduction_mg: int
    points_mpt: int
    lots: tuple[Lot, ...]


def balance_of(db: Connection, *, member_id: int) -> MemberBalance:
    """The member's balance now, oldest points first."""
    rows = db.execute(
        select(Balance.kind, Balance.expires_month, Balance.amount)
        .where(Balance.member_id == member_id)
        .order_by(Balance.expires_month)
    ).all()
    lots = tuple(
        Lot(month, amount)
        for kind, month, amount in rows
        if kind == AccountKind.MEMBER_POINTS and month is not None
    )
    return MemberBalance(
        reduction_mg=sum(row[2] for row in rows if row[0] == AccountKind.MEMBER_REDUCTION),
        points_mpt=sum(lot.points_mpt for lot in lots),
        lots=lots,
    )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of a member's statement, with what it moved."""

    entry_id: int
    kind: str
    action_id: int | None
    effective_on: date
    created_at: datetime
    reduction_mg: int
    points_mpt: int


def statement_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[StatementLine]:
    """The member's entries, newest first, from the one before `before_id` on."""
    latest = (
        select(Entry).where(Entry.member_id == member_id).order_by(Entry.id.desc()).limit(limit)
    )
    if before_id is not None:
        latest = latest.where(Entry.id < before_id)
    entries = db.execute(latest).all()
    moved = _moved(db, [entry.id for entry in entries])
    return [
        StatementLine(
            entry.id,
            entry.kind,
            entry.action_id,
            entry.effective_on,
            entry.created_at,
            moved.get((entry.id, "mg"), 0),
            moved.get((entry.id, "mpt"), 0),
        )
        for entry in entries
    ]


def _moved(db: Connection, entry_ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """By entry and unit: what went to (positive) or from (negative) the member."""
    moved: dict[tuple[int, str], int] = {}
    for entry_id, unit, debit, credit, amount in db.execute(
        select(
            Transfer.entry_id, Transfer.unit, Transfer.debit, Transfer.credit, Transfer.amount
        ).where(Transfer.entry_id.in_(entry_ids))
    ):
        key = (entry_id, unit)
        moved[key] = moved.get(key, 0) + amount * (is_held(credit) - is_held(debit))
    return moved


DRIFT = """
SELECT b.account_id, b.amount AS held,
       (coalesce(c.amount, 0) - coalesce(d.amount, 0))::bigint AS moved
  FROM balance b
  LEFT JOIN (SELECT credit, sum(amount) AS amount FROM transfer GROUP BY credit) c
         ON c.credit = b.account_id
  LEFT JOIN (SELECT debit, sum(amount) AS amount FROM transfer WHERE debit > 0 GROUP BY debit) d
         ON d.debit = b.account_id
 WHERE b.amount <> coalesce(c.amount, 0) - coalesce(d.amount, 0)
 ORDER BY b.account_id
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A balance that differs from the sum of its transfers."""

    account_id: int
    held: int
    moved: int


def drifting_balances(db: Connection) -> list[Drift]:
    """Balances that differ from the sum of their transfers; there must be none."""
    return [Drift(*row) for row in db.execute(text(DRIFT))]


def extent(db: Connection) -> tuple[int, int]:
    """How many entries the book has, and the id of the newest; 0 when it is empty."""
    row = db.execute(select(func.count(), func.coalesce(func.max(Entry.id), 0))).one()
    return row[0], row[1]


@dataclass(frozen=True, slots=True)
class Tail:
    """Entries newer than one of them: how many, and when the first of them was written."""

    entries: int
    first_at: datetime | None


def tail_after(db: Connection, *, entry_id: int) -> Tail:
    """What was written into the book after an entry."""
    row = db.execute(
        select(func.count(), func.min(Entry.created_at)).where(Entry.id > entry_id)
    ).one()
    return Tail(row[0], row[1])
