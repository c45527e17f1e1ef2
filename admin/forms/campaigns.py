"""The forms of campaigns."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError, fields

from admin.forms.places import Chosen
from admin.forms.rewards import LocalMoment
from backend.campaigns.models import CampaignKind
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema

_MULTIPLIER = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2})?", re.ASCII)
_MOST_POINTS = 10_000_000


class Multiplier(fields.Field[Decimal]):
    """How many times the points an action earns, two decimals at most."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> Decimal:
        del attr, data
        text = str(value).strip()
        if _MULTIPLIER.fullmatch(text) is None:
            raise ValidationError("format|请填写最多两位小数的倍数，例如 1.5。")
        return Decimal(text)


class CampaignFields(StrictSchema):
    """What can be changed of a draft; `budget` in whole points."""

    title = StrictString(max_length=40, required=True)
    content = StrictString(max_length=2_000, multiline=True, required=True)
    kind = Chosen(CampaignKind, required=True)
    audience = StrictString(max_length=11, required=True)
    starts_at = LocalMoment(required=True)
    ends_at = LocalMoment(required=True)
    kinds = fields.List(StrictString(max_length=60), load_default=())
    multiplier = Multiplier(required=True)
    budget = StrictInteger(minimum=1, maximum=_MOST_POINTS, required=True)


class NewCampaign(CampaignFields):
    """A new campaign: the institution is chosen once and for all."""

    institution_id = StrictInteger(minimum=1, required=True)


class ChangedCampaign(CampaignFields):
    """A draft as it is to be; `seen` is the fingerprint of what the form showed."""

    seen = StrictString(max_length=64, required=True)


class Reason(StrictSchema):
    """Why a campaign is sent back or ended."""

    reason = StrictString(max_length=200, required=True)


class CampaignsPage(StrictSchema):
    """Where the list goes on."""

    before = StrictInteger(minimum=1, load_default=None)
