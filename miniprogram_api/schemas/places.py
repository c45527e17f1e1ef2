"""What the API says of places."""

from marshmallow import Schema, fields, validate

from backend.places.models import Datum, PlaceState, WasteClass
from backend.web.fields import StrictString
from backend.web.schemas import PageQuery


class ClassSchema(Schema):
    """One of the four classes of waste."""

    waste_class = fields.String(
        required=True, metadata={"enum": [item.value for item in WasteClass]}
    )
    label = fields.String(required=True, metadata={"description": "in Chinese"})


class PlaceSchema(Schema):
    """A recycling point, canteen, stairwell or venue."""

    code = fields.String(required=True)
    kind = fields.String(required=True)
    kind_label = fields.String(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True)
    state = fields.String(required=True, metadata={"enum": [item.value for item in PlaceState]})
    state_label = fields.String(required=True)
    open_now = fields.Boolean(required=True)
    hours = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "in Chinese: 周一至周五 08:00–18:00"},
    )
    accepted = fields.List(fields.Nested(ClassSchema), required=True)
    latitude = fields.String(required=True, allow_none=True, metadata={"description": "degrees"})
    longitude = fields.String(required=True, allow_none=True, metadata={"description": "degrees"})
    datum = fields.String(required=True, metadata={"enum": [item.value for item in Datum]})
    distance_m = fields.Integer(
        required=True, allow_none=True, metadata={"description": "null unless asked with `near`"}
    )


class PlacesQuery(PageQuery):
    """Places near a point, or, without a position, by name, address or code."""

    near = StrictString(
        max_length=60,
        load_default=None,
        metadata={"description": "latitude,longitude in degrees; used once, never logged"},
    )
    datum = fields.String(
        load_default=Datum.GCJ02.value,
        validate=validate.OneOf([datum.value for datum in Datum]),
        metadata={"description": "of `near`"},
    )
    search = StrictString(
        max_length=50, load_default=None, metadata={"description": "without `near` only"}
    )
