"""The same act upgrade by a higher tier of evidence: assessed again, and the difference posted.

It never becomes a second action: the new reference leads to the first one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from backend.actions import queries
from backend.actions.claims import Admission, ClaimInput
from backend.actions.exclusions import Exclusions
from backend.actions.models import Why
from backend.actions.queries import Recorded
from backend.actions.reassessment import AssessmentInputs, ReassessmentTask, reassess_days
from backend.actions.refusals import evidence_used, refuse
from backend.actions.versions import exclusions_under, facts_under, methodology_of
from backend.clock import business_day
from backend.ledger.amendments import add_reference, lock_member
from backend.ledger.service import UsageLimit
from credit_rules import Methodology, Rulebook, Used

# A trip around midnight lies in two days.
_NEIGHBOUR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UpgradeClaim:
    """A claim that may show better what was credited before.

    Attributes:
        methodology: the one in force on the day of the action.
        exclusions: the marks that the claim reads and leaves.
        claim: what the member says.
        digest: SHA-256 of the claim's content.
        admission: what the evidence amounts to.
        now: the present instant.
    """

    methodology: Methodology
    exclusions: Exclusions
    claim: ClaimInput
    digest: bytes
    admission: Admission
    now: datetime

    @property
    def day(self) -> date:
        """The Asia/Shanghai day of the action."""
        return business_day(self.claim.occurred_at)


def upgrade_by_evidence(
    db: Connection, rulebook: Rulebook, upgrade: UpgradeClaim, *, action_id: int
) -> None:
    """Upgrades an action whose evidence is presented again, at a higher tier.

    Args:
        db: the request's transaction.
        rulebook: the methodologies in force.
        upgrade: the claim with what shows it.
        action_id: what the evidence was used for before.

    Raises:
        EvidenceUsedError: the evidence is no better, or belongs to another act or member.
    """
    lock_member(db, upgrade.claim.member_id)
    earlier = queries.action_of(db, member_id=upgrade.claim.member_id, action_id=action_id)
    if (
        earlier is None
        or earlier.occurred_on != upgrade.day
        or earlier.place_id != upgrade.admission.place_id
        or not _is_better(upgrade, earlier)
    ):
        raise evidence_used()
    # The usage limits were used up with the evidence.
    _upgrade(db, rulebook, upgrade, earlier, usage_limits=())


def upgrade_by_occasion(
    db: Connection, rulebook: Rulebook, upgrade: UpgradeClaim, used: Mapping[str, Used]
) -> int | None:
    """Upgrades the action by which the same trip or meal was credited at a lower tier.

    Args:
        db: the request's transaction, in which the member is locked.
        rulebook: the methodologies in force.
        upgrade: the claim with what shows it.
        used: the counters as they stand under the lock.

    Returns:
        The action; None where another methodology was credited, or nothing weaker.

    Raises:
        EvidenceUsedError: the evidence has earned something else.
        UsageLimitReachedError: the shared code was used too often.
    """
    own = upgrade.methodology.id
    if any(other != own for other, _ in upgrade.exclusions.credited(used)):
        return None
    weaker = [action for action in _on_same_occasion(db, upgrade) if _is_better(upgrade, action)]
    if len(weaker) != 1:
        return None
    _upgrade(db, rulebook, upgrade, weaker[0], usage_limits=upgrade.admission.usage_limits)
    return weaker[0].id


def _on_same_occasion(db: Connection, upgrade: UpgradeClaim) -> list[Recorded]:
    """The member's actions under the same methodology whose marks the claim meets."""
    own = {
        cap
        for cap in upgrade.exclusions.caps
        if upgrade.exclusions.blocking.get(cap.key, ("", ""))[0] == upgrade.methodology.id
    }
    around = queries.live_actions(
        db,
        member_id=upgrade.claim.member_id,
        first=upgrade.day - _NEIGHBOUR,
        last=upgrade.day + _NEIGHBOUR,
    )
    return [
        action
        for action in around
        if action.kind == upgrade.claim.kind
        and not own.isdisjoint(exclusions_under(upgrade.methodology, action).marks)
    ]


def _is_better(upgrade: UpgradeClaim, earlier: Recorded) -> bool:
    return (
        earlier.counts
        and earlier.kind == upgrade.claim.kind
        and earlier.place_id in {None, upgrade.admission.place_id}
        and upgrade.admission.tier > earlier.tier
        and upgrade.admission.hold is None
    )


def _upgrade(
    db: Connection,
    rulebook: Rulebook,
    upgrade: UpgradeClaim,
    earlier: Recorded,
    *,
    usage_limits: Sequence[UsageLimit],
) -> None:
    claim, admission = upgrade.claim, upgrade.admission
    methodology = methodology_of(rulebook, claim.kind, earlier.occurred_on)
    facts = facts_under(methodology, claim.facts, occurred_at=earlier.occurred_at)
    basis = AssessmentInputs(methodology, admission.tier, admission.channel, facts)
    task = ReassessmentTask(
        claim.member_id,
        earlier.occurred_on,
        earlier.occurred_on,
        why=Why.BETTER_EVIDENCE,
        basis=lambda action: basis if action.id == earlier.id else None,
    )
    reassess_days(db, rulebook, task, today=business_day(upgrade.now), actor_id=None)
    outcome = add_reference(
        db,
        member_id=claim.member_id,
        reference=claim.reference,
        request_digest=upgrade.digest,
        action_id=earlier.id,
        evidence=admission.evidence,
        usage_limits=usage_limits,
    )
    refuse(db, outcome, usage_limits, now=upgrade.now)
