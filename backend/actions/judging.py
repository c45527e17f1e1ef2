"""The judge of evidence: what a claim's code, place and position amount to, or why not. Pure."""

from datetime import datetime

from backend.actions import drop_offs
from backend.actions.claims import Admission, ClaimInput
from backend.actions.evidence import (
    EvidenceKind,
    EvidenceNotAcceptedError,
    evidence_digest,
    place_kind_of,
    require_available,
    require_present,
)
from backend.errors import DomainError, FieldError
from backend.ledger.service import UsageLimit
from backend.places.models import ResolvedPlace
from backend.places.policy import USES_PER_STEP, require_open
from credit_rules import Methodology

_HOUR = 3600  # seconds


class WrongPlaceError(DomainError):
    """The code belongs to a place at which this kind of action does not happen."""

    code = "wrong_place"


def judge(
    claim: ClaimInput, methodology: Methodology, found: ResolvedPlace | None, *, now: datetime
) -> Admission:
    """Judges what a member sends along with a claim.

    Args:
        claim: what the member says and shows.
        methodology: the one in force on the day of the action.
        found: the place behind the scanned code, verified; None where none was scanned.
        now: the present instant.

    Raises:
        DomainError: the evidence does not hold; the sentence says what to do instead.
    """
    if claim.established is not None:
        return claim.established
    if found is None:
        return _on_their_word(claim, methodology)
    shown = EvidenceKind.PRINTED_CODE if found.step is None else EvidenceKind.ROTATING_CODE
    if claim.evidence not in (None, shown):
        raise _not_accepted("kind", "扫描的二维码与所选的凭证不符，请重新选择凭证后提交。")
    if methodology.id == drop_offs.KIND:
        return _at_recycling_point(claim, methodology, found, now)
    return _at_other_place(claim, methodology, found)


def _on_their_word(claim: ClaimInput, methodology: Methodology) -> Admission:
    """The member's word alone; anything else that cannot be verified is refused."""
    kind = claim.evidence or EvidenceKind.SELF_DECLARATION
    tier = require_available(methodology, kind)
    if kind is not EvidenceKind.SELF_DECLARATION:
        raise _not_accepted("code", "请扫描现场的二维码，再提交这条记录。")
    return Admission(tier=tier, channel="self_declared")


def _at_recycling_point(
    claim: ClaimInput, methodology: Methodology, found: ResolvedPlace, now: datetime
) -> Admission:
    """A drop-off: the point must be open and take the material; the tier follows from presence."""
    drop_offs.require_recycling_point(found.place)
    require_open(found.place, claim.occurred_at)
    drop_offs.require_accepted(methodology, found.place, claim.facts.get("material"))
    tier = drop_offs.tier_of(found, claim.position, occurred_at=claim.occurred_at, now=now)
    hold = drop_offs.reason_to_hold(tier=tier, mass=claim.facts.get("mass", ""))
    if found.step is not None:
        require_present(claim.occurred_at, scanned_at=found.scanned_at)
        return _by_rotating_code(claim, found.place.id, found.step, tier=tier, hold=hold)
    return _by_printed_code(claim, found.place.id, tier=tier, hold=hold)


def _at_other_place(claim: ClaimInput, methodology: Methodology, found: ResolvedPlace) -> Admission:
    """A canteen, stairwell or venue: presence by its rotating code, since the scan."""
    shown = EvidenceKind.PRINTED_CODE if found.step is None else EvidenceKind.ROTATING_CODE
    tier = require_available(methodology, shown)
    if found.step is None:
        raise _not_accepted("code", "海报码要在它自己的页面上用，请用手机扫描海报后记录。")
    if found.place.kind is not place_kind_of(methodology.id):
        sentence = (
            f"{found.place.name}的二维码不能用于“{methodology.title}”，请扫描对应场所的二维码。"
        )
        fault = FieldError("evidence.code", "wrong_place", sentence)
        raise WrongPlaceError(sentence, fields=[fault])
    require_open(found.place, claim.occurred_at)
    require_present(claim.occurred_at, scanned_at=found.scanned_at)
    return _by_rotating_code(claim, found.place.id, found.step, tier=tier)


def _by_rotating_code(
    claim: ClaimInput, place_id: int, step: int, *, tier: str, hold: str | None = None
) -> Admission:
    """A rotating code counts once per member, kind and step, and so often per step in all."""
    return Admission(
        tier=tier,
        channel="rotating_code",
        place_id=place_id,
        evidence=(evidence_digest("rotating", claim.kind, place_id, claim.member_id, step),),
        usage_limits=(UsageLimit(f"place:{place_id}:{claim.kind}:step", step, USES_PER_STEP),),
        hold=hold,
    )


def _by_printed_code(claim: ClaimInput, place_id: int, *, tier: str, hold: str | None) -> Admission:
    """A printed code counts once per member, material and minute, and so often per hour in all.

    Of the hour a member has a share, so that nobody closes a point for the others.
    """
    seconds = int(claim.occurred_at.timestamp())
    hour, subject = seconds // _HOUR, f"place:{place_id}:hour"
    own = f"{subject}:{claim.member_id}"
    of_minute = (claim.facts["material"], seconds // 60)
    return Admission(
        tier=tier,
        channel="printed_code",
        place_id=place_id,
        evidence=(evidence_digest("printed", place_id, claim.member_id, *of_minute),),
        usage_limits=(
            UsageLimit(own, hour, drop_offs.HOURLY_SHARE, _HOUR, is_share=True),
            UsageLimit(subject, hour, drop_offs.HOURLY_LIMIT, _HOUR),
        ),
        hold=hold,
    )


def _not_accepted(field: str, sentence: str) -> EvidenceNotAcceptedError:
    fields = [FieldError(f"evidence.{field}", "not_accepted", sentence)]
    return EvidenceNotAcceptedError(sentence, fields=fields)
