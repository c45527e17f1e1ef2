"""Broken ways of spending, ending and giving away points."""

from backend.invariants import Invariant
from tests.conformance.canary import Canary
from tests.conformance.works import (
    donate,
    end_ahead,
    end_early,
    hand_out,
    redeem_across_lots,
    redeem_ended,
    redeem_part,
    redeem_then_report,
    settle_twice,
    take_reward,
)

# A trigger that changes what the program writes.
_ALTERED = """
CREATE FUNCTION altered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {0}; RETURN NEW; END $$;
CREATE TRIGGER altered BEFORE {1} FOR EACH ROW EXECUTE FUNCTION altered()
"""
CANARIES = (
    Canary(
        "a lot gives more than it holds",
        Invariant.NOT_NEGATIVE,
        "ledger.not_negative",
        redeem_across_lots,
        statements=("ALTER TABLE balance DROP CONSTRAINT ck_balance_not_negative",),
        function="ledger_oldest_lots",
        changes=(("least(lot.amount, p_points_mpt - lot.before)", "(p_points_mpt - lot.before)"),),
    ),
    Canary(
        "a redemption is settled twice",
        Invariant.PENDING_ONCE,
        "ledger.settled_once",
        settle_twice,
        statements=("DROP INDEX uq_entry_settles_entry_id",),
        function="ledger_settlement",
        changes=(("e.settles_entry_id = p_redemption_id", "false"),),
    ),
    Canary(
        "the newest lot is spent first",
        Invariant.LOTS,
        "ledger.oldest_first",
        redeem_part,
        function="ledger_oldest_lots",
        changes=(("ORDER BY b.expires_month ROWS", "ORDER BY b.expires_month DESC ROWS"),),
    ),
    Canary(
        "points of a month that is over are spent",
        Invariant.LOTS,
        "ledger.ended_lots",
        redeem_ended,
        function="ledger_oldest_lots",
        changes=(("AND b.expires_month >= date_trunc('month', p_on)::date", ""),),
    ),
    Canary(
        "points end before their month is over",
        Invariant.LOTS,
        "ledger.ended_lots",
        end_early,
        function="ledger_expire",
        changes=(("p_on < p_month + interval '1 month'", "false"),),
    ),
    Canary(
        "points end by a clock that is ahead",
        Invariant.LOTS,
        "ledger.ended_lots",
        end_ahead,
    ),
    Canary(
        "a redemption forgets its reference",
        Invariant.IDEMPOTENCY,
        "ledger.spending_references",
        redeem_part,
        function="ledger_redeem",
        changes=(
            (
                "VALUES (p_member_id, p_reference, p_request_digest, v_entry);",
                "SELECT p_member_id, p_reference, p_request_digest, v_entry WHERE false;",
            ),
        ),
    ),
    Canary(
        "a redemption in another member's name",
        Invariant.CONSERVATION,
        "ledger.kept_report",
        redeem_then_report,
        function="ledger_redeem",
        changes=(("VALUES ('redemption', p_member_id,", "VALUES ('redemption', p_member_id + 1,"),),
    ),
    Canary(
        "less is handed over than was set aside",
        Invariant.PENDING_ONCE,
        "ledger.settlements",
        hand_out,
        function="ledger_fulfil",
        changes=(("t.unit, t.amount", "t.unit, t.amount - 1"),),
    ),
    Canary(
        "what was handed over stays set aside",
        Invariant.PENDING_ONCE,
        "ledger.pending",
        hand_out,
        function="ledger_carry_balances",
        changes=(
            (
                "WHERE b.account_id = t.debit",
                "WHERE b.account_id = t.debit AND b.kind <> 'redemption_pending'",
            ),
        ),
    ),
    Canary(
        "stock stands still",
        Invariant.WHOLE_ENTRIES,
        "rewards.stock",
        take_reward,
        statements=(_ALTERED.format("NEW.stock_left := OLD.stock_left", "UPDATE ON reward"),),
    ),
    Canary(
        "a redemption says more than was set aside",
        Invariant.WHOLE_ENTRIES,
        "rewards.redemptions",
        take_reward,
        statements=(
            _ALTERED.format("NEW.points_mpt := NEW.points_mpt + 1", "INSERT ON redemption"),
        ),
    ),
    Canary(
        "a certificate says more than was given",
        Invariant.WHOLE_ENTRIES,
        "donations.entries",
        donate,
        statements=(_ALTERED.format("NEW.amount := NEW.amount + 1", "INSERT ON donation"),),
    ),
)
