"""Whether the past stands still, holds ended once, and lots were spent in their order."""

from collections.abc import Iterator

from sqlalchemy import text

from backend.invariants import Books, Check, Finding, Invariant, check_of_rows, stream
from backend.ledger import conservation
from backend.ledger.checks import MONTH

# Entries of one member are written under the member's lock, so their instants rise with their ids.
_OUT_OF_TIME = """
SELECT entry_id, created_at, earlier
  FROM (SELECT id AS entry_id, created_at,
               lag(created_at) OVER (PARTITION BY member_id ORDER BY id) AS earlier
          FROM entry WHERE member_id > 0) AS ordered
 WHERE created_at < earlier ORDER BY entry_id
"""

# A job lets held awards lapse at their time; a day later it plainly does not work.
_OVERDUE = text("""
SELECT h.action_id, h.times_out_at
  FROM held_award h
 WHERE h.times_out_at < CAST(:now AS timestamptz) - interval '1 day'
   AND NOT EXISTS (SELECT FROM hold_resolution r WHERE r.action_id = h.action_id)
 ORDER BY h.action_id
""")

# What an older lot, not yet ended, still held right after points were taken from a newer one.
_NOT_THE_OLDEST = """
SELECT s.entry_id, older.account_id
  FROM (SELECT e.id AS entry_id, e.member_id, e.effective_on, max(t.debit) AS newest
          FROM entry e JOIN transfer t ON t.entry_id = e.id
         WHERE e.kind IN ('redemption', 'donation') AND t.unit = 'mpt'
         GROUP BY e.id) AS s
  JOIN balance older ON older.member_id = s.member_id AND older.kind = 'member_points'
                    AND older.account_id < s.newest
                    AND older.expires_month >= date_trunc('month', s.effective_on)::date
 WHERE (SELECT coalesce(sum(amount), 0) FROM transfer
         WHERE credit = older.account_id AND entry_id <= s.entry_id)
     > (SELECT coalesce(sum(amount), 0) FROM transfer
         WHERE debit = older.account_id AND debit > 0 AND entry_id <= s.entry_id)
 ORDER BY s.entry_id, older.account_id
"""

# A lot is spent until its month is over, and ends after that: also by the clock of the database,
# whatever day a process believed it to be.
_WRITTEN_ON = "(e.created_at AT TIME ZONE 'Asia/Shanghai')"
_OUT_OF_SEASON = f"""
SELECT e.id AS entry_id, t.debit AS account_id,
       CASE e.kind WHEN 'expiry' THEN '在到期月份结束之前被清零'
                   ELSE '在到期之后被花费' END AS problem
  FROM entry e JOIN transfer t ON t.entry_id = e.id AND t.unit = 'mpt'
 WHERE (e.kind IN ('redemption', 'donation') AND t.debit & 4095 < {MONTH.format("e.effective_on")})
    OR (e.kind = 'expiry' AND t.debit & 4095 >= {MONTH.format("e.effective_on")})
    OR (e.kind = 'expiry' AND t.debit & 4095 >= {MONTH.format(_WRITTEN_ON)})
 ORDER BY e.id, t.debit
"""

# An award comes out of the accounts of its own methodology, and so do all amendments of it.
_STRANGE_SOURCES = """
SELECT e.id AS entry_id, a.id AS action_id, a.methodology_id, c.subject
  FROM entry e
  JOIN action a ON a.id = e.action_id
  JOIN transfer t ON t.entry_id = e.id
  JOIN account c ON c.id = least(t.debit, t.credit) AND c.kind IN ('avoided_source', 'issuance')
 WHERE c.subject <> a.methodology_id
 ORDER BY e.id
"""

_RESOLUTIONS = """
SELECT r.action_id, r.outcome
  FROM hold_resolution r
  LEFT JOIN held_award h ON h.action_id = r.action_id
  LEFT JOIN entry e ON e.id = r.entry_id AND e.action_id = r.action_id AND e.kind = 'award'
 WHERE h.action_id IS NULL OR (r.outcome = 'posted') <> (e.id IS NOT NULL)
    OR (r.entry_id IS NULL) <> (e.id IS NULL)
 ORDER BY r.action_id
"""

# What points to a reassessment, and what a reassessment points to, concern the same action.
_REASSESSMENTS = """
SELECT r.id AS reassessment_id, r.action_id, '它的更正分录不存在或属于别的行为' AS problem
  FROM reassessment r
  LEFT JOIN entry e ON e.id = r.entry_id AND e.action_id = r.action_id AND e.kind = 'correction'
 WHERE r.entry_id IS NOT NULL AND e.id IS NULL
UNION ALL
SELECT r.id, r.action_id, '它所依据的规则集没有登记'
  FROM reassessment r
 WHERE NOT EXISTS (SELECT FROM rulebook_release l WHERE l.digest = r.rulebook_digest)
UNION ALL
SELECT s.reassessment_id, s.action_id, '行为的状态指向别的行为的重算'
  FROM action_state s
  LEFT JOIN reassessment r ON r.id = s.reassessment_id AND r.action_id = s.action_id
 WHERE s.reassessment_id IS NOT NULL AND r.id IS NULL
 ORDER BY 1
"""


def _kept_report(books: Books) -> Iterator[Finding]:
    """Makes the newest kept report again: an instant that is past gives the same for ever."""
    kept = conservation.kept(books.db, until=books.now)
    if kept is None:
        return
    as_of, lines = kept
    again = conservation.report(books.db, at=as_of)
    if tuple(lines) != again.lines:
        yield Finding(
            Invariant.STABLE_AS_OF, f"report {as_of.isoformat()}", "同一时刻的去向报告已变了。"
        )
    if not again.holds:
        yield Finding(
            Invariant.CONSERVATION, f"report {as_of.isoformat()}", "发放的数额与去向之和不等。"
        )


def _overdue(books: Books) -> Iterator[Finding]:
    for row in stream(books.db, _OVERDUE, {"now": books.now}):
        yield Finding(
            Invariant.PENDING_ONCE,
            f"action {row.action_id}",
            f"待审核的入账应在 {row.times_out_at} 了结，至今没有；请检查定时任务。",
        )


CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "ledger.order_of_time",
        "成员的分录按时间先后入账",
        Invariant.STABLE_AS_OF,
        statement=_OUT_OF_TIME,
        subject="entry {entry_id}",
        detail="入账时间 {created_at} 早于前一条分录的 {earlier}。",
    ),
    Check(
        "ledger.kept_report",
        "保存的去向报告重算不变",
        (Invariant.STABLE_AS_OF, Invariant.CONSERVATION),
        _kept_report,
    ),
    Check(
        "ledger.overdue_holds",
        "待审核的入账没有逾期",
        (Invariant.PENDING_ONCE,),
        _overdue,
    ),
    check_of_rows(
        "ledger.oldest_first",
        "花费积分时先用先到期的批次",
        Invariant.LOTS,
        statement=_NOT_THE_OLDEST,
        subject="entry {entry_id}",
        detail="账户 {account_id} 到期更早，当时还有余额。",
    ),
    check_of_rows(
        "ledger.ended_lots",
        "批次到期前可用、到期后清零",
        Invariant.LOTS,
        statement=_OUT_OF_SEASON,
        subject="entry {entry_id}",
        detail="账户 {account_id} 的积分{problem}。",
    ),
    check_of_rows(
        "ledger.sources",
        "奖励出自本行为方法学的账户",
        Invariant.PROVENANCE,
        statement=_STRANGE_SOURCES,
        subject="entry {entry_id}",
        detail="行为 {action_id} 的方法学是 {methodology_id}，划转出自 {subject} 的账户。",
    ),
    check_of_rows(
        "ledger.resolutions",
        "审核结果与待审核的入账、分录相符",
        Invariant.PENDING_ONCE,
        statement=_RESOLUTIONS,
        subject="action {action_id}",
        detail="审核结果为 {outcome}，没有对应的待审核入账，或分录不符。",
    ),
    check_of_rows(
        "ledger.reassessments",
        "重算记录与行为、更正分录相符",
        Invariant.PROVENANCE,
        statement=_REASSESSMENTS,
        subject="action {action_id}",
        detail="重算 {reassessment_id}：{problem}。",
    ),
)
