"""What a scan leads to, as pages and JSON tell it."""

from collections.abc import Mapping
from typing import Any

from backend.actions.evidence import place_kind_of
from backend.clock import business_day
from backend.places.models import Datum, PlaceKind
from backend.places.policy import Position
from backend.web.context import backend, now
from credit_rules import Methodology
from miniprogram_api.flows.kinds import better_evidence

SAMPLE_MASS_KG = "1"


def kinds_at(place: PlaceKind) -> list[Methodology]:
    """The kinds of action in force today that happen at a kind of place."""
    in_force = backend().rulebook.in_force(business_day(now()))
    return [methodology for methodology in in_force if place_kind_of(methodology.id) is place]


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
        "advice": better_evidence(methodology, tier),
    }
