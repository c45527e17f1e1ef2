"""Whom an offer is for and whether it is open, in words."""

from collections.abc import Mapping
from typing import Final

from backend.offers.models import Audience, OfferState

AUDIENCES: Final[Mapping[Audience, str]] = {
    Audience.CITY: "全市成员和市民",
    Audience.INSTITUTION: "仅本单位成员",
}
OFFER_STATES: Final[Mapping[OfferState, str]] = {
    OfferState.DRAFT: "草稿",
    OfferState.OPEN: "正常使用",
    OfferState.CLOSED: "已停用",
}
