"""A scan: what a QR code is and what can be done with it."""

from collections.abc import Mapping
from typing import Any

from backend.actions.service import methodology_of
from backend.clock import business_day
from backend.places.models import Datum
from backend.places.policy import Position
from backend.recycling import service
from backend.recycling.policy import KIND
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.limits import by_member, rate_limited
from backend.web.transaction import connection
from credit_rules import Methodology
from miniprogram_api.resources import labels
from miniprogram_api.resources.kinds import caps_left
from miniprogram_api.resources.places import place_body
from miniprogram_api.schemas.scans import ScanAnswer, ScanRequest

blueprint = Blueprint("scans", __name__, description="What a QR code is. Writes nothing.")

SAMPLE_MASS_KG = "1"


@blueprint.route("/scans", methods=["POST"])
@member_only
@rate_limited("scan", "60/minute", by=by_member)
@blueprint.arguments(ScanRequest)
@blueprint.response(200, ScanAnswer)
def scan(values: Mapping[str, Any]) -> dict[str, Any]:
    """Tell what a code is, what the point takes, and what each material would earn.

    The position is used once and neither stored nor logged. Nothing is written.
    """
    with_backend, instant, member_id = backend(), now(), actor().member_id
    found = service.scan(
        connection(),
        rulebook=with_backend.rulebook,
        keys=with_backend.keys,
        member_id=member_id,
        code=values["code"],
        position=position_of(values["position"]),
        now=instant,
    )
    today = business_day(instant)
    methodology = methodology_of(with_backend.rulebook, KIND, today)
    return {
        "kind": KIND,
        "code_kind": found.code_kind.value,
        "place": place_body(found.place, instant),
        "tier": tier_body(methodology, found.tier),
        "offers": [offer_body(offer) for offer in found.offers],
        "caps": caps_left(methodology, member_id=member_id, on=today, tier=found.tier),
    }


def position_of(values: Mapping[str, Any] | None) -> Position | None:
    """The position a client sent along, if it did."""
    if values is None:
        return None
    return Position(
        values["latitude"], values["longitude"], values["accuracy_m"], Datum(values["datum"])
    )


def tier_body(methodology: Methodology, name: str) -> dict[str, Any]:
    """A tier of evidence with its Chinese label, and how to reach a better one."""
    tier = next(tier for tier in methodology.tiers if tier.name == name)
    return {
        "name": tier.name,
        "label": tier.label,
        "ranked": tier.ranked,
        "advice": labels.better_evidence(tier.name),
    }


def offer_body(offer: service.Offer) -> dict[str, Any]:
    """What one kilogram of a material would earn now."""
    return {
        "material": offer.material,
        "label": offer.label,
        "waste_class": offer.waste_class,
        "waste_class_label": labels.WASTE_CLASSES[offer.waste_class],
        "mass": SAMPLE_MASS_KG,
        "reduction_mg": offer.assessment.reduction_mg,
        "points_mpt": offer.assessment.points_mpt,
        "sentences": offer.assessment.trace.sentences(),
    }
