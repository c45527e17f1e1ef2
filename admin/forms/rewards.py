"""The forms of rewards, causes, draws and redemptions."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields

from admin.forms.lists import Day
from admin.forms.places import Chosen
from backend.clock import SHANGHAI
from backend.offers.models import Audience, OfferState
from backend.rewards.models import LimitPeriod, RedemptionState
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema

_MOMENT = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}", re.ASCII)
_MOST_POINTS = 1_000_000
_MOST_PIECES = 1_000_000


class LocalMoment(fields.Field[datetime]):
    """An instant as a field of date and time sends it, in Shanghai's time."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> datetime:
        del attr, data
        try:
            if _MOMENT.fullmatch(str(value)):
                return datetime.fromisoformat(str(value)).replace(tzinfo=SHANGHAI)
        except ValueError:
            pass
        raise ValidationError("format|时间格式应为 2026-11-18T10:00。")


def _ticked() -> StrictInteger:
    """A box: 1 where it was ticked, left out where not."""
    return StrictInteger(minimum=0, maximum=1, load_default=0)


class RewardFields(StrictSchema):
    """What can be changed of a reward; `points` are whole points for one piece."""

    name = StrictString(max_length=60, required=True)
    description = StrictString(max_length=500, multiline=True, load_default="")
    pickup = StrictString(max_length=100, required=True)
    points = StrictInteger(minimum=1, maximum=_MOST_POINTS, required=True)
    cash_value = _ticked()
    audience = Chosen(Audience, required=True)
    member_limit = StrictInteger(minimum=1, maximum=_MOST_PIECES, load_default=None)
    institution_limit = StrictInteger(minimum=1, maximum=_MOST_PIECES, load_default=None)
    period = Chosen(LimitPeriod, required=True)
    hold_days = StrictInteger(minimum=1, maximum=60, required=True)
    available_from = Day(required=True)
    available_until = Day(load_default=None)
    state = Chosen(OfferState, required=True)


class ChangedReward(RewardFields):
    """A reward as it is to be; `seen` is the fingerprint of what the form showed."""

    seen = StrictString(max_length=64, required=True)


class NewReward(RewardFields):
    """A new reward with its first stock."""

    institution_id = StrictInteger(minimum=1, required=True)
    stock = StrictInteger(maximum=_MOST_PIECES, required=True)


class StockChange(StrictSchema):
    """Pieces put into stock, or taken out where negative."""

    change = StrictInteger(minimum=-_MOST_PIECES, maximum=_MOST_PIECES, required=True)


class CauseFields(StrictSchema):
    """What can be changed of a cause."""

    name = StrictString(max_length=60, required=True)
    description = StrictString(max_length=500, multiline=True, load_default="")
    takes_points = _ticked()
    takes_reductions = _ticked()
    state = Chosen(OfferState, required=True)


class ChangedCause(CauseFields):
    """A cause as it is to be; `seen` is the fingerprint of what the form showed."""

    seen = StrictString(max_length=64, required=True)


class NewCause(CauseFields):
    """A new cause: the institution is chosen once and for all."""

    institution_id = StrictInteger(minimum=1, required=True)


class NewDraw(StrictSchema):
    """A draw as it will be announced; `threshold` in whole points or grams."""

    institution_id = StrictInteger(minimum=1, required=True)
    name = StrictString(max_length=60, required=True)
    description = StrictString(max_length=500, multiline=True, load_default="")
    prize = StrictString(max_length=60, required=True)
    cash_value = _ticked()
    audience = Chosen(Audience, required=True)
    winners = StrictInteger(minimum=1, maximum=10_000, required=True)
    unit = StrictString(max_length=3, required=True)
    threshold = StrictInteger(maximum=1_000_000_000, required=True)
    counts_from = Day(required=True)
    counts_until = Day(required=True)
    closes_at = LocalMoment(required=True)
    draws_at = LocalMoment(required=True)


class Done(StrictSchema):
    """What was just done, told once after the redirect."""

    done = StrictString(max_length=20, load_default="")


class RedemptionsFilter(StrictSchema):
    """Which redemptions the list shows."""

    state = Chosen(RedemptionState, load_default=None)
    reward = StrictInteger(minimum=1, load_default=None)
    before = StrictInteger(minimum=1, load_default=None)
    done = StrictString(max_length=20, load_default="")


class ScannedCode(StrictSchema):
    """The code an attendant scanned; `done` is the redemption just handed over."""

    code = StrictString(max_length=300, load_default=None)
    done = StrictInteger(minimum=1, load_default=None)


class Handover(StrictSchema):
    """The code whose redemption is handed over."""

    code = StrictString(max_length=300, required=True)


class CancellationReason(StrictSchema):
    """Why the programme gives a redemption back."""

    reason = StrictString(max_length=200, required=True)


class CashValueSwitch(StrictSchema):
    """Whether an institution's members may be given what has cash value."""

    allowed = StrictInteger(minimum=0, maximum=1, required=True)
