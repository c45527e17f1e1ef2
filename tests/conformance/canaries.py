"""Broken implementations, at least one of every invariant.

A canary is a statement against the schema or a change to one of the database's functions, and work
done with it.
"""

from dataclasses import dataclass

from backend.invariants import Invariant
from tests.conformance.works import (
    Work,
    another_award,
    awards_into_the_tree,
    nothing,
    redeem_across_lots,
    redeem_part,
    report_then_award,
    reverse,
    seal,
    settle_twice,
    the_same_evidence,
    the_same_reference,
    two_awards,
)


@dataclass(frozen=True, slots=True)
class Canary:
    """A broken implementation.

    Attributes:
        name: what is wrong with it.
        invariant: what it breaks.
        check: which check has to notice.
        work: what is done with it.
        statements: sabotage of the schema.
        function: which function of the database is changed.
        changes: pairs of text in it: what stands there, and what does instead.
    """

    name: str
    invariant: Invariant
    check: str
    work: Work
    statements: tuple[str, ...] = ()
    function: str = ""
    changes: tuple[tuple[str, str], ...] = ()


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
        "transfers can be changed",
        Invariant.IMMUTABILITY,
        "guards.immutable",
        nothing,
        statements=("DROP TRIGGER append_only ON transfer",),
    ),
    Canary(
        "the application may delete entries",
        Invariant.IMMUTABILITY,
        "guards.immutable",
        nothing,
        statements=("GRANT DELETE ON entry TO tanpuhui_app",),
    ),
    Canary(
        "a reference is forgotten",
        Invariant.IDEMPOTENCY,
        "ledger.doubled_references",
        the_same_reference,
        statements=(
            "ALTER TABLE idempotency DROP CONSTRAINT pk_idempotency",
            "ALTER FUNCTION ledger_standing RENAME TO remembering_standing",
            """CREATE FUNCTION ledger_standing(bigint, text, bigint[], text[], date[])
               RETURNS TABLE (request_digest bytea, action_id bigint, cap_key text,
                              reduction_ng bigint, points_npt bigint, activity_nano bigint,
                              count_nano bigint)
               LANGUAGE sql STABLE AS $$
                   SELECT * FROM remembering_standing($1, '', $3, $4, $5) $$""",
        ),
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
        "a reversal takes back less",
        Invariant.REVERSAL,
        "ledger.mirrors",
        reverse,
        function="ledger_reverse_action",
        changes=(("array_agg(t.amount ORDER", "array_agg(t.amount - 1 ORDER"),),
    ),
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
        "a balance stands still",
        Invariant.NO_DRIFT,
        "ledger.drift",
        two_awards,
        function=POST,
        changes=(("SET amount = b.amount + excluded.amount, version", "SET version"),),
    ),
    Canary(
        "entries are dated back among earlier ones",
        Invariant.STABLE_AS_OF,
        "ledger.order_of_time",
        another_award,
        statements=("ALTER TABLE entry ALTER created_at SET DEFAULT timestamptz '2020-01-01'",),
    ),
    Canary(
        "entries are dated back before a report",
        Invariant.STABLE_AS_OF,
        "ledger.kept_report",
        report_then_award,
        statements=("ALTER TABLE entry ALTER created_at SET DEFAULT timestamptz '2020-01-01'",),
    ),
    Canary(
        "counters are read as empty",
        Invariant.CAPS,
        "actions.replay",
        two_awards,
        statements=(
            "ALTER FUNCTION ledger_standing RENAME TO counting_standing",
            """CREATE FUNCTION ledger_standing(bigint, text, bigint[], text[], date[])
               RETURNS TABLE (request_digest bytea, action_id bigint, cap_key text,
                              reduction_ng bigint, points_npt bigint, activity_nano bigint,
                              count_nano bigint)
               LANGUAGE sql STABLE AS $$
                   SELECT request_digest, action_id, cap_key, 0::bigint, 0::bigint, 0::bigint,
                          0::bigint FROM counting_standing($1, $2, $3, $4, $5) $$""",
        ),
        function=POST,
        changes=(
            (
                "<> (coalesce(c.reduction_ng, 0)",
                "IS NULL AND (0, 0, 0, 0) <> (coalesce(c.reduction_ng, 0)",
            ),
        ),
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
        "an award without its trace",
        Invariant.PROVENANCE,
        "ledger.traces",
        two_awards,
        function=POST,
        changes=(("v_action, p_occurred_on, p_trace_digest)", "v_action, p_occurred_on, '')"),),
    ),
    Canary(
        "every second entry is left out of the tree",
        Invariant.TREE,
        "proofs.missing",
        awards_into_the_tree,
        function="proofs_append_leaves",
        changes=(("ORDER BY e.txid, e.id LIMIT", "AND e.id % 2 = 0 ORDER BY e.txid, e.id LIMIT"),),
    ),
    Canary(
        "a leaf says another amount",
        Invariant.TREE,
        "proofs.tree",
        awards_into_the_tree,
        function="proofs_append_leaves",
        changes=(("int8send(amount)", "int8send(amount + 1)"),),
    ),
    Canary(
        "a month is sealed with what was received alone",
        Invariant.SEALED_MONTHS,
        "proofs.months",
        seal,
        function="proofs_seal_balances",
        changes=((", (t.debit, t.unit, -t.amount))", ")"),),
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
)
