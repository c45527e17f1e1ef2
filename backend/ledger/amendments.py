"""What may become of an award later: resolved, taken back, assessed again.

Each function is one call of a SQL function (backend/ledger/sql); it writes everything or
nothing. Nobody is driven below 0: what was spent meanwhile is written off, and said so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from backend.ledger.queries import CounterKey
from backend.ledger.service import Outcome, UsageLimit
from credit_rules import Used


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """What could not be taken back because the member had spent it, in mg and milli-points."""

    reduction_mg: int = 0
    points_mpt: int = 0

    def plus(self, other: "WrittenOff") -> "WrittenOff":
        """Both together."""
        return WrittenOff(
            self.reduction_mg + other.reduction_mg, self.points_mpt + other.points_mpt
        )


@dataclass(frozen=True, slots=True)
class Change:
    """An action that was assessed again.

    Attributes:
        action_id: which one.
        credited: whether its award is in the book; a held one's is not.
        expires_month: the lot its difference in points goes into or comes out of.
        reduction_change_mg: difference to what it earned so far.
        points_change_mpt: the same in milli-points.
        campaign_id: the campaign whose bonus shrinks.
        bonus_back_mpt: what goes back into its budget.
        assessed: the columns of `reassessment`, digests in hexadecimal.
    """

    action_id: int
    credited: bool
    expires_month: date
    reduction_change_mg: int
    points_change_mpt: int
    assessed: Mapping[str, Any]
    campaign_id: int | None = None
    bonus_back_mpt: int = 0


@dataclass(frozen=True, slots=True)
class ReassessmentPosting:
    """All that assessing a member's actions again comes to.

    Attributes:
        member_id: whose.
        why: a value of `backend.actions.models.Why`.
        changes: the actions that differ.
        counters: what the member's own counters become.
        shared: what is added to counters of places.
        run_id: the correction run it belongs to.
    """

    member_id: int
    why: str
    changes: Sequence[Change] = ()
    counters: Mapping[CounterKey, Used] = field(default_factory=dict)
    shared: Mapping[CounterKey, Used] = field(default_factory=dict)
    run_id: int | None = None


_LOCK = text("SELECT ledger_lock_member(:member_id)")
_REASSESS = text("""
SELECT written_off_mg, written_off_mpt
  FROM ledger_reassess(
       :member_id, :on, CAST(:actor_id AS bigint), CAST(:run_id AS bigint), :why,
       :changes, :counters)
""").bindparams(bindparam("changes", type_=JSONB), bindparam("counters", type_=JSONB))
_REVERSE = text("""
SELECT outcome, written_off_mg, written_off_mpt
  FROM ledger_reverse_action(:action_id, CAST(:actor_id AS bigint), :reason, :on)
""")
_RESOLVE = text("""
SELECT outcome FROM ledger_resolve_hold(
    :action_id, :outcome, CAST(:actor_id AS bigint), :reason, :at, :expires_month)
""")
_REFERENCE = text("""
SELECT ledger_add_reference(
    :member_id, :reference, :digest, :action_id, :evidence, :subjects, :slots, :limits)
""").bindparams(
    bindparam("evidence", type_=ARRAY(BYTEA)),
    bindparam("subjects", type_=ARRAY(Text)),
    bindparam("slots", type_=ARRAY(BigInteger)),
    bindparam("limits", type_=ARRAY(BigInteger)),
)


def lock_member(db: Connection, member_id: int) -> None:
    """Makes other requests of a member wait until this transaction ends.

    Take it before reading what a reassessment is made from; of several members, in order of id.
    """
    db.execute(_LOCK, {"member_id": member_id})


def post_reassessment(
    db: Connection, posting: ReassessmentPosting, *, on: date, actor_id: int | None
) -> WrittenOff:
    """Posts the differences of a reassessment and writes the counters; the member is locked."""
    row = db.execute(
        _REASSESS,
        {
            "member_id": posting.member_id,
            "on": on,
            "actor_id": actor_id,
            "run_id": posting.run_id,
            "why": posting.why,
            "changes": [_change_row(change) for change in posting.changes],
            "counters": {
                "set": _counter_rows(posting.counters.items()),
                "add": _counter_rows(posting.shared.items()),
            },
        },
    ).one()
    return WrittenOff(row.written_off_mg, row.written_off_mpt)


def _counter_rows(counters: Iterable[tuple[CounterKey, Used]]) -> list[dict[str, Any]]:
    """Counters as rows of `cap_usage`."""
    return [
        {
            "subject_id": cap.subject_id,
            "cap_key": cap.key,
            "period_start": cap.period_start.isoformat(),
            **used._asdict(),
        }
        for cap, used in counters
    ]


def reverse_action(
    db: Connection, *, action_id: int, actor_id: int | None, reason: str, on: date
) -> WrittenOff | None:
    """Mirrors every entry that built up an action's award; None where there is nothing to mirror.

    The member's counters are the caller's to reassess.
    """
    row = db.execute(
        _REVERSE, {"action_id": action_id, "actor_id": actor_id, "reason": reason, "on": on}
    ).one()
    return (
        WrittenOff(row.written_off_mg, row.written_off_mpt) if row.outcome == "reversed" else None
    )


def resolve_hold(
    db: Connection,
    *,
    action_id: int,
    outcome: str,
    actor_id: int | None,
    reason: str,
    at: datetime,
    expires_month: date,
) -> bool:
    """Ends a held award; False where it had ended before, or never was held."""
    found: str = db.execute(
        _RESOLVE,
        {
            "action_id": action_id,
            "outcome": outcome,
            "actor_id": actor_id,
            "reason": reason,
            "at": at,
            "expires_month": expires_month,
        },
    ).scalar_one()
    return found == "resolved"


def add_reference(
    db: Connection,
    *,
    member_id: int,
    reference: str,
    request_digest: bytes,
    action_id: int,
    evidence: Sequence[bytes],
    usage_limits: Sequence[UsageLimit] = (),
) -> Outcome:
    """Makes a further reference, and further evidence, lead to an action in the book.

    Args:
        db: the transaction; to be rolled back unless the outcome is `POSTED`.
        member_id: whose action; the member is locked.
        reference: the further reference.
        request_digest: SHA-256 of the content it stands for.
        action_id: the action.
        evidence: digests of the evidence used up; those of the action already stay so.
        usage_limits: limits of the shared codes used.
    """
    written = db.execute(
        _REFERENCE,
        {
            "member_id": member_id,
            "reference": reference,
            "digest": request_digest,
            "action_id": action_id,
            "evidence": list(evidence),
            "subjects": [limit.subject for limit in usage_limits],
            "slots": [limit.slot for limit in usage_limits],
            "limits": [limit.limit for limit in usage_limits],
        },
    )
    return Outcome(written.scalar_one())


def _change_row(change: Change) -> dict[str, Any]:
    return {
        "action_id": change.action_id,
        "credited": change.credited,
        "expires_month": change.expires_month.isoformat(),
        "reduction_change_mg": change.reduction_change_mg,
        "points_change_mpt": change.points_change_mpt,
        "campaign_id": change.campaign_id,
        "bonus_back_mpt": change.bonus_back_mpt,
        **change.assessed,
    }
