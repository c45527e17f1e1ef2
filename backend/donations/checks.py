"""Whether donations agree with the book."""

from backend.invariants import Check, Invariant, check_of_rows

_DONATIONS = """
SELECT coalesce(d.id, 0) AS donation_id, coalesce(e.id, d.entry_id) AS entry_id
  FROM donation d
  FULL JOIN (SELECT * FROM entry WHERE kind = 'donation') AS e ON e.id = d.entry_id
  LEFT JOIN idempotency i ON i.entry_id = e.id
  LEFT JOIN LATERAL (SELECT sum(t.amount) AS amount, min(t.unit) AS unit, min(a.subject) AS cause
                       FROM transfer t LEFT JOIN account a ON a.id = t.credit
                      WHERE t.entry_id = e.id) AS given ON true
 WHERE d.member_id IS DISTINCT FROM e.member_id OR d.reference IS DISTINCT FROM i.reference
    OR e.effective_on <> (d.donated_at AT TIME ZONE 'Asia/Shanghai')::date
    OR (d.amount, d.unit, d.cause_id::text)
       IS DISTINCT FROM (given.amount, given.unit, given.cause)
 ORDER BY 2
"""

CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "donations.entries",
        "每笔捐赠与账本的分录相符",
        Invariant.WHOLE_ENTRIES,
        statement=_DONATIONS,
        subject="donation {donation_id}",
        detail="与分录 {entry_id} 的成员、凭据号、数额或项目不符。",
    ),
)
