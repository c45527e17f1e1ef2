"""Which colour a state has on the console's pages."""

from collections.abc import Mapping

from backend.offers.models import OfferState
from backend.places.models import PlaceState
from backend.rewards.models import RedemptionState

PLACE_COLOURS: Mapping[PlaceState, str] = {
    PlaceState.OPEN: "green",
    PlaceState.PAUSED: "yellow",
    PlaceState.CLOSED: "secondary",
}
OFFER_COLOURS: Mapping[OfferState, str] = {
    OfferState.DRAFT: "yellow",
    OfferState.OPEN: "green",
    OfferState.CLOSED: "secondary",
}
REDEMPTION_COLOURS: Mapping[RedemptionState, str] = {
    RedemptionState.PENDING: "yellow",
    RedemptionState.FULFILLED: "green",
    RedemptionState.CANCELLED: "secondary",
}
