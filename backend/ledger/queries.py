"""Reads of the ledger: balances, statements, and whether the two agree."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Subquery, func, select, text

from backend.db.statements import fetch_all
from backend.ledger.chart import AccountKind, EntryKind
from backend.ledger.models import Balance, Entry, ExpiryNotice


@dataclass(frozen=True, slots=True)
class CounterKey:
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


_NOW = """
SELECT kind, expires_month, amount FROM balance
 WHERE member_id = %s AND kind IN ('member_reduction', 'member_points') AND amount > 0
 ORDER BY expires_month
"""


def balance_of(db: Connection, *, member_id: int) -> MemberBalance:
    """The member's balance now, oldest points first."""
    rows = fetch_all(db, _NOW, (member_id,))
    lots = tuple(
        Lot(month, amount) for kind, month, amount in rows if kind == AccountKind.MEMBER_POINTS
    )
    return MemberBalance(
        reduction_mg=sum(row[2] for row in rows if row[0] == AccountKind.MEMBER_REDUCTION),
        points_mpt=sum(lot.points_mpt for lot in lots),
        lots=lots,
    )


# What a member's accounts moved up to an entry, from the two indexes of the transfers by member. A
# campaign of the same number is left out by its kind of account, or where balances are joined.
_MOVED = """
SELECT t.credit AS account_id, t.amount FROM transfer t
 WHERE t.credit > 0 AND t.credit >> 16 = %(member)s AND t.entry_id <= latest.id
UNION ALL
SELECT t.debit, -t.amount FROM transfer t
 WHERE t.debit > 0 AND t.debit >> 16 = %(member)s AND t.entry_id <= latest.id
"""
_AT = f"""
SELECT b.unit, b.kind, b.expires_month, held.amount
  FROM (SELECT coalesce((SELECT e.id FROM entry e
                          WHERE e.member_id = %(member)s AND e.created_at <= %(at)s
                          ORDER BY e.id DESC LIMIT 1), 0) AS id) AS latest
 CROSS JOIN LATERAL (SELECT moved.account_id, sum(moved.amount) AS amount
                       FROM ({_MOVED}) AS moved
                      GROUP BY moved.account_id HAVING sum(moved.amount) > 0) AS held
  JOIN balance b ON b.account_id = held.account_id
 WHERE b.member_id = %(member)s AND b.kind IN ('member_reduction', 'member_points')
 ORDER BY b.expires_month
"""


def balance_at(db: Connection, *, member_id: int, at: datetime) -> MemberBalance:
    """What a member held right after the last entry written by an instant.

    An instant further back than the longest transaction gives the same answer for ever. The sums
    come from the indexes of the transfers; no table is scanned.

    Args:
        db: any transaction.
        member_id: whose balance.
        at: the instant, aware, by the clock of the database.
    """
    rows = fetch_all(db, _AT, {"member": member_id, "at": at})
    lots = tuple(Lot(month, int(amount)) for unit, _, month, amount in rows if unit == "mpt")
    return MemberBalance(
        reduction_mg=sum(int(amount) for unit, _, _, amount in rows if unit == "mg"),
        points_mpt=sum(lot.points_mpt for lot in lots),
        lots=lots,
    )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One entry of a member's statement: what it moved, and the balance right after it."""

    entry_id: int
    kind: str
    action_id: int | None
    effective_on: date
    created_at: datetime
    reduction_mg: int
    points_mpt: int
    balance_mg: int
    balance_mpt: int


# 1 and 2 are the accounts a member can spend from (`chart.is_held`): reductions and points. The
# balance after the newest line is summed from the transfers; those below it follow by taking away.
_STATEMENT = f"""
WITH page AS MATERIALIZED (
    SELECT id, kind, action_id, effective_on, created_at FROM entry
     WHERE member_id = %(member)s AND id < %(before)s ORDER BY id DESC LIMIT %(limit)s
), moved AS (
    SELECT t.entry_id, t.unit, sum(CASE WHEN t.credit >> 12 & 15 IN (1, 2) AND t.credit > 0
                                        THEN t.amount ELSE 0 END
                                 - CASE WHEN t.debit >> 12 & 15 IN (1, 2) AND t.debit > 0
                                        THEN t.amount ELSE 0 END) AS amount
      FROM page JOIN transfer t ON t.entry_id = page.id GROUP BY t.entry_id, t.unit
), line AS (
    SELECT page.*, coalesce(g.amount, 0) AS mg, coalesce(p.amount, 0) AS mpt
      FROM page LEFT JOIN moved g ON g.entry_id = page.id AND g.unit = 'mg'
                LEFT JOIN moved p ON p.entry_id = page.id AND p.unit = 'mpt'
), held AS (
    SELECT coalesce(sum(moved.amount) FILTER (WHERE moved.account_id >> 12 & 15 = 1), 0) AS mg,
           coalesce(sum(moved.amount) FILTER (WHERE moved.account_id >> 12 & 15 = 2), 0) AS mpt
      FROM (SELECT max(id) AS id FROM page) AS latest CROSS JOIN LATERAL ({_MOVED}) AS moved
)
SELECT line.id, line.kind, line.action_id, line.effective_on, line.created_at,
       line.mg::bigint, line.mpt::bigint,
       (held.mg - coalesce(sum(line.mg) OVER later, 0))::bigint,
       (held.mpt - coalesce(sum(line.mpt) OVER later, 0))::bigint
  FROM line CROSS JOIN held
WINDOW later AS (ORDER BY line.id DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
 ORDER BY line.id DESC
"""
_AFTER_ALL = 2**63 - 1


def statement_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[StatementLine]:
    """The member's entries, newest first, from the one before `before_id` on.

    One statement, so that a posting in between cannot come into the balances but not the lines.

    Args:
        db: any transaction.
        member_id: whose entries.
        before_id: the last entry of the page before; None for the newest.
        limit: lines on this page.
    """
    before = _AFTER_ALL if before_id is None else before_id
    rows = fetch_all(db, _STATEMENT, {"member": member_id, "before": before, "limit": limit})
    return [StatementLine(*row) for row in rows]


# What came from a source, less what went back there. A reversal or correction counts on the day of
# its action, not on its own.
_EARNED = """
SELECT coalesce(sum(CASE WHEN t.credit > 0 AND t.credit >> 12 & 15 IN (1, 2) THEN t.amount
                         ELSE -t.amount END), 0)::bigint
  FROM entry e
  JOIN transfer t ON t.entry_id = e.id AND t.unit = %(unit)s
  LEFT JOIN account a ON a.id = least(t.debit, t.credit)
  LEFT JOIN action ON action.id = e.action_id
 WHERE e.member_id = %(member)s AND e.kind IN ('award', 'reversal', 'correction')
   AND (a.kind IN ('issuance', 'avoided_source')
        OR (a.id IS NULL AND 3 IN (t.debit >> 12 & 15, t.credit >> 12 & 15)))
   AND coalesce(action.occurred_on, e.effective_on) BETWEEN %(first)s AND %(last)s
"""


def earned_between(db: Connection, *, member_id: int, unit: str, first: date, last: date) -> int:
    """What a member earned from one Asia/Shanghai day to another, whatever became of it since.

    Args:
        db: any transaction.
        member_id: who.
        unit: `mg` or `mpt`; the amount is in it.
        first: the first day on which the actions happened.
        last: the last one.
    """
    parameters = {"member": member_id, "unit": unit, "first": first, "last": last}
    ((earned,),) = fetch_all(db, _EARNED, parameters)
    return int(earned)


@dataclass(frozen=True, slots=True)
class Notice:
    """That points (mpt) of a month of expiry end soon, and how many are left of them now."""

    expires_month: date
    days_ahead: int
    points_mpt: int
    noticed_on: date


def notices_of(db: Connection, *, member_id: int, on: date) -> list[Notice]:
    """The latest notice for each month whose points have not ended by a day, nor been used."""
    rows = db.execute(
        select(
            ExpiryNotice.expires_month,
            func.min(ExpiryNotice.days_ahead),
            Balance.amount,
            func.max(ExpiryNotice.noticed_on),
        )
        .join(
            Balance,
            (Balance.member_id == ExpiryNotice.member_id)
            & (Balance.expires_month == ExpiryNotice.expires_month)
            & (Balance.kind == AccountKind.MEMBER_POINTS),
        )
        .where(
            ExpiryNotice.member_id == member_id,
            ExpiryNotice.expires_month >= on.replace(day=1),
            Balance.amount > 0,
        )
        .group_by(ExpiryNotice.expires_month, Balance.amount)
        .order_by(ExpiryNotice.expires_month)
    )
    return [Notice(*row) for row in rows]


def award_entries() -> Subquery:
    """The entries of awards, for readers of actions to join: `action_id`, `trace_digest`."""
    return (
        select(Entry.action_id, Entry.trace_digest)
        .where(Entry.kind == EntryKind.AWARD)
        .subquery("award_entry")
    )


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
