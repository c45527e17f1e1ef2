"""The forms a claim takes on its way to an award. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from backend.actions.claims import Admission, ClaimInput
from backend.actions.exclusions import Exclusions, exclusions_of
from backend.actions.member_state import MemberState, StateQuery
from backend.actions.models import ActionStatus
from backend.actions.policy import HOLD_LASTS, canonical_json
from backend.actions.queries import Recorded
from backend.actions.receipts import Receipt, Result
from backend.actions.versions import caps_of, facts_under, methodology_of
from backend.clock import business_day
from backend.ledger.queries import CounterKey
from backend.ledger.service import Award, Hold
from backend.places import scanned
from backend.places.scanned import Scanned
from credit_rules import Assessment, Methodology, Rulebook, Used


@dataclass(slots=True)
class Case:
    """A claim on its way to an award, and what is known of it so far.

    Attributes:
        claim: what the member says and shows.
        methodology: the one in force on the day of the action.
        facts: its inputs as they are stored, with what the time of day decides.
        exclusions: the marks it reads and leaves.
        caps: the counters that its assessment reads.
        on: the Asia/Shanghai day of the action.
        digest: SHA-256 of the claim's content.
        scanned: the code that came with it, taken apart.
        state: what is known of the member, once it was read.
        admission: what the evidence amounts to, once it was judged.
        assessed: what it earns, once it was assessed.
        result: what it came to; None while that is open.
    """

    claim: ClaimInput
    methodology: Methodology
    facts: Mapping[str, str]
    exclusions: Exclusions
    caps: list[CounterKey]
    on: date
    digest: bytes
    scanned: Scanned | None
    state: MemberState | None = None
    admission: Admission | None = None
    assessed: "Assessed | None" = None
    result: Result | None = None

    def query(self) -> StateQuery:
        """What is to be read for it."""
        claim = self.claim
        return StateQuery(
            claim.member_id,
            claim.reference,
            self.on,
            self.caps,
            self.scanned,
            claim.kind,
            claim.occurred_at,
        )


@dataclass(frozen=True, slots=True)
class Assessed:
    """What a claim earns, with what its assessment read.

    Attributes:
        assessment: the award with its trace.
        used: what was claimed of each counter before, by key.
        context: what is stored of that, for replay.
        award: everything that is to be written.
    """

    assessment: Assessment
    used: Mapping[str, Used]
    context: Mapping[str, Any]
    award: Award = field(repr=False)


def case_of(rulebook: Rulebook, claim: ClaimInput) -> Case:
    """A claim with the methodology of its day and the counters that it will read.

    Raises:
        KindUnknownError: the kind is not in force on that day.
    """
    on = business_day(claim.occurred_at)
    methodology = methodology_of(rulebook, claim.kind, on)
    facts = facts_under(methodology, claim.facts, occurred_at=claim.occurred_at)
    exclusions = exclusions_of(
        methodology,
        member_id=claim.member_id,
        occurred_at=claim.occurred_at,
        facts=facts,
    )
    caps = caps_of(methodology, scope="member", subject_id=claim.member_id, on=on)
    return Case(
        claim=claim,
        methodology=methodology,
        facts=facts,
        exclusions=exclusions,
        caps=[*caps, *exclusions.caps],
        on=on,
        digest=claim.digest(),
        scanned=None if claim.code is None else scanned.read(claim.code),
    )


def award_of(
    case: Case,
    state: MemberState,
    admission: Admission,
    assessment: Assessment,
    *,
    used: Mapping[str, Used],
    context: Mapping[str, Any],
    rulebook_digest: str,
    now: datetime,
) -> Award:
    """Everything that an assessed claim writes, the marks for what excludes it included."""
    claim = case.claim
    return Award(
        member_id=claim.member_id,
        reference=claim.reference,
        request_digest=case.digest,
        kind=claim.kind,
        occurred_at=claim.occurred_at,
        occurred_on=case.on,
        received_at=now,
        department_id=state.department_id,
        institution_id=state.institution_id,
        district_id=state.district_id,
        place_id=admission.place_id,
        tier=admission.tier,
        channel=admission.channel,
        ranked=assessment.ranked,
        facts=canonical_json(case.facts),
        context=canonical_json(context),
        methodology_id=assessment.methodology_id,
        methodology_version=assessment.methodology_version,
        methodology_digest=bytes.fromhex(assessment.digest),
        rulebook_digest=bytes.fromhex(rulebook_digest),
        trace_digest=bytes.fromhex(assessment.trace.digest()),
        reduction_mg=assessment.reduction_mg,
        points_mpt=assessment.points_mpt,
        caps=case.caps,
        used=used,
        added={**assessment.usage, **case.exclusions.added},
        evidence=admission.evidence,
        usage_limits=admission.usage_limits,
        hold=Hold(admission.hold, now + HOLD_LASTS) if admission.hold else None,
        campaign_id=state.boost.campaign_id if state.boost and assessment.bonus_mpt else None,
        bonus_mpt=assessment.bonus_mpt,
    )


def receipt_of_posted(action_id: int, facts: Mapping[str, str], assessed: Assessed) -> Receipt:
    """The receipt of an action just posted, as reading it back would give it."""
    award = assessed.award
    recorded = Recorded(
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
        facts=facts,
        context=assessed.context,
        methodology_id=award.methodology_id,
        methodology_version=award.methodology_version,
        methodology_digest=award.methodology_digest,
        rulebook_digest=award.rulebook_digest,
        reduction_mg=award.reduction_mg,
        points_mpt=award.points_mpt,
        status=ActionStatus.HELD if award.hold else ActionStatus.CREDITED,
        reason=award.hold.reason if award.hold else None,
    )
    return Receipt(recorded, assessed.assessment, first=True)
