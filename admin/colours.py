"""Which colour a state has on the console's pages."""

from collections.abc import Mapping

from backend.campaigns.models import CampaignState
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
CAMPAIGN_COLOURS: Mapping[CampaignState, str] = {
    CampaignState.DRAFT: "secondary",
    CampaignState.SUBMITTED: "yellow",
    CampaignState.APPROVED: "green",
    CampaignState.SCHEDULED: "blue",
    CampaignState.RUNNING: "green",
    CampaignState.CLOSED: "secondary",
    CampaignState.WITHDRAWN: "red",
    CampaignState.CUT_SHORT: "red",
}
