"""What an action says and what its receipt answers."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
from marshmallow import Schema, fields, validate

from backend.actions.evidence import EvidenceKind
from backend.actions.models import ActionStatus
from backend.web.fields import AwareDateTime, Reference, StrictString
from backend.web.schemas import ProblemSchema, StrictSchema
from miniprogram_api.schemas.scans import PositionSchema

MOST_ACTIONS = 100
MOST_FACTS = 20


class EvidenceSchema(StrictSchema):
    """What shows that it happened; nothing at all is the member's word alone (T0)."""

    kind = fields.Enum(
        EvidenceKind,
        by_value=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "as GET /kinds lists it; left out, the code says"},
    )
    code = StrictString(
        load_default=None,
        allow_none=True,
        max_length=1000,
        metadata={
            "description": "text of the QR code: a poster's URL, the bare code, or the ticket "
            "that a scan was answered with"
        },
    )
    position = fields.Nested(PositionSchema, load_default=None, allow_none=True)


class NamedTexts(fields.Dict):
    """Texts by name, whose faults are told by name: `facts.mass`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        try:
            # marshmallow ships no types for this method.
            return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        except ma.ValidationError as error:
            if not isinstance(error.messages, dict):
                raise
            faults = {
                name: [*parts.get("key", []), *parts.get("value", [])]
                for name, parts in error.messages.items()
            }
            raise ma.ValidationError(faults) from error


class ActionRequest(StrictSchema):
    """One action. The same reference with the same content may be sent any number of times."""

    reference = Reference(
        required=True,
        metadata={"description": "made by the client where it happened; never reused"},
    )
    kind = StrictString(
        required=True, max_length=64, metadata={"description": "as GET /kinds lists it"}
    )
    occurred_at = AwareDateTime(required=True)
    facts = NamedTexts(
        keys=StrictString(max_length=64),
        values=StrictString(max_length=60),
        required=True,
        validate=validate.Length(max=MOST_FACTS),
        metadata={
            "description": "the kind's inputs by name, as text",
            "example": {"material": "paper", "mass": "1.5"},
        },
    )
    evidence = fields.Nested(EvidenceSchema, required=True)


class _EachByItself(fields.Nested):
    """An item that is validated by itself later, so that it cannot spoil the others."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> Any:
        return value


class BatchRequest(StrictSchema):
    """Actions that were logged without a network."""

    APART = "actions"

    actions = fields.List(
        _EachByItself(ActionRequest, allow_none=True),
        required=True,
        validate=validate.Length(min=1, max=MOST_ACTIONS),
    )


class PlaceRefSchema(Schema):
    """The place an action happened at."""

    code = fields.String(required=True)


class RecordedActionSchema(Schema):
    """An action as it stands in the book."""

    id = fields.Integer(required=True)
    status = fields.String(
        required=True,
        validate=validate.OneOf([status.value for status in ActionStatus]),
        metadata={"description": "what it earned counts only while it is `credited`"},
    )
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "why it is held, voided or reversed, in Chinese"},
    )
    reference = fields.String(required=True)
    kind = fields.String(required=True)
    occurred_at = fields.String(required=True, metadata={"format": "date-time"})
    occurred_on = fields.String(
        required=True, metadata={"format": "date", "description": "the day in Asia/Shanghai"}
    )
    received_at = fields.String(required=True, metadata={"format": "date-time"})
    tier = fields.String(required=True, metadata={"description": "T0 to T4"})
    channel = fields.String(required=True, metadata={"description": "how the evidence came"})
    place = fields.Nested(PlaceRefSchema, required=True, allow_none=True)
    facts = NamedTexts(keys=fields.String(), values=fields.String(), required=True)


class AwardSchema(Schema):
    """What it earned."""

    reduction_mg = fields.Integer(required=True, metadata={"description": "mg of CO2e avoided"})
    points_mpt = fields.Integer(required=True, metadata={"description": "milli-points"})
    bonus_mpt = fields.Integer(
        required=True, metadata={"description": "milli-points a campaign adds to them"}
    )
    ranked = fields.Boolean(required=True, metadata={"description": "counts in rankings"})
    expires_on = fields.String(
        required=True, metadata={"format": "date", "description": "last day of these points"}
    )


class MethodologySchema(Schema):
    """The methodology (方法学) that assessed it."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True, metadata={"description": "SHA-256, hexadecimal"})
    title = fields.String(required=True)


class ReceiptSchema(Schema):
    """The action, its award and why; the same for every repeat of the request."""

    action = fields.Nested(RecordedActionSchema, required=True)
    award = fields.Nested(AwardSchema, required=True)
    trace = fields.Dict(
        required=True,
        metadata={"description": "tanpuhui.trace.v1: every input, factor, step, cap and result"},
    )
    sentences = fields.List(
        fields.String(), required=True, metadata={"description": "the trace in Chinese"}
    )
    methodology = fields.Nested(MethodologySchema, required=True)


class SourceSchema(Schema):
    """Where a number or a rule comes from."""

    title = fields.String(required=True)
    clause = fields.String(required=True)
    href = fields.String(required=True)


class ExplanationSchema(ReceiptSchema):
    """A receipt with the rulebook it stands on; recomputed from the stored facts."""

    rulebook_digest = fields.String(
        required=True, metadata={"description": "of the rulebook in force when it was credited"}
    )
    sources = fields.List(fields.Nested(SourceSchema), required=True)


class BatchItemSchema(Schema):
    """What became of one action of a batch: a receipt or a problem."""

    status = fields.Integer(
        required=True, metadata={"description": "as POST /actions would have answered"}
    )
    receipt = fields.Nested(ReceiptSchema, required=True, allow_none=True)
    problem = fields.Nested(ProblemSchema, required=True, allow_none=True)


class BatchAnswer(Schema):
    """One result for each action, in the order they were sent."""

    results = fields.List(fields.Nested(BatchItemSchema), required=True)
