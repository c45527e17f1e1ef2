"""A claim becomes an award, or says why not; what one would earn is told beforehand.

The same path serves phones, pages, devices and feeds, one claim or a backlog: `recording`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.assessing import Readings, assess_claim
from backend.actions.awarding import Case, case_of
from backend.actions.claims import Admission, ClaimInput
from backend.actions.member_state import StateQuery, member_state
from backend.actions.receipts import Receipt, Result
from backend.actions.recording import Recording
from backend.actions.versions import caps_of, methodology_of
from backend.clock import business_day
from backend.errors import DomainError
from backend.ledger.batches import MOST
from backend.ledger.spending import lock_members
from backend.ports.keys import KeyRing
from credit_rules import Assessment, Rulebook


def record(
    db: Connection, rulebook: Rulebook, keys: KeyRing, claim: ClaimInput, *, now: datetime
) -> Receipt:
    """Records one claim, or finds the action its reference already led to.

    Args:
        db: the request's transaction; it must be rolled back after a refusal.
        rulebook: the methodologies in force.
        keys: the installation's, to verify codes with.
        claim: what the member says and shows.
        now: the present instant.

    Raises:
        KindUnknownError: the kind is not in force on that day.
        InvalidInputError: time or facts are wrong; fields named.
        ExcludedError: the same trip, meal or day was credited under another methodology.
        ReferenceMismatchError: the reference belongs to other content.
        EvidenceUsedError: the evidence has earned before.
        UsageLimitReachedError: the shared code was used too often.
        BusyError: the member's other requests would not let this one through.
        DomainError: the evidence does not hold; see `judging.judge`.
    """
    case = case_of(rulebook, claim)
    result = Recording(db, rulebook, keys, now).alone(case)
    if isinstance(result, DomainError):
        raise result
    return result


def record_all(
    db: Connection,
    rulebook: Rulebook,
    keys: KeyRing,
    claims: Sequence[ClaimInput],
    *,
    now: datetime,
) -> list[Result]:
    """Records many claims; each stands or falls by itself.

    Args:
        db: the transaction; nothing is committed.
        rulebook: the methodologies in force.
        keys: the installation's, to verify codes with.
        claims: in the order in which they are credited.
        now: the present instant.

    Returns:
        The receipt of each, or why it was refused, in order.
    """
    members = {claim.member_id for claim in claims}
    if len(members) > 1:  # in one order, so that two backlogs never wait for each other in a circle
        lock_members(db, members)
    results: dict[int, Result] = {}
    for first in range(0, len(claims), MOST):
        cases: dict[int, Case] = {}
        for number, claim in list(enumerate(claims))[first : first + MOST]:
            try:
                cases[number] = case_of(rulebook, claim)
            except DomainError as refused:
                results[number] = refused
        recording = Recording(db, rulebook, keys, now)
        recording.together(list(cases.values()))
        for number, case in cases.items():
            results[number] = case.result or recording.apart(case)
    return [results[number] for number in range(len(claims))]


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
    state = member_state(db, StateQuery(member_id, "", day, caps, None, kind, now))
    readings = Readings(state.used).boosted_by(methodology, state.boost)
    return [
        assess_claim(methodology, facts, at=now, tier=admission.tier, readings=readings)
        for facts in variants
    ]
