"""Places as pages and JSON tell them."""

from datetime import datetime
from typing import Any

from backend.places import policy
from backend.places.labels import PLACE_KINDS, PLACE_STATES, WASTE_CLASSES
from backend.places.models import PlaceRecord, PlaceState


def place_body(
    place: PlaceRecord, instant: datetime, distance_m: int | None = None
) -> dict[str, Any]:
    """What the API says of a place.

    Args:
        place: the place.
        instant: for which `open_now` is told, aware.
        distance_m: metres from the point that was asked about.
    """
    return {
        "code": place.code,
        "kind": place.kind.value,
        "kind_label": PLACE_KINDS[place.kind],
        "name": place.name,
        "address": place.address,
        "state": place.state.value,
        "state_label": PLACE_STATES[place.state],
        "open_now": is_open(place, instant),
        "hours": list(policy.hours_lines(place.hours)),
        "accepted": [
            {"waste_class": item.value, "label": WASTE_CLASSES[item]} for item in place.accepted
        ],
        "latitude": None if place.latitude is None else str(place.latitude),
        "longitude": None if place.longitude is None else str(place.longitude),
        "datum": place.datum.value,
        "distance_m": distance_m,
    }


def is_open(place: PlaceRecord, instant: datetime) -> bool:
    """Whether a place takes anything at an aware instant: in use, and within its hours."""
    return place.state is PlaceState.OPEN and policy.is_open(place.hours, instant)
