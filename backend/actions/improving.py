"""The same act shown by a higher tier of evidence: assessed again, and the difference posted.

It never becomes a second action: the new reference leads to the first one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from backend.actions import queries
from backend.actions.awarding import Admission, Claim
from backend.actions.exclusions import Exclusions
from backend.actions.models import Why
from backend.actions.queries import Recorded
from backend.actions.refusals import evidence_used, refuse
from backend.actions.settlement import Basis, Task, settle
from backend.actions.versions import exclusions_under, methodology_of
from backend.clock import business_day
from backend.ledger.amendments import add_reference, lock_member
from backend.ledger.service import UsageLimit
from credit_rules import Methodology, Rulebook, Used

# A trip around midnight lies in two days.
_NEIGHBOUR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A claim with what shows it.

    Attributes:
        methodology: the one in force on the day of the action.
        exclusions: the marks that the claim reads and leaves.
        claim: what the member says.
        admission: what the evidence amounts to.
        now: the present instant.
    """

    methodology: Methodology
    exclusions: Exclusions
    claim: Claim
    admission: Admission
    now: datetime

    @property
    def day(self) -> date:
        """The Asia/Shanghai day of the action."""
        return business_day(self.claim.occurred_at)


def improve_by_evidence(
    db: Connection, rulebook: Rulebook, shown: Shown, *, action_id: int
) -> None:
    """Raises an action whose evidence is presented again, at a higher tier.

    Args:
        db: the request's transaction.
        rulebook: the methodologies in force.
        shown: the claim with what shows it.
        action_id: what the evidence was used for before.

    Raises:
        EvidenceUsedError: the evidence is no better, or belongs to another act or member.
    """
    lock_member(db, shown.claim.member_id)
    earlier = queries.action_of(db, member_id=shown.claim.member_id, action_id=action_id)
    if (
        earlier is None
        or earlier.occurred_on != shown.day
        or earlier.place_id != shown.admission.place_id
        or not _is_better(shown, earlier)
    ):
        raise evidence_used()
    # The usage limits were used up with the evidence.
    _raise(db, rulebook, shown, earlier, usage_limits=())


def improve_by_occasion(
    db: Connection, rulebook: Rulebook, shown: Shown, used: Mapping[str, Used]
) -> int | None:
    """Raises the action by which the same trip or meal was credited at a lower tier.

    Args:
        db: the request's transaction, in which the member is locked.
        rulebook: the methodologies in force.
        shown: the claim with what shows it.
        used: the counters as they stand under the lock.

    Returns:
        The action; None where another methodology was credited, or nothing weaker.

    Raises:
        EvidenceUsedError: the evidence has earned something else.
        UsageLimitReachedError: the shared code was used too often.
    """
    own = shown.methodology.id
    if any(other != own for other, _ in shown.exclusions.credited(used)):
        return None
    weaker = [action for action in _on_same_occasion(db, shown) if _is_better(shown, action)]
    if len(weaker) != 1:
        return None
    _raise(db, rulebook, shown, weaker[0], usage_limits=shown.admission.usage_limits)
    return weaker[0].id


def _on_same_occasion(db: Connection, shown: Shown) -> list[Recorded]:
    """The member's actions under the same methodology whose marks the claim meets."""
    own = {
        cap
        for cap in shown.exclusions.caps
        if shown.exclusions.blocking.get(cap.key, ("", ""))[0] == shown.methodology.id
    }
    around = queries.live_actions(
        db,
        member_id=shown.claim.member_id,
        first=shown.day - _NEIGHBOUR,
        last=shown.day + _NEIGHBOUR,
    )
    return [
        action
        for action in around
        if action.kind == shown.claim.kind
        and not own.isdisjoint(exclusions_under(shown.methodology, action).marks)
    ]


def _is_better(shown: Shown, earlier: Recorded) -> bool:
    return (
        earlier.counts
        and earlier.kind == shown.claim.kind
        and earlier.place_id in {None, shown.admission.place_id}
        and shown.admission.tier > earlier.tier
        and shown.admission.hold is None
    )


def _raise(
    db: Connection,
    rulebook: Rulebook,
    shown: Shown,
    earlier: Recorded,
    *,
    usage_limits: Sequence[UsageLimit],
) -> None:
    claim, admission = shown.claim, shown.admission
    methodology = methodology_of(rulebook, claim.kind, earlier.occurred_on)
    basis = Basis(methodology, admission.tier, admission.channel, claim.facts)
    task = Task(
        claim.member_id,
        earlier.occurred_on,
        earlier.occurred_on,
        why=Why.BETTER_EVIDENCE,
        basis=lambda action: basis if action.id == earlier.id else None,
    )
    settle(db, rulebook, task, today=business_day(shown.now), actor_id=None)
    refuse(
        add_reference(
            db,
            member_id=claim.member_id,
            reference=claim.reference,
            request_digest=claim.digest,
            action_id=earlier.id,
            evidence=admission.evidence,
            usage_limits=usage_limits,
        )
    )
