"""What a scan asks and answers."""

from decimal import Decimal

from marshmallow import Schema, fields, validate

from backend.places.models import Datum
from backend.web.fields import DecimalString, StrictInteger, StrictString
from backend.web.schemas import StrictSchema
from miniprogram_api.schemas.places import PlaceSchema


class PositionSchema(StrictSchema):
    """Where the phone is: used once to tell inside from outside, never stored or logged."""

    latitude = DecimalString(
        required=True,
        max_digits=18,
        scale=16,
        minimum=Decimal(-90),
        maximum=Decimal(90),
        metadata={"description": "degrees, as text"},
    )
    longitude = DecimalString(
        required=True,
        max_digits=19,
        scale=16,
        minimum=Decimal(-180),
        maximum=Decimal(180),
        metadata={"description": "degrees, as text"},
    )
    accuracy_m = StrictInteger(
        required=True, maximum=100_000, metadata={"description": "metres, rounded up"}
    )
    datum = fields.String(
        required=True,
        validate=validate.OneOf([datum.value for datum in Datum]),
        metadata={"description": "of the coordinates: GPS, or the one of Chinese maps"},
    )


class ScanRequest(StrictSchema):
    """The code that was scanned, and where the phone is if the member lets it say."""

    code = StrictString(
        required=True,
        max_length=1000,
        metadata={"description": "text of the QR code: a poster's URL, or the bare code"},
    )
    position = fields.Nested(PositionSchema, load_default=None, allow_none=True)


class CapSchema(Schema):
    """A limit and what is left of it today."""

    name = fields.String(required=True)
    label = fields.String(required=True, metadata={"description": "in Chinese"})
    period = fields.String(required=True, metadata={"description": "day, week, month or year"})
    tiers = fields.List(
        fields.String(), required=True, metadata={"description": "applies to these; empty: to all"}
    )
    unit = fields.String(required=True)
    limit = fields.String(required=True, metadata={"description": "decimal, in `unit`"})
    left = fields.String(required=True, metadata={"description": "decimal, in `unit`"})
    text = fields.String(required=True, metadata={"description": "what is left, in Chinese"})


class TierSchema(Schema):
    """A tier of evidence (凭证等级) and how to reach a better one."""

    name = fields.String(required=True, metadata={"description": "T0 to T4"})
    label = fields.String(required=True)
    ranked = fields.Boolean(required=True, metadata={"description": "counts in rankings"})
    advice = fields.String(
        required=True, allow_none=True, metadata={"description": "null where there is no better"}
    )


class OfferSchema(Schema):
    """A material that the point takes and what one kilogram of it would earn now."""

    material = fields.String(required=True)
    label = fields.String(required=True)
    waste_class = fields.String(required=True)
    waste_class_label = fields.String(required=True)
    mass = fields.String(required=True, metadata={"description": "kg the figures are for"})
    reduction_mg = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    sentences = fields.List(fields.String(), required=True)


class KindAtPlaceSchema(Schema):
    """A kind of action that the code shows, and what a worked example of it would earn now."""

    kind = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    tier = fields.Nested(TierSchema, required=True)
    facts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "the example's inputs; replace them by the member's own"},
    )
    reduction_mg = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    sentences = fields.List(fields.String(), required=True)
    caps = fields.List(fields.Nested(CapSchema), required=True)


class ScanAnswer(Schema):
    """What the code is and what can be done here."""

    kind = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "the kind of action it is for; null where there may be several"},
    )
    kinds = fields.List(
        fields.Nested(KindAtPlaceSchema),
        required=True,
        metadata={"description": "what can be logged at a canteen, stairwell or venue"},
    )
    code_kind = fields.String(required=True, metadata={"description": "printed or rotating"})
    ticket = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "of a rotating code: send it as `evidence.code` in place of the code, "
            "by this member, until `ticket_expires_at`; null for a printed code, which lasts"
        },
    )
    ticket_expires_at = fields.AwareDateTime(required=True, allow_none=True)
    place = fields.Nested(PlaceSchema, required=True)
    tier = fields.Nested(TierSchema, required=True, allow_none=True)
    offers = fields.List(fields.Nested(OfferSchema), required=True)
    caps = fields.List(fields.Nested(CapSchema), required=True)
