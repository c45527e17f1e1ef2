"""A seal goes on from the last one, and is the sum over all transfers for all that."""

import random
from datetime import date, timedelta

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from backend.clock import FixedClock
from backend.ledger.chart import AccountKind, member_account
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from backend.proofs.months import closes_at, next_month, seal_due
from tests.backend.proofs.test_months import found
from tests.builders.entries import an_entry

FIRST = date(2026, 9, 1)
MONTHS = 4
_ENDED = text("""
WITH made AS (INSERT INTO entry (kind, member_id, effective_on) VALUES ('expiry', :m, :on)
              RETURNING id)
INSERT INTO transfer SELECT id, 1, :m, :account, -2, 'mpt', :amount FROM made
""")
_HELD = text("""
SELECT coalesce(sum(CASE WHEN credit = :a THEN amount ELSE -amount END), 0)::bigint
  FROM transfer WHERE :a IN (credit, debit)
""")
_SEALED = text("SELECT account_id, unit, amount FROM sealed_balance WHERE month = :m ORDER BY 1")
_SUMMED = text("""
SELECT s.account_id, s.unit, sum(s.amount)::bigint AS amount
  FROM transfer t
  JOIN entry e ON e.id = t.entry_id AND e.effective_on < CAST(:m AS date) + interval '1 month'
  JOIN tree_leaf l ON l.entry_id = e.id
   AND l.index < (SELECT tree_size FROM sealed_month WHERE month = :m),
       LATERAL (VALUES (t.credit, t.unit, t.amount), (t.debit, t.unit, -t.amount))
           AS s(account_id, unit, amount)
 GROUP BY s.account_id, s.unit HAVING sum(s.amount) <> 0 ORDER BY 1
""")


def _post(db: Connection, dice: random.Random, month: date) -> None:
    """Entries of any day around a month, long past and to come, of which some end a whole lot."""
    for _ in range(dice.randrange(1, 14)):
        on = month + timedelta(days=dice.randrange(-75, 75))
        member = dice.randrange(1, 5)
        account = member_account(member, AccountKind.MEMBER_POINTS)
        held = db.scalar(_HELD, {"a": account})
        if held and dice.random() < 0.3:
            db.execute(_ENDED, {"m": member, "on": on, "account": account, "amount": held})
        else:
            an_entry(db, member_id=member, on=on)


@pytest.mark.parametrize("seed", range(5))
def test_late_and_dated_back_each_seal_is_the_sum_of_all(
    owner: Engine, application: Engine, signer: Signer, redis: Redis, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - chance, not secrecy
    month = FIRST
    with owner.begin() as db:
        an_entry(db, on=FIRST)
    for _ in range(MONTHS):
        closed = FixedClock(closes_at(month))
        for _ in range(3):
            with owner.begin() as db:
                _post(db, dice, month)
            jobs.build(application.begin, signer, closed)
        seal_due(application.begin, signer, closed)
        month = next_month(month)
    with owner.connect() as db:
        sealed = list(db.scalars(text("SELECT month FROM sealed_month ORDER BY month")))
        assert len(sealed) >= MONTHS
        for each in sealed:
            said = db.execute(_SEALED, {"m": each}).all()
            assert said == db.execute(_SUMMED, {"m": each}).all(), each
            assert 0 not in {row.amount for row in said}
    assert found(owner, redis) == []


def test_a_change_of_one_sealed_balance_is_named_where_it_stands(
    owner: Engine, application: Engine, signer: Signer, redis: Redis
) -> None:
    with owner.begin() as db:
        for month in (FIRST, next_month(FIRST)):
            an_entry(db, on=month)
    later = FixedClock(closes_at(next_month(FIRST)))
    jobs.build(application.begin, signer, later)
    assert len(seal_due(application.begin, signer, later)) == 2
    with owner.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(
            text("UPDATE sealed_balance SET amount = amount + 1 WHERE month = :m AND index = 1"),
            {"m": FIRST},
        )
    named = {finding.subject for finding in found(owner, redis)}
    assert named == {"month 2026-09", "month 2026-10"}
