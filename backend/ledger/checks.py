"""Whether the book agrees with itself."""

from backend.invariants import Check, Invariant, check_of_rows
from backend.ledger.chart import CHART
from backend.ledger.policy import POINTS_LIVE_MONTHS
from backend.ledger.queries import DRIFT

# Numbers of accounts and months by the chart, computed here and not by what is under check.
_CODE = "CASE kind {} END".format(
    " ".join(f"WHEN '{line.kind}' THEN {line.code}" for line in CHART if line.code is not None)
)
MONTH = """coalesce((extract(year FROM {0})::int - 2020) * 12 + extract(month FROM {0})::int, 0)"""
_EXPIRES = f"(date_trunc('month', e.effective_on) + interval '{POINTS_LIVE_MONTHS} months')"

_UNBALANCED = """
SELECT unit, sum(held)::bigint AS held, sum(moved)::bigint AS moved
  FROM (SELECT unit, amount AS held, 0 AS moved FROM balance
        UNION ALL
        SELECT unit, 0, CASE WHEN credit > 0 THEN amount ELSE 0 END
                      - CASE WHEN debit > 0 THEN amount ELSE 0 END FROM transfer) AS sides
 GROUP BY unit HAVING sum(held) <> sum(moved)
"""

# A side of a transfer: a system account is a row of `account`, any other one of `balance`.
_STRANGE_ACCOUNTS = """
SELECT s.account_id, s.unit, s.entry_id, coalesce(a.unit, b.unit, '无') AS known
  FROM (SELECT account_id, unit, min(entry_id) AS entry_id
          FROM (SELECT debit AS account_id, unit, entry_id FROM transfer
                UNION ALL SELECT credit, unit, entry_id FROM transfer) AS sides
         GROUP BY account_id, unit) AS s
  LEFT JOIN account a ON a.id = s.account_id
  LEFT JOIN balance b ON b.account_id = s.account_id
 WHERE coalesce(a.unit, b.unit, '') <> s.unit
 ORDER BY s.account_id
"""

_NEGATIVE = "SELECT account_id, amount FROM balance WHERE amount < 0 ORDER BY account_id"

# An action has the reference it was recorded under, and one more for each better evidence of it.
_REFERENCES = """
SELECT i.action_id, i.reference, '凭据号指向不存在的行为，或属于另一位成员' AS problem
  FROM idempotency i
  LEFT JOIN action a ON a.id = i.action_id AND a.member_id = i.member_id
 WHERE a.id IS NULL AND i.entry_id IS NULL
UNION ALL
SELECT a.id, a.reference, '行为没有占用它的凭据号'
  FROM action a
  LEFT JOIN idempotency i ON i.member_id = a.member_id AND i.reference = a.reference
                         AND i.action_id = a.id
 WHERE i.action_id IS NULL
 ORDER BY 1
"""

_SPENDING_REFERENCES = """
SELECT coalesce(e.id, i.entry_id) AS entry_id
  FROM (SELECT * FROM entry WHERE kind IN ('redemption', 'donation')) AS e
  FULL JOIN (SELECT * FROM idempotency WHERE entry_id IS NOT NULL) AS i ON i.entry_id = e.id
 WHERE e.member_id IS DISTINCT FROM i.member_id
 ORDER BY 1
"""

_DOUBLED_REFERENCES = """
SELECT member_id, reference, count(*) AS actions, min(id) AS action_id
  FROM action GROUP BY member_id, reference HAVING count(*) > 1 ORDER BY action_id
"""

_AWARDS = """
SELECT a.id AS action_id, count(e.id) AS awards
  FROM action a
  LEFT JOIN entry e ON e.action_id = a.id AND e.kind = 'award'
  LEFT JOIN action_state s ON s.action_id = a.id
 GROUP BY a.id, s.status
HAVING count(e.id) <> CASE WHEN s.status IN ('held', 'voided', 'timed_out') THEN 0 ELSE 1 END
 ORDER BY a.id
"""

_ORPHANS = """
SELECT e.id AS entry_id, e.action_id
  FROM entry e
  LEFT JOIN action a ON a.id = e.action_id AND a.member_id = e.member_id
 WHERE e.kind = 'award' AND a.id IS NULL
 ORDER BY e.id
"""

_MIRRORS = """
SELECT r.id AS entry_id, r.reverses_entry_id AS original_id
  FROM entry r
  LEFT JOIN LATERAL (
       SELECT array_agg((t.debit, t.credit, t.unit, t.amount)::text
                        ORDER BY t.unit, t.debit, t.credit, t.amount) AS moved
         FROM transfer t WHERE t.entry_id = r.id) AS back ON true
  LEFT JOIN LATERAL (
       SELECT array_agg((t.credit, t.debit, t.unit, t.amount)::text
                        ORDER BY t.unit, t.credit, t.debit, t.amount) AS moved
         FROM transfer t WHERE t.entry_id = r.reverses_entry_id) AS there ON true
 WHERE r.kind = 'reversal' AND back.moved IS DISTINCT FROM there.moved
 ORDER BY r.id
"""

_REVERSED_TWICE = """
SELECT reverses_entry_id AS entry_id, count(*) AS reversals
  FROM entry WHERE reverses_entry_id IS NOT NULL
 GROUP BY reverses_entry_id HAVING count(*) > 1 ORDER BY 1
"""

# A settlement releases exactly what its redemption set aside, lot by lot.
_SETTLEMENTS = """
SELECT s.id AS entry_id, s.settles_entry_id AS redemption_id
  FROM entry s
  LEFT JOIN entry r ON r.id = s.settles_entry_id AND r.kind = 'redemption'
                   AND r.member_id = s.member_id
  LEFT JOIN LATERAL (
       SELECT array_agg((t.debit, t.amount)::text ORDER BY t.debit) AS moved
         FROM transfer t WHERE t.entry_id = s.id) AS released ON true
  LEFT JOIN LATERAL (
       SELECT array_agg((t.credit, t.amount)::text ORDER BY t.credit) AS moved
         FROM transfer t WHERE t.entry_id = r.id) AS aside ON true
 WHERE s.settles_entry_id IS NOT NULL AND released.moved IS DISTINCT FROM aside.moved
 ORDER BY s.id
"""

_SETTLED_TWICE = """
SELECT settles_entry_id AS entry_id, count(*) AS settlements
  FROM entry WHERE settles_entry_id IS NOT NULL
 GROUP BY settles_entry_id HAVING count(*) > 1 ORDER BY 1
"""

_PENDING = """
SELECT account_id, sum(held)::bigint AS held, sum(open)::bigint AS open
  FROM (SELECT account_id, amount AS held, 0 AS open FROM balance WHERE kind = 'redemption_pending'
        UNION ALL
        SELECT t.credit, 0, t.amount
          FROM entry r JOIN transfer t ON t.entry_id = r.id
         WHERE r.kind = 'redemption'
           AND NOT EXISTS (SELECT FROM entry s WHERE s.settles_entry_id = r.id)) AS sides
 GROUP BY account_id HAVING sum(held) <> sum(open) ORDER BY account_id
"""

# What came out of a methodology's accounts for an action, over all its entries, and what it earns.
_AMOUNTS = """
SELECT m.entry_id, a.id AS action_id, e.reduction_mg, e.points_mpt,
       coalesce(m.mg, 0)::bigint AS moved_mg, coalesce(m.mpt, 0)::bigint AS moved_mpt
  FROM action a
  LEFT JOIN action_state s ON s.action_id = a.id
  LEFT JOIN reassessment r ON r.id = s.reassessment_id
 CROSS JOIN LATERAL (
       SELECT CASE WHEN coalesce(s.status, 'credited') <> 'credited' THEN 0
                   ELSE coalesce(r.reduction_mg, a.reduction_mg) END AS reduction_mg,
              CASE WHEN coalesce(s.status, 'credited') <> 'credited' THEN 0
                   ELSE coalesce(r.points_mpt, a.points_mpt) END AS points_mpt) AS e
  LEFT JOIN (SELECT n.action_id, min(n.id) AS entry_id,
                    sum(CASE WHEN t.debit < 0 THEN t.amount ELSE -t.amount END)
                        FILTER (WHERE c.kind = 'avoided_source') AS mg,
                    sum(CASE WHEN t.debit < 0 THEN t.amount ELSE -t.amount END)
                        FILTER (WHERE c.kind = 'issuance') AS mpt
               FROM entry n
               LEFT JOIN transfer t ON t.entry_id = n.id
               LEFT JOIN account c ON c.id = least(t.debit, t.credit)
              WHERE n.action_id IS NOT NULL GROUP BY n.action_id) AS m ON m.action_id = a.id
 WHERE (e.reduction_mg, e.points_mpt) <> (coalesce(m.mg, 0), coalesce(m.mpt, 0))
 ORDER BY a.id
"""

_MISPLACED = f"""
SELECT account_id, kind, member_id + coalesce(campaign_id, 0) AS owner_id, expires_month
  FROM balance
 WHERE account_id >> 16 IS DISTINCT FROM member_id + coalesce(campaign_id, 0)
    OR (account_id >> 12) & 15 IS DISTINCT FROM {_CODE}
    OR (kind <> 'campaign_budget' AND account_id & 4095 <> {MONTH.format("expires_month")})
    OR extract(day FROM expires_month) <> 1
 ORDER BY account_id
"""

_WRONG_LOT = f"""
SELECT t.entry_id, t.credit AS account_id
  FROM transfer t
  JOIN entry e ON e.id = t.entry_id AND e.kind = 'award'
 WHERE t.unit = 'mpt'
   AND t.credit <> ((e.member_id << 16) | (2 << 12) | {MONTH.format(_EXPIRES)})
 ORDER BY t.entry_id
"""

_UNTRACEABLE = """
SELECT e.id AS entry_id FROM entry e
 WHERE e.kind = 'award' AND length(e.trace_digest) IS DISTINCT FROM 32 ORDER BY e.id
"""

_EVIDENCE_TWICE = """
SELECT encode(evidence_digest, 'hex') AS digest, count(*) AS uses, min(action_id) AS action_id
  FROM evidence_use GROUP BY evidence_digest HAVING count(*) > 1 ORDER BY action_id
"""

_EVIDENCE_ASTRAY = """
SELECT u.action_id, encode(u.evidence_digest, 'hex') AS digest
  FROM evidence_use u LEFT JOIN action a ON a.id = u.action_id
 WHERE a.id IS NULL ORDER BY u.action_id
"""

# A row beside an entry or an action names the member that the entry or the action names.
_MEMBERS = """
SELECT 'entry' AS kind, t.entry_id AS id, min(t.member_id) AS said, e.member_id AS member_id
  FROM transfer t JOIN entry e ON e.id = t.entry_id
 WHERE t.member_id <> e.member_id GROUP BY t.entry_id, e.member_id
UNION ALL
SELECT 'entry', l.entry_id, l.member_id, e.member_id
  FROM tree_leaf l JOIN entry e ON e.id = l.entry_id WHERE l.member_id <> e.member_id
UNION ALL
SELECT 'action', x.action_id, x.member_id, a.member_id
  FROM (SELECT action_id, member_id FROM evidence_use
        UNION ALL SELECT action_id, member_id FROM action_state
        UNION ALL SELECT action_id, member_id FROM held_award
        UNION ALL SELECT action_id, member_id FROM hold_resolution
        UNION ALL SELECT action_id, member_id FROM reassessment) AS x
  JOIN action a ON a.id = x.action_id
 WHERE x.member_id <> a.member_id
UNION ALL
SELECT 'account', s.account_id, s.member_id, o.member_id
  FROM sealed_balance s
 CROSS JOIN LATERAL (SELECT CASE WHEN s.account_id > 0 AND s.account_id >> 12 & 15 <> 3
                                 THEN s.account_id >> 16 ELSE 0 END AS member_id) AS o
 WHERE s.member_id <> o.member_id
 ORDER BY 1, 2
"""

CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "ledger.conservation",
        "全部账户合计为零",
        Invariant.CONSERVATION,
        statement=_UNBALANCED,
        subject="unit {unit}",
        detail="账户余额合计 {held}，划转合计 {moved}。",
    ),
    check_of_rows(
        "ledger.accounts",
        "划转两端的账户存在且单位一致",
        Invariant.CONSERVATION,
        statement=_STRANGE_ACCOUNTS,
        subject="account {account_id}",
        detail="分录 {entry_id} 以单位 {unit} 使用该账户，账户的单位是 {known}。",
    ),
    check_of_rows(
        "ledger.references",
        "行为与凭据号一一对应",
        Invariant.IDEMPOTENCY,
        statement=_REFERENCES,
        subject="action {action_id}",
        detail="{problem}：{reference}。",
    ),
    check_of_rows(
        "ledger.doubled_references",
        "一个凭据号只有一次行为",
        Invariant.IDEMPOTENCY,
        statement=_DOUBLED_REFERENCES,
        subject="action {action_id}",
        detail="成员 {member_id} 的凭据号 {reference} 有 {actions} 次行为。",
    ),
    check_of_rows(
        "ledger.spending_references",
        "兑换、捐赠与凭据号一一对应",
        Invariant.IDEMPOTENCY,
        statement=_SPENDING_REFERENCES,
        subject="entry {entry_id}",
        detail="分录没有占用本人的凭据号，或凭据号指向不存在的分录。",
    ),
    check_of_rows(
        "ledger.awards",
        "每次行为恰有一份奖励",
        Invariant.ONE_AWARD,
        statement=_AWARDS,
        subject="action {action_id}",
        detail="有 {awards} 份奖励分录。",
    ),
    check_of_rows(
        "ledger.mirrors",
        "冲正分录与原分录相反",
        Invariant.REVERSAL,
        statement=_MIRRORS,
        subject="entry {entry_id}",
        detail="与被冲正的分录 {original_id} 不是逐笔相反。",
    ),
    check_of_rows(
        "ledger.reversed_once",
        "分录至多冲正一次",
        Invariant.REVERSAL,
        statement=_REVERSED_TWICE,
        subject="entry {entry_id}",
        detail="被冲正 {reversals} 次。",
    ),
    check_of_rows(
        "ledger.not_negative",
        "没有负的余额",
        Invariant.NOT_NEGATIVE,
        statement=_NEGATIVE,
        subject="account {account_id}",
        detail="余额为 {amount}。",
    ),
    check_of_rows(
        "ledger.drift",
        "余额等于划转合计",
        Invariant.NO_DRIFT,
        statement=DRIFT,
        subject="account {account_id}",
        detail="余额 {held}，划转合计 {moved}。",
    ),
    check_of_rows(
        "ledger.settlements",
        "兑换的了结与冻结的批次逐笔相符",
        Invariant.PENDING_ONCE,
        statement=_SETTLEMENTS,
        subject="entry {entry_id}",
        detail="了结的批次与兑换 {redemption_id} 冻结的不符。",
    ),
    check_of_rows(
        "ledger.settled_once",
        "兑换至多了结一次",
        Invariant.PENDING_ONCE,
        statement=_SETTLED_TWICE,
        subject="entry {entry_id}",
        detail="被了结 {settlements} 次。",
    ),
    check_of_rows(
        "ledger.pending",
        "待领的积分等于未了结的兑换",
        Invariant.PENDING_ONCE,
        statement=_PENDING,
        subject="account {account_id}",
        detail="待领 {held}，未了结的兑换合计 {open}。",
    ),
    check_of_rows(
        "ledger.lots",
        "账户编号与所属、种类、到期月相符",
        Invariant.LOTS,
        statement=_MISPLACED,
        subject="account {account_id}",
        detail="{kind}（所属 {owner_id}，到期月 {expires_month}）不在它应在的账户。",
    ),
    check_of_rows(
        "ledger.members",
        "分录、行为旁的各行写明同一位成员",
        Invariant.PROVENANCE,
        statement=_MEMBERS,
        subject="{kind} {id}",
        detail="有一行写成员 {said}，应为 {member_id}。",
    ),
    check_of_rows(
        "ledger.award_lots",
        "奖励的积分进入应到期的月份",
        Invariant.LOTS,
        statement=_WRONG_LOT,
        subject="entry {entry_id}",
        detail="积分进入账户 {account_id}，不是行为当月之后第十二个月到期的批次。",
    ),
    check_of_rows(
        "ledger.orphans",
        "奖励分录指向本人的行为",
        Invariant.PROVENANCE,
        statement=_ORPHANS,
        subject="entry {entry_id}",
        detail="它的行为 {action_id} 不存在或属于别人。",
    ),
    check_of_rows(
        "ledger.traces",
        "奖励分录带有计算过程的摘要",
        Invariant.PROVENANCE,
        statement=_UNTRACEABLE,
        subject="entry {entry_id}",
        detail="计算过程的摘要缺失或长度不对。",
    ),
    check_of_rows(
        "ledger.evidence_once",
        "凭证没有被使用两次",
        Invariant.EVIDENCE_ONCE,
        statement=_EVIDENCE_TWICE,
        subject="action {action_id}",
        detail="凭证 {digest} 被使用 {uses} 次。",
    ),
    check_of_rows(
        "ledger.evidence_astray",
        "凭证占用指向存在的行为",
        Invariant.EVIDENCE_ONCE,
        statement=_EVIDENCE_ASTRAY,
        subject="action {action_id}",
        detail="凭证 {digest} 指向不存在的行为。",
    ),
    check_of_rows(
        "ledger.amounts",
        "奖励分录的划转齐全",
        Invariant.WHOLE_ENTRIES,
        statement=_AMOUNTS,
        subject="entry {entry_id}",
        detail="行为 {action_id} 应得 {reduction_mg} mg、{points_mpt} mpt，"
        "划转 {moved_mg} mg、{moved_mpt} mpt。",
    ),
)
