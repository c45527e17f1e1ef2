"""Whether rewards agree with the book: stock and redemptions."""

from backend.invariants import Check, Invariant, check_of_rows

_STOCK = """
SELECT r.id AS reward_id, r.stock_total - r.stock_left AS gone, coalesce(t.taken, 0) AS taken
  FROM reward r
  LEFT JOIN (SELECT reward_id, sum(quantity)::bigint AS taken FROM redemption
              WHERE state <> 'cancelled' GROUP BY reward_id) AS t ON t.reward_id = r.id
 WHERE r.stock_total - r.stock_left <> coalesce(t.taken, 0) ORDER BY r.id
"""

_REDEMPTIONS = """
SELECT coalesce(r.id, 0) AS redemption_id, coalesce(e.id, r.entry_id) AS entry_id
  FROM redemption r
  FULL JOIN (SELECT * FROM entry WHERE kind = 'redemption') AS e ON e.id = r.entry_id
  LEFT JOIN entry s ON s.settles_entry_id = e.id
  LEFT JOIN idempotency i ON i.entry_id = e.id
  LEFT JOIN LATERAL (SELECT sum(t.amount) AS amount FROM transfer t
                      WHERE t.entry_id = e.id) AS aside ON true
 WHERE r.member_id IS DISTINCT FROM e.member_id
    OR r.points_mpt IS DISTINCT FROM aside.amount
    OR r.reference IS DISTINCT FROM i.reference OR r.requested_on IS DISTINCT FROM e.effective_on
    OR r.requested_on <> (r.requested_at AT TIME ZONE 'Asia/Shanghai')::date
    OR EXISTS (SELECT FROM transfer t JOIN account a ON a.id = t.credit
                WHERE t.entry_id = s.id AND a.subject <> r.reward_id::text)
    OR r.state <> CASE s.kind WHEN 'fulfilment' THEN 'fulfilled'
                              WHEN 'cancellation' THEN 'cancelled' ELSE 'pending' END
 ORDER BY 2
"""

CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "rewards.stock",
        "奖品的库存与兑换相符",
        Invariant.WHOLE_ENTRIES,
        statement=_STOCK,
        subject="reward {reward_id}",
        detail="库存减少了 {gone} 件，未取消的兑换共 {taken} 件。",
    ),
    check_of_rows(
        "rewards.redemptions",
        "每笔兑换与账本的分录相符",
        Invariant.WHOLE_ENTRIES,
        statement=_REDEMPTIONS,
        subject="redemption {redemption_id}",
        detail="与分录 {entry_id} 的成员、凭据号、日期、数额或状态不符。",
    ),
)
