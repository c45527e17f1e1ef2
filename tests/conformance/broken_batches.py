"""Broken ways of posting many awards at once."""

from backend.invariants import Invariant
from tests.conformance.canary import FORGETFUL, UNCOUNTED, Canary
from tests.conformance.works import (
    in_batches,
    the_same_evidence_in_batches,
    the_same_reference_in_batches,
)

POST = "ledger_post_awards"
CANARIES = (
    Canary(
        "a milli-point too many in a batch",
        Invariant.CONSERVATION,
        "ledger.conservation",
        in_batches,
        function=POST,
        changes=(("sum(amount), count(*) FROM move", "sum(amount) + 1, count(*) FROM move"),),
    ),
    Canary(
        "a batch out of an account that is not there",
        Invariant.CONSERVATION,
        "ledger.accounts",
        in_batches,
        function=POST,
        changes=(("ledger_system_account('issuance', 'mpt', methodology_id)", "-999999::bigint"),),
    ),
    Canary(
        "a batch leaves balances as they were",
        Invariant.NO_DRIFT,
        "ledger.drift",
        in_batches,
        function=POST,
        changes=(("SET amount = b.amount + excluded.amount, version", "SET version"),),
    ),
    Canary(
        "a batch forgets its references",
        Invariant.IDEMPOTENCY,
        "ledger.references",
        in_batches,
        function=POST,
        changes=(
            (
                "decode(request_digest, 'hex'), id FROM plain",
                "decode(request_digest, 'hex'), id FROM plain WHERE false",
            ),
        ),
    ),
    Canary(
        "a batch does not look for references",
        Invariant.IDEMPOTENCY,
        "ledger.doubled_references",
        the_same_reference_in_batches,
        statements=FORGETFUL,
        function=POST,
        changes=(("d.reference = i.reference", "d.reference = ''"),),
    ),
    Canary(
        "a batch does not keep evidence apart",
        Invariant.EVIDENCE_ONCE,
        "ledger.evidence_once",
        the_same_evidence_in_batches,
        statements=("ALTER TABLE evidence_use DROP CONSTRAINT pk_evidence_use",),
        function=POST,
        changes=(("ON u.evidence_digest = e.digest", "ON u.evidence_digest = ''"),),
    ),
    Canary(
        "a batch does not keep its evidence",
        Invariant.EVIDENCE_ONCE,
        "actions.evidence",
        in_batches,
        function=POST,
        changes=(
            (
                "unnest(p.evidence) AS e\n        ON CONFLICT",
                "unnest(p.evidence) AS e WHERE false\n        ON CONFLICT",
            ),
            ("coalesce(sum(cardinality(evidence)), 0)", "0 * count(*)"),
        ),
    ),
    Canary(
        "a batch lays its evidence to other actions",
        Invariant.EVIDENCE_ONCE,
        "ledger.evidence_astray",
        in_batches,
        function=POST,
        changes=(
            (
                "SELECT decode(e, 'hex'), p.id, p.member_id FROM",
                "SELECT decode(e, 'hex'), -p.id, p.member_id FROM",
            ),
        ),
    ),
    Canary(
        "a batch believes the counters it is told",
        Invariant.CAPS,
        "actions.replay",
        in_batches,
        statements=UNCOUNTED,
        function=POST,
        changes=(("read AND (stated <> found OR subject_id <> member_id)", "false"),),
    ),
    Canary(
        "a batch leaves counters as they were",
        Invariant.CAPS,
        "actions.replay",
        in_batches,
        function=POST,
        changes=(
            (
                "SET reduction_ng = c.reduction_ng + excluded.reduction_ng",
                "SET reduction_ng = c.reduction_ng",
            ),
        ),
    ),
    Canary(
        "a batch opens no counters",
        Invariant.CAPS,
        "actions.replay",
        in_batches,
        function=POST,
        changes=(("p.added) AS a\n", "p.added) AS a WHERE false\n"),),
    ),
    Canary(
        "points without a transfer in a batch",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        in_batches,
        function=POST,
        changes=(
            (
                "debit, credit, unit, amount FROM move",
                "debit, credit, unit, amount FROM move WHERE part = 1",
            ),
        ),
    ),
    Canary(
        "a batch moves another amount",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        in_batches,
        function=POST,
        changes=(("p.points_mpt, p.member_id))", "p.points_mpt + 1, p.member_id))"),),
    ),
    Canary(
        "an action in a batch says another amount",
        Invariant.REPLAY,
        "actions.replay",
        in_batches,
        function=POST,
        changes=(
            (
                "decode(rulebook_digest, 'hex'), reduction_mg, points_mpt",
                "decode(rulebook_digest, 'hex'), reduction_mg + 1, points_mpt",
            ),
        ),
    ),
    Canary(
        "a batch keeps another trace",
        Invariant.REPLAY,
        "actions.replay",
        in_batches,
        function=POST,
        changes=(
            (
                "occurred_on, decode(trace_digest, 'hex')",
                "occurred_on, sha256(decode(trace_digest, 'hex'))",
            ),
        ),
    ),
    Canary(
        "a batch keeps no trace",
        Invariant.PROVENANCE,
        "ledger.traces",
        in_batches,
        function=POST,
        changes=(("occurred_on, decode(trace_digest, 'hex')", "occurred_on, ''::bytea"),),
    ),
    Canary(
        "a batch names another methodology",
        Invariant.PROVENANCE,
        "actions.registered",
        in_batches,
        function=POST,
        changes=(
            (
                "methodology_version, decode(methodology_digest, 'hex')",
                "methodology_version, sha256(''::bytea)",
            ),
        ),
    ),
    Canary(
        "two awards for each action of a batch",
        Invariant.ONE_AWARD,
        "ledger.awards",
        in_batches,
        function=POST,
        changes=(
            (
                "decode(trace_digest, 'hex')\n          FROM plain ORDER BY seq",
                """decode(trace_digest, 'hex') FROM plain UNION ALL
                   SELECT nextval('entry_id_seq'), 'award', member_id, id, occurred_on, ''
                     FROM plain""",
            ),
        ),
    ),
    Canary(
        "all awards of a batch for its last action",
        Invariant.ONE_AWARD,
        "ledger.awards",
        in_batches,
        function=POST,
        changes=(
            (
                "'award', member_id, id, occurred_on",
                "'award', member_id, max(id) OVER (), occurred_on",
            ),
        ),
    ),
    Canary(
        "points of a batch end a month later",
        Invariant.LOTS,
        "ledger.award_lots",
        in_batches,
        function=POST,
        changes=(
            (
                "'member_points', i.expires_month)",
                "'member_points', (i.expires_month + interval '1 month')::date)",
            ),
        ),
    ),
    Canary(
        "a lot says another month than its number",
        Invariant.LOTS,
        "ledger.lots",
        in_batches,
        function=POST,
        changes=(
            ("unit, expires_month, sum(amount)", "unit, min(expires_month + 31), sum(amount)"),
        ),
    ),
    Canary(
        "a batch without its messages",
        Invariant.RANKING,
        "rankings.rollups",
        in_batches,
        function=POST,
        changes=(
            (
                "jsonb_build_object('action_id', id) FROM plain",
                "jsonb_build_object('action_id', id) FROM plain WHERE false",
            ),
        ),
    ),
)
