"""Broken ways of taking awards back, settling again, and ending holds."""

from backend.invariants import Invariant
from tests.conformance.canary import Canary
from tests.conformance.works import (
    hold,
    post_held,
    post_held_twice,
    reverse,
    reverse_the_first,
    reverse_twice,
)

REVERSE = "ledger_reverse_action"
CANARIES = (
    Canary(
        "a reversal takes back less",
        Invariant.REVERSAL,
        "ledger.mirrors",
        reverse,
        function="ledger_reverse_action",
        changes=(("array_agg(t.amount ORDER", "array_agg(t.amount - 1 ORDER"),),
    ),
    Canary(
        "an award is taken back twice",
        Invariant.REVERSAL,
        "ledger.reversed_once",
        reverse_twice,
        statements=("DROP INDEX uq_entry_reverses_entry_id",),
        function=REVERSE,
        changes=(("s.status <> 'credited'", "false"),),
    ),
    Canary(
        "what was taken back still counts as earned",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        reverse,
        function=REVERSE,
        changes=(
            (
                "VALUES (p_action_id, v_new.member_id, 'reversed'",
                "VALUES (p_action_id, v_new.member_id, 'credited'",
            ),
        ),
    ),
    Canary(
        "counters keep what was taken back",
        Invariant.CAPS,
        "actions.replay",
        reverse,
        function="ledger_reassess",
        changes=(
            (
                "SET reduction_ng = excluded.reduction_ng",
                "SET reduction_ng = cap_usage.reduction_ng",
            ),
        ),
    ),
    Canary(
        "a difference is posted short",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        reverse_the_first,
        function="ledger_reassess",
        changes=(("abs(v_change.d_mpt), v_change", "abs(v_change.d_mpt) / 2, v_change"),),
    ),
    Canary(
        "an action assessed again names another correction",
        Invariant.PROVENANCE,
        "ledger.reassessments",
        reverse_the_first,
        statements=("ALTER TABLE reassessment DROP CONSTRAINT uq_reassessment_entry_id",),
        function="ledger_reassess",
        changes=(
            (
                "VALUES (v_change.action_id, p_member_id, v_entry,",
                "VALUES (v_change.action_id, p_member_id, v_entry - 1,",
            ),
        ),
    ),
    Canary(
        "a review names another award",
        Invariant.PENDING_ONCE,
        "ledger.resolutions",
        post_held,
        function="ledger_resolve_hold",
        changes=(
            (
                "VALUES (p_action_id, v_award.member_id, p_outcome, v_entry,",
                "VALUES (p_action_id, v_award.member_id, p_outcome, 1,",
            ),
        ),
    ),
    Canary(
        "a hold is ended and goes on",
        Invariant.PENDING_ONCE,
        "actions.holds",
        post_held,
        function="ledger_resolve_hold",
        changes=(("'credited' ELSE p_outcome END", "'held' ELSE p_outcome END"),),
    ),
    Canary(
        "a held award is posted twice",
        Invariant.ONE_AWARD,
        "ledger.awards",
        post_held_twice,
        statements=("ALTER TABLE hold_resolution DROP CONSTRAINT pk_hold_resolution",),
        function="ledger_resolve_hold",
        changes=((" AND s.status = 'held'", ""),),
    ),
    Canary(
        "a hold that nobody ends",
        Invariant.PENDING_ONCE,
        "ledger.overdue_holds",
        hold,
        function="ledger_post_award",
        changes=(
            (
                "p_trace_digest, p_received_at, p_times_out_at)",
                "p_trace_digest, p_received_at, p_times_out_at - interval '9 days')",
            ),
        ),
    ),
)
