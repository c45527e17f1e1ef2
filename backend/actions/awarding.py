"""What is claimed, admitted, awarded and told: the forms a claim takes on its way. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.actions.exclusions import Exclusions
from backend.actions.models import ActionStatus
from backend.actions.policy import HOLD_LASTS, canonical_json
from backend.actions.queries import Recorded
from backend.actions.standings import Standing
from backend.clock import business_day
from backend.ledger.queries import CounterKey
from backend.ledger.service import Award, Hold, UsageLimit
from backend.places.models import PlaceAtCode
from backend.places.scanned import Scanned
from credit_rules import Assessment, Methodology


@dataclass(frozen=True, slots=True)
class Claim:
    """What a member says they did.

    Attributes:
        member_id: who.
        reference: the client's reference, made where it happened.
        digest: SHA-256 of the request's content (`policy.content_digest`).
        kind: kind of action: the id of its methodology.
        occurred_at: when.
        facts: inputs of the methodology, as text.
    """

    member_id: int
    reference: str
    digest: bytes
    kind: str
    occurred_at: datetime
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Admission:
    """What the evidence of a claim amounts to.

    Attributes:
        tier: T0 to T4.
        channel: how it came, such as `rotating_code`.
        place_id: the place it speaks of.
        evidence: digests of what is used up.
        usage_limits: limits on what is shared.
        hold: why the award must wait until somebody has looked at the evidence, in Chinese.
    """

    tier: str
    channel: str
    place_id: int | None = None
    evidence: Sequence[bytes] = ()
    usage_limits: Sequence[UsageLimit] = ()
    hold: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An action with its award, recomputed; the same action always gives the same receipt.

    Attributes:
        action: the action as recorded.
        assessment: its award with the trace.
        first: whether this request was the one that posted it.
    """

    action: Recorded
    assessment: Assessment
    first: bool


@dataclass(frozen=True, slots=True)
class Request:
    """A claim with the judge of its evidence, who is asked only for a new reference.

    A repeat gets its receipt even when its code has run out since.

    Attributes:
        claim: what the member says.
        admit: says what the evidence amounts to under the methodology in force, with what the
            scanned code leads to; raises the refusal.
        scanned: the code that came with it, to be looked up along with everything else.
    """

    claim: Claim
    admit: Callable[[Methodology, PlaceAtCode | None], Admission]
    scanned: Scanned | None = None


def award_of(
    claim: Claim,
    now: datetime,
    admission: Admission,
    standing: Standing,
    caps: Sequence[CounterKey],
    assessment: Assessment,
    rulebook_digest: str,
    context: Mapping[str, Any],
) -> Award:
    """Everything that an assessed claim writes."""
    return Award(
        member_id=claim.member_id,
        reference=claim.reference,
        request_digest=claim.digest,
        kind=claim.kind,
        occurred_at=claim.occurred_at,
        occurred_on=business_day(claim.occurred_at),
        received_at=now,
        department_id=standing.department_id,
        institution_id=standing.institution_id,
        district_id=standing.district_id,
        place_id=admission.place_id,
        tier=admission.tier,
        channel=admission.channel,
        ranked=assessment.ranked,
        facts=canonical_json(claim.facts),
        context=canonical_json(context),
        methodology_id=assessment.methodology_id,
        methodology_version=assessment.methodology_version,
        methodology_digest=bytes.fromhex(assessment.digest),
        rulebook_digest=bytes.fromhex(rulebook_digest),
        trace_digest=bytes.fromhex(assessment.trace.digest()),
        reduction_mg=assessment.reduction_mg,
        points_mpt=assessment.points_mpt,
        caps=caps,
        used=standing.used,
        added=assessment.usage,
        evidence=admission.evidence,
        usage_limits=admission.usage_limits,
        hold=Hold(admission.hold, now + HOLD_LASTS) if admission.hold else None,
    )


def with_marks(award: Award, exclusions: Exclusions) -> Award:
    """The award with the marks it leaves for what excludes it."""
    if not exclusions.marks:
        return award
    return award._replace(added={**award.added, **exclusions.added})


def as_recorded(action_id: int, award: Award, claim: Claim, context: Mapping[str, Any]) -> Recorded:
    """The action just posted, as reading it back would give it."""
    return Recorded(
        id=action_id,
        member_id=award.member_id,
        reference=award.reference,
        kind=award.kind,
        occurred_at=award.occurred_at,
        occurred_on=award.occurred_on,
        received_at=award.received_at,
        department_id=award.department_id,
        institution_id=award.institution_id,
        district_id=award.district_id,
        place_id=award.place_id,
        tier=award.tier,
        channel=award.channel,
        ranked=award.ranked,
        facts=claim.facts,
        context=context,
        methodology_id=award.methodology_id,
        methodology_version=award.methodology_version,
        methodology_digest=award.methodology_digest,
        rulebook_digest=award.rulebook_digest,
        reduction_mg=award.reduction_mg,
        points_mpt=award.points_mpt,
        status=ActionStatus.HELD if award.hold else ActionStatus.CREDITED,
        reason=award.hold.reason if award.hold else None,
    )
