"""A scan: what a QR code is and what can be done with it."""

from collections.abc import Mapping
from typing import Any

from backend.actions.claims import Admission
from backend.actions.drop_offs import KIND, NotARecyclingPointError
from backend.actions.evidence import TIERS, EvidenceKind, accepted_by
from backend.actions.service import preview
from backend.actions.versions import methodology_of
from backend.clock import business_day
from backend.errors import InvalidInputError
from backend.places.labels import WASTE_CLASSES
from backend.places.service import resolve_code
from backend.places.tickets import Ticket, ticket_of
from backend.recycling import service
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.limits import SCANS, limited
from backend.web.transaction import connection
from credit_rules import Methodology
from miniprogram_api.flows.kinds import caps_left
from miniprogram_api.flows.places import place_body
from miniprogram_api.flows.scans import SAMPLE_MASS_KG, kinds_at, position_of, tier_body
from miniprogram_api.schemas.scans import ScanAnswer, ScanRequest

blueprint = Blueprint("scans", __name__, description="What a QR code is. Writes nothing.")


@blueprint.route("/scans", methods=["POST"])
@member_only
@limited(SCANS)
@blueprint.arguments(ScanRequest)
@blueprint.response(200, ScanAnswer)
def scan(values: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a code is, what can be logged there, and what it would earn.

    At a recycling point `offers` lists its materials; elsewhere `kinds` lists the kinds of action.

    A rotating code is answered with a ticket: sent as `evidence.code` in place of the code, it
    stands for this scan for ten minutes, for this member, once.

    The position is used once and neither stored nor logged. Nothing is written.
    """
    with_backend, instant, member_id = backend(), now(), actor().member_id
    try:
        found = service.scan(
            connection(),
            rulebook=with_backend.rulebook,
            keys=with_backend.keys,
            member_id=member_id,
            code=values["code"],
            position=position_of(values["position"]),
            now=instant,
        )
    except NotARecyclingPointError:
        return _scanned_elsewhere(values["code"])
    today = business_day(instant)
    methodology = methodology_of(with_backend.rulebook, KIND, today)
    return {
        "kind": KIND,
        "kinds": [],
        "code_kind": found.code_kind.value,
        **_ticket_body(found.ticket),
        "place": place_body(found.place, instant),
        "tier": tier_body(methodology, found.tier),
        "offers": [offer_body(offer) for offer in found.offers],
        "caps": caps_left(methodology, member_id=member_id, on=today, tier=found.tier),
    }


def _scanned_elsewhere(code: str) -> dict[str, Any]:
    """What the code of a canteen, stairwell or venue leads to."""
    member_id = actor().member_id
    found = resolve_code(connection(), backend().keys, code, now(), member_id=member_id)
    ticket = ticket_of(backend().keys, found, member_id=member_id)
    kinds = kinds_at(found.place.kind)
    kind = EvidenceKind.PRINTED_CODE if found.step is None else EvidenceKind.ROTATING_CODE
    return {
        "kind": None,
        "kinds": [
            sample
            for methodology in kinds
            if any(each.kind is kind and each.available for each in accepted_by(methodology))
            and (sample := _sample(methodology, found.place.id)) is not None
        ],
        "code_kind": found.code_kind.value,
        **_ticket_body(ticket),
        "place": place_body(found.place, now()),
        "tier": None,
        "offers": [],
        "caps": [],
    }


def _ticket_body(ticket: Ticket | None) -> dict[str, Any]:
    return {
        "ticket": None if ticket is None else ticket.text,
        "ticket_expires_at": None if ticket is None else ticket.expires_at,
    }


def _sample(methodology: Methodology, place_id: int) -> dict[str, Any] | None:
    """What the methodology's first worked example would earn the caller here and now.

    None where it earns nothing now: between meals no plate is cleaned.
    """
    tier, today = TIERS[EvidenceKind.ROTATING_CODE], business_day(now())
    given, asked = methodology.examples[0].given, {spec.name for spec in methodology.asked}
    facts = {name: value for name, value in given.items() if name in asked}
    try:
        (assessment,) = preview(
            connection(),
            backend().rulebook,
            kind=methodology.id,
            member_id=actor().member_id,
            admission=Admission(tier=tier, channel="preview", place_id=place_id),
            variants=[facts],
            now=now(),
        )
    except InvalidInputError as refused:
        if {fault.code for fault in refused.fields} == {"not_eligible"}:
            return None
        raise
    return {
        "kind": methodology.id,
        "title": methodology.title,
        "summary": methodology.summary,
        "tier": tier_body(methodology, tier),
        "facts": facts,
        "reduction_mg": assessment.reduction_mg,
        "points_mpt": assessment.points_mpt,
        "sentences": assessment.trace.sentences(),
        "caps": caps_left(methodology, member_id=actor().member_id, on=today, tier=tier),
    }


def offer_body(offer: service.MaterialOffer) -> dict[str, Any]:
    """What one kilogram of a material would earn now."""
    return {
        "material": offer.material,
        "label": offer.label,
        "waste_class": offer.waste_class,
        "waste_class_label": WASTE_CLASSES[offer.waste_class],
        "mass": SAMPLE_MASS_KG,
        "reduction_mg": offer.assessment.reduction_mg,
        "points_mpt": offer.assessment.points_mpt,
        "sentences": offer.assessment.trace.sentences(),
    }
