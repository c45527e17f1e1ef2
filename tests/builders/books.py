"""Whether the whole book is sound: what every test that amends awards ends with."""

from collections import defaultdict
from datetime import date

from sqlalchemy import Connection, text

from backend.actions.queries import RECORDED, Recorded, recorded_of
from backend.actions.replaying import reassess, replay
from backend.actions.versions import caps_of, exclusions_under, stored_methodology
from backend.ledger.queries import drifting_balances
from credit_rules import Rulebook, Used

_COUNTED = ("credited", "held")
_PER_ACTION = text("""
SELECT e.action_id,
       coalesce(sum(CASE WHEN t.unit = 'mg' THEN s.sign * t.amount END), 0)::bigint,
       coalesce(sum(CASE WHEN t.unit = 'mpt' THEN s.sign * t.amount END), 0)::bigint
  FROM entry e JOIN transfer t ON t.entry_id = e.id
  JOIN account a ON a.id IN (t.debit, t.credit) AND a.kind IN ('avoided_source', 'issuance')
 CROSS JOIN LATERAL (SELECT CASE WHEN t.debit < 0 THEN 1 ELSE -1 END AS sign) s
 WHERE e.action_id IS NOT NULL GROUP BY e.action_id
""")
_BONUSES = text("""
SELECT e.action_id, sum(CASE WHEN b.account_id = t.debit THEN t.amount ELSE -t.amount END)::bigint
  FROM entry e JOIN transfer t ON t.entry_id = e.id
  JOIN balance b ON b.account_id IN (t.debit, t.credit) AND b.kind = 'campaign_budget'
 WHERE e.action_id IS NOT NULL GROUP BY e.action_id
""")
_CAPS = text("""
SELECT subject_id, cap_key, period_start, reduction_ng, points_npt, activity_nano, count_nano
  FROM cap_usage
""")
_MIRRORS = text("""
SELECT r.id FROM entry r
 WHERE r.kind = 'reversal' AND EXISTS (
   (SELECT debit, credit, unit, amount FROM transfer WHERE entry_id = r.reverses_entry_id
    EXCEPT ALL SELECT credit, debit, unit, amount FROM transfer WHERE entry_id = r.id)
   UNION ALL
   (SELECT credit, debit, unit, amount FROM transfer WHERE entry_id = r.id
    EXCEPT ALL
    SELECT debit, credit, unit, amount FROM transfer WHERE entry_id = r.reverses_entry_id))
""")


def assert_sound(db: Connection, rulebook: Rulebook) -> None:
    """Balances are their transfers, entries are their actions' awards, caps are their claims."""
    assert drifting_balances(db) == []
    assert db.execute(_MIRRORS).all() == []
    actions = [recorded_of(row) for row in db.execute(RECORDED)]
    issued = {row[0]: (row[1], row[2]) for row in db.execute(_PER_ACTION)}
    paid = {row[0]: row[1] for row in db.execute(_BONUSES)}
    for action in actions:
        earned = (action.reduction_mg, action.points_mpt) if action.counts else (0, 0)
        assert issued.get(action.id, (0, 0)) == earned, action
        bonus = reassess(rulebook, action).bonus_mpt if action.counts else 0
        assert paid.get(action.id, 0) == bonus, action
    assert _caps_held(db) == _caps_claimed(rulebook, actions)


def _caps_held(db: Connection) -> dict[tuple[int, str, date], Used]:
    rows = {(row[0], row[1], row[2]): Used(*row[3:]) for row in db.execute(_CAPS)}
    return {key: used for key, used in rows.items() if any(used)}


def _caps_claimed(rulebook: Rulebook, actions: list[Recorded]) -> dict[tuple[int, str, date], Used]:
    claimed: dict[tuple[int, str, date], Used] = defaultdict(Used)
    for action in actions:
        if action.status not in _COUNTED:
            continue
        usage = replay(rulebook, action).usage
        methodology = stored_methodology(rulebook, action)
        marks = exclusions_under(methodology, action)
        for mark in marks.marks:
            key = (mark.subject_id, mark.key, mark.period_start)
            claimed[key] = claimed[key].plus(marks.added[mark.key])
        for scope, subject in (("member", action.member_id), ("place", action.place_id)):
            if subject is None:
                continue
            on = action.occurred_on
            for cap in caps_of(methodology, scope=scope, subject_id=subject, on=on):
                key = (cap.subject_id, cap.key, cap.period_start)
                claimed[key] = claimed[key].plus(usage.get(cap.key, Used()))
    return {key: used for key, used in claimed.items() if any(used)}
