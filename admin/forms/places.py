"""The forms of recycling points and their posters."""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields

from admin.forms.hours import HoursText
from backend.places.models import Datum, PlaceKind, PlaceState, WasteClass
from backend.web.fields import StrictInteger, StrictString
from backend.web.schemas import StrictSchema

_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,6})?", re.ASCII)


class Chosen(fields.Field[StrEnum]):
    """One value of an enumeration, as a select or a radio button sends it."""

    def __init__(self, values: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.values = values

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> StrEnum:
        del attr, data
        try:
            return self.values(value)
        except ValueError:
            raise ValidationError("choice|请从列出的选项中选择。") from None


class Degrees(fields.Field[Decimal]):
    """A latitude or longitude in decimal degrees, at most six places (0.1 m)."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> Decimal:
        del attr, data
        text = str(value).strip()
        if _DEGREES.fullmatch(text) is None:
            raise ValidationError("format|请填写十进制度数，小数点后最多 6 位，例如 30.274150。")
        return Decimal(text)


class PlaceFields(StrictSchema):
    """What can be changed of a place; units as in `backend.places.models.Place`."""

    name = StrictString(max_length=100, required=True)
    address = StrictString(max_length=200, required=True)
    accepted = fields.List(Chosen(WasteClass), load_default=())
    hours = HoursText(required=True)
    latitude = Degrees(load_default=None)
    longitude = Degrees(load_default=None)
    datum = Chosen(Datum, required=True)
    radius_m = StrictInteger(minimum=1, maximum=2000, required=True)
    state = Chosen(PlaceState, required=True)


class ChangedPlace(PlaceFields):
    """A recycling point as it is to be; `seen` is the fingerprint of what the form showed."""

    seen = StrictString(max_length=64, required=True)


class NewPlace(PlaceFields):
    """A new place: its kind and institution are chosen once and for all."""

    kind = Chosen(PlaceKind, required=True)
    institution_id = StrictInteger(minimum=1, required=True)


class PlacesFilter(StrictSchema):
    """Which points the list shows."""

    q = StrictString(max_length=50, load_default="")
    state = Chosen(PlaceState, load_default=None)
    district = StrictInteger(minimum=1, load_default=None)
    institution = StrictInteger(minimum=1, load_default=None)
    after = StrictInteger(load_default=0)
    done = StrictString(max_length=20, load_default="")


class PlaceNotice(StrictSchema):
    """What was just done to a point, told once after the redirect."""

    done = StrictString(max_length=20, load_default="")


class PosterDownload(StrictSchema):
    """Whether a poster is shown in the page or saved as a file."""

    download = StrictInteger(minimum=0, maximum=1, load_default=0)


class ChosenPlaces(StrictSchema):
    """The points ticked in the list."""

    place = fields.List(StrictInteger(minimum=1), required=True)


class Revocation(StrictSchema):
    """Why the posters of a batch are worth nothing from now on."""

    reason = StrictString(max_length=200, required=True)


class ScreenStep(StrictSchema):
    """The step of the code that a screen shows; none when it asks for the first time."""

    step = StrictInteger(load_default=None)
