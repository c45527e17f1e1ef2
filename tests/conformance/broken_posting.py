"""Broken ways of posting one award."""

from backend.invariants import Invariant
from tests.conformance.canary import FORGETFUL, UNCOUNTED, Canary
from tests.conformance.works import (
    bonus,
    the_same_evidence,
    the_same_reference,
    two_awards,
)

POST = "ledger_post_award"
CANARIES = (
    Canary(
        "a milli-point too many on each balance",
        Invariant.CONSERVATION,
        "ledger.conservation",
        two_awards,
        function=POST,
        changes=(("b.amount + excluded.amount", "b.amount + excluded.amount + 1"),),
    ),
    Canary(
        "points out of an account that is not there",
        Invariant.CONSERVATION,
        "ledger.accounts",
        two_awards,
        function=POST,
        changes=(("ledger_system_account(t.source, t.unit, p_methodology_id)", "-999999"),),
    ),
    Canary(
        "a reference is forgotten",
        Invariant.IDEMPOTENCY,
        "ledger.doubled_references",
        the_same_reference,
        statements=FORGETFUL,
        function=POST,
        changes=(("i.reference = p_reference", "i.reference = ''"),),
    ),
    Canary(
        "two awards for one action",
        Invariant.ONE_AWARD,
        "ledger.awards",
        two_awards,
        function=POST,
        changes=(
            (
                "RETURN QUERY SELECT 'posted'::text, v_action;",
                """INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest)
                   VALUES ('award', p_member_id, v_action, p_occurred_on, p_trace_digest);
                   RETURN QUERY SELECT 'posted'::text, v_action;""",
            ),
        ),
    ),
    Canary(
        "a transfer is laid to another member",
        Invariant.PROVENANCE,
        "ledger.members",
        two_awards,
        function=POST,
        changes=(
            ("SELECT v_entry, t.seq, p_member_id,", "SELECT v_entry, t.seq, p_member_id + 1,"),
        ),
    ),
    Canary(
        "a balance stands still",
        Invariant.NO_DRIFT,
        "ledger.drift",
        two_awards,
        function=POST,
        changes=(("SET amount = b.amount + excluded.amount, version", "SET version"),),
    ),
    Canary(
        "counters are read as empty",
        Invariant.CAPS,
        "actions.replay",
        two_awards,
        statements=UNCOUNTED,
        function=POST,
        changes=(
            (
                "<> (coalesce(c.reduction_ng, 0)",
                "IS NULL AND (0, 0, 0, 0) <> (coalesce(c.reduction_ng, 0)",
            ),
        ),
    ),
    Canary(
        "an award without its trace",
        Invariant.PROVENANCE,
        "ledger.traces",
        two_awards,
        function=POST,
        changes=(("v_action, p_occurred_on, p_trace_digest)", "v_action, p_occurred_on, '')"),),
    ),
    Canary(
        "an award without its message",
        Invariant.RANKING,
        "rankings.rollups",
        two_awards,
        function=POST,
        changes=(("VALUES ('award.posted'", "VALUES ('rankings.refresh'"),),
    ),
    Canary(
        "evidence is not kept apart",
        Invariant.EVIDENCE_ONCE,
        "ledger.evidence_once",
        the_same_evidence,
        statements=("ALTER TABLE evidence_use DROP CONSTRAINT pk_evidence_use",),
    ),
    Canary(
        "half of an award",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        two_awards,
        function=POST,
        changes=(("WHERE t.amount > 0;", "WHERE t.amount > 0 AND t.seq = 1;"),),
    ),
    Canary(
        "a milligram more than was assessed",
        Invariant.REPLAY,
        "actions.replay",
        two_awards,
        function=POST,
        changes=(("p_reduction_mg", "(p_reduction_mg + 1)"),),
    ),
    Canary(
        "an award out of another methodology's account",
        Invariant.PROVENANCE,
        "ledger.sources",
        two_awards,
        function=POST,
        changes=(("(t.source, t.unit, p_methodology_id)", "(t.source, t.unit, 'commute.bus')"),),
    ),
    Canary(
        "an award in another member's name",
        Invariant.PROVENANCE,
        "ledger.orphans",
        two_awards,
        function=POST,
        changes=(("VALUES ('award', p_member_id,", "VALUES ('award', p_member_id + 1,"),),
    ),
    Canary(
        "the balance grows, and the bonus is moved from nowhere",
        Invariant.NO_DRIFT,
        "ledger.drift",
        bonus,
        function=POST,
        changes=(("                   p_bonus_mpt;", "p_bonus_mpt WHERE false;"),),
    ),
    Canary(
        "a bonus leaves the campaign's budget as it was",
        Invariant.CONSERVATION,
        "ledger.conservation",
        bonus,
        function="ledger_take_bonus",
        changes=(("SET amount = amount - p_bonus_mpt", "SET amount = amount"),),
    ),
    Canary(
        "a campaign gives more than it was granted",
        Invariant.NOT_NEGATIVE,
        "ledger.not_negative",
        bonus,
        statements=("ALTER TABLE balance DROP CONSTRAINT ck_balance_not_negative",),
        function="ledger_take_bonus",
        changes=((" AND amount >= p_bonus_mpt", ""),),
    ),
)
