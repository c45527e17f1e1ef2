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
from backend.actions.exclusions import ExcludedError, exclusions_of
from backend.actions.improving import Shown, improve_by_evidence, improve_by_occasion
from backend.actions.policy import check_occurred_at
from backend.actions.refusals import (
    BusyError,
    EvidenceUsedError,
    ReferenceMismatchError,
    UsageLimitReachedError,
    refuse,
)
from backend.actions.replaying import replay
from backend.actions.standings import Earlier, Standing
from backend.actions.versions import KindUnknownError, caps_of, methodology_of
from backend.clock import business_day
from backend.errors import FieldError, NotFoundError
from backend.ledger.amendments import lock_member
from backend.ledger.queries import CounterKey
from backend.ledger.service import Outcome, post_award
from credit_rules import Assessment, Rulebook

# The face of the feature: what others need to know of assessing is said here, too.
__all__ = [
    "Admission",
    "BusyError",
    "Claim",
    "EvidenceUsedError",
    "KindUnknownError",
    "Receipt",
    "ReferenceMismatchError",
    "Request",
    "UsageLimitReachedError",
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
        UsageLimitReachedError: the shared code was used too often.
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
    shown = Shown(methodology, exclusions, claim, admission, now)
    for _ in range(_ATTEMPTS):
        try:
            receipt = _post(db, rulebook, shown, caps, standing)
        except ExcludedError as excluded:
            return _by_occasion(db, rulebook, request, shown, caps, excluded)
        if receipt is not None:
            return receipt
        standing = _standing(db, request, day, caps)
        if standing.earlier is not None:
            return repeat(db, rulebook, claim, standing.earlier)
    raise BusyError("您有另一条记录正在处理，请稍候几秒再提交。", retry_after=2)


def _post(
    db: Connection,
    rulebook: Rulebook,
    shown: Shown,
    caps: Sequence[CounterKey],
    standing: Standing,
) -> Receipt | None:
    """Assesses and posts a claim; None where the counters moved, so that it is to be read again."""
    claim, admission, methodology = shown.claim, shown.admission, shown.methodology
    readings = Readings.of_counters(methodology, standing.used, shown.exclusions)
    assessment = assess_claim(
        rulebook, methodology, claim.facts, on=shown.day, tier=admission.tier, readings=readings
    )
    context = readings.context(methodology)
    digest = rulebook.digest
    award = award_of(claim, shown.now, admission, standing, caps, assessment, digest, context)
    posting = post_award(db, with_marks(award, shown.exclusions))
    if posting.action_id is None:
        refuse(posting.outcome)
        return None
    if posting.outcome is Outcome.POSTED:
        recorded = as_recorded(posting.action_id, award, claim, context)
        return Receipt(recorded, assessment, first=True)
    if posting.outcome is Outcome.EVIDENCE_USED:
        improve_by_evidence(db, rulebook, shown, action_id=posting.action_id)
        return _raised(db, rulebook, claim, posting.action_id)
    return None


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


def _standing(db: Connection, request: Request, day: date, caps: Sequence[CounterKey]) -> Standing:
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


def _by_occasion(
    db: Connection,
    rulebook: Rulebook,
    request: Request,
    shown: Shown,
    caps: Sequence[CounterKey],
    excluded: ExcludedError,
) -> Receipt:
    """The receipt of the same trip or meal, credited before and shown better now.

    Raises:
        ExcludedError: it is no better, or another methodology's.
    """
    lock_member(db, shown.claim.member_id)
    # Another request of the member may have been quicker; this one may be its repeat.
    standing = _standing(db, request, shown.day, caps)
    if standing.earlier is not None:
        return repeat(db, rulebook, shown.claim, standing.earlier)
    action_id = improve_by_occasion(db, rulebook, shown, standing.used)
    if action_id is None:
        raise excluded
    return _raised(db, rulebook, shown.claim, action_id)


def _raised(db: Connection, rulebook: Rulebook, claim: Claim, action_id: int) -> Receipt:
    """The receipt of the action that a claim with better evidence has raised."""
    receipt = receipt_of(db, rulebook, member_id=claim.member_id, action_id=action_id)
    return replace(receipt, first=True)
