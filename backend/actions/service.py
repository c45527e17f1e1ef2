"""A claim becomes an award: standing, admission, assessment, posting, receipt.

The same path serves phones, pages, devices and feeds; what differs between them (the code, the
place, the evidence) is decided by the caller's admission.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from backend.actions import queries, standings
from backend.actions.assessing import Readings, assess_claim
from backend.actions.awarding import (
    Admission,
    Claim,
    Receipt,
    Request,
    as_recorded,
    award_of,
    with_marks,
)
from backend.actions.exclusions import exclusions_of
from backend.actions.models import Why
from backend.actions.policy import check_occurred_at
from backend.actions.queries import Recorded
from backend.actions.refusals import (
    BusyError,
    CeilingReachedError,
    EvidenceUsedError,
    ReferenceMismatchError,
    refuse,
)
from backend.actions.replaying import replay
from backend.actions.settlement import Basis, Task, settle
from backend.actions.standings import Earlier, Standing
from backend.actions.versions import KindUnknownError, caps_of, methodology_of
from backend.clock import business_day
from backend.errors import FieldError, NotFoundError
from backend.ledger.amendments import add_reference, lock_member
from backend.ledger.queries import Cap
from backend.ledger.service import Outcome, post_award
from credit_rules import Assessment, Rulebook

# The face of the feature: what others need to know of assessing is said here, too.
__all__ = [
    "Admission",
    "BusyError",
    "CeilingReachedError",
    "Claim",
    "EvidenceUsedError",
    "KindUnknownError",
    "Receipt",
    "ReferenceMismatchError",
    "Request",
    "caps_of",
    "methodology_of",
    "preview",
    "receipt_of",
    "record",
]

_ATTEMPTS = 5


def record(
    db: Connection,
    rulebook: Rulebook,
    request: Request,
    *,
    now: datetime,
) -> Receipt:
    """Records one action, or finds the one its reference already led to.

    Args:
        db: the request's transaction.
        rulebook: the methodologies in force.
        request: what the member says, with the judge of the evidence.
        now: the present instant.

    Raises:
        KindUnknownError: the kind is not in force on that day.
        InvalidInputError: time or facts are wrong; fields named.
        ExcludedError: the same trip, meal or day was credited under another methodology.
        ReferenceMismatchError: the reference belongs to other content.
        EvidenceUsedError: the evidence has earned before.
        CeilingReachedError: the shared code was used too often.
        BusyError: the member's other requests would not let this one through.
    """
    claim = request.claim
    day = business_day(claim.occurred_at)
    methodology = methodology_of(rulebook, claim.kind, day)
    exclusions = exclusions_of(
        methodology,
        member_id=claim.member_id,
        occurred_at=claim.occurred_at,
        facts=claim.facts,
    )
    caps = caps_of(methodology, scope="member", subject_id=claim.member_id, on=day)
    caps.extend(exclusions.caps)
    standing = _standing(db, request, day, caps)
    if standing.earlier is not None:
        return repeat(db, rulebook, claim, standing.earlier)
    check_occurred_at(claim.occurred_at, now, methodology.evidence.max_age_days)
    admission = request.admit(methodology, standing.place)
    if admission.place_id is not None:
        shared = caps_of(methodology, scope="place", subject_id=admission.place_id, on=day)
        if shared:
            caps += shared
            standing = _standing(db, request, day, caps)
    digest = rulebook.digest
    for _ in range(_ATTEMPTS):
        readings = Readings.of_counters(methodology, standing.used, exclusions)
        assessment = assess_claim(
            rulebook, methodology, claim.facts, on=day, tier=admission.tier, readings=readings
        )
        context = readings.context(methodology)
        award = award_of(claim, now, admission, standing, caps, assessment, digest, context)
        posting = post_award(db, with_marks(award, exclusions))
        if posting.outcome is Outcome.POSTED and posting.action_id is not None:
            recorded = as_recorded(posting.action_id, award, claim, context)
            return Receipt(recorded, assessment, first=True)
        if posting.outcome is Outcome.EVIDENCE_USED and posting.action_id is not None:
            return _improve(db, rulebook, claim, admission, posting.action_id, now)
        refuse(posting.outcome)
        standing = _standing(db, request, day, caps)
        if standing.earlier is not None:
            return repeat(db, rulebook, claim, standing.earlier)
    raise BusyError("您有另一条记录正在处理，请稍候几秒再提交。", retry_after=2)


def preview(
    db: Connection,
    rulebook: Rulebook,
    *,
    kind: str,
    member_id: int,
    admission: Admission,
    variants: Sequence[Mapping[str, str]],
    now: datetime,
) -> list[Assessment]:
    """What a member would earn now for each of several variants of facts; writes nothing.

    Raises:
        KindUnknownError: the kind is not in force today.
        InvalidInputError: the facts are wrong; fields named.
    """
    day = business_day(now)
    methodology = methodology_of(rulebook, kind, day)
    caps = caps_of(methodology, scope="member", subject_id=member_id, on=day)
    if admission.place_id is not None:
        caps += caps_of(methodology, scope="place", subject_id=admission.place_id, on=day)
    used = standings.standing(db, member_id=member_id, reference="", on=day, caps=caps).used
    return [
        assess_claim(
            rulebook, methodology, facts, on=day, tier=admission.tier, readings=Readings(used)
        )
        for facts in variants
    ]


def receipt_of(db: Connection, rulebook: Rulebook, *, member_id: int, action_id: int) -> Receipt:
    """The receipt of a member's own action, recomputed from what was stored.

    Raises:
        NotFoundError: the member has no such action.
        ReplayMismatchError: recomputing gives another award than the one in the book.
    """
    recorded = queries.action_of(db, member_id=member_id, action_id=action_id)
    if recorded is None:
        raise NotFoundError("没有找到这条记录，请在“我的记录”里重新打开。")
    return Receipt(recorded, replay(rulebook, recorded), first=False)


def _standing(db: Connection, request: Request, day: date, caps: Sequence[Cap]) -> Standing:
    return standings.standing(
        db,
        member_id=request.claim.member_id,
        reference=request.claim.reference,
        on=day,
        caps=caps,
        scanned=request.scanned,
    )


def repeat(db: Connection, rulebook: Rulebook, claim: Claim, earlier: Earlier) -> Receipt:
    """The receipt of what a claim's reference led to before.

    Raises:
        ReferenceMismatchError: it belongs to other content.
    """
    if earlier.request_digest != claim.digest:
        raise ReferenceMismatchError(
            "这个凭据号已用于另一条内容不同的记录，请刷新页面后重新填写提交。",
            fields=[FieldError("reference", "mismatch", "凭据号已被另一条记录使用。")],
        )
    return receipt_of(db, rulebook, member_id=claim.member_id, action_id=earlier.action_id)


def _improve(
    db: Connection,
    rulebook: Rulebook,
    claim: Claim,
    admission: Admission,
    action_id: int,
    now: datetime,
) -> Receipt:
    """The same act shown by a higher tier of evidence: assessed again, the difference posted.

    Raises:
        EvidenceUsedError: the evidence is no better, or belongs to another act or member.
    """
    lock_member(db, claim.member_id)
    earlier = queries.action_of(db, member_id=claim.member_id, action_id=action_id)
    if earlier is None or not _is_better(claim, admission, earlier):
        refuse(Outcome.EVIDENCE_USED)
    methodology = methodology_of(rulebook, claim.kind, business_day(claim.occurred_at))
    basis = Basis(methodology, admission.tier, admission.channel, claim.facts)
    day = business_day(claim.occurred_at)
    task = Task(
        claim.member_id,
        day,
        day,
        why=Why.BETTER_EVIDENCE,
        basis=lambda action: basis if action.id == action_id else None,
    )
    settle(db, rulebook, task, today=business_day(now), actor_id=None)
    add_reference(
        db,
        member_id=claim.member_id,
        reference=claim.reference,
        request_digest=claim.digest,
        action_id=action_id,
        evidence=admission.evidence,
    )
    receipt = receipt_of(db, rulebook, member_id=claim.member_id, action_id=action_id)
    return replace(receipt, first=True)


def _is_better(claim: Claim, admission: Admission, earlier: Recorded) -> bool:
    return (
        earlier.counts
        and earlier.kind == claim.kind
        and earlier.occurred_on == business_day(claim.occurred_at)
        and earlier.place_id == admission.place_id
        and admission.tier > earlier.tier
        and admission.hold is None
    )
