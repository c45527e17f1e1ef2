"""What can be logged, and within which bounds."""

from marshmallow import Schema, fields

from miniprogram_api.schemas.scans import CapSchema


class ChoiceSchema(Schema):
    """One value of a choice."""

    value = fields.String(required=True)
    label = fields.String(required=True)
    waste_class = fields.String(required=True, allow_none=True)
    waste_class_label = fields.String(required=True, allow_none=True)


class InputSchema(Schema):
    """One input of a kind: a quantity with bounds, or a choice."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    type = fields.String(required=True, metadata={"description": "quantity or choice"})
    unit = fields.String(required=True, allow_none=True)
    unit_label = fields.String(required=True, allow_none=True)
    minimum = fields.String(required=True, allow_none=True)
    maximum = fields.String(required=True, allow_none=True)
    step = fields.String(required=True, allow_none=True)
    choices = fields.List(fields.Nested(ChoiceSchema), required=True)


class AcceptedTierSchema(Schema):
    """A tier of evidence that is accepted and how much it counts."""

    name = fields.String(required=True)
    label = fields.String(required=True)
    points_weight = fields.String(required=True)
    reduction_weight = fields.String(required=True)
    ranked = fields.Boolean(required=True)


class AcceptedEvidenceSchema(Schema):
    """A kind of evidence that is accepted, and the tier it leads to."""

    kind = fields.String(required=True)
    label = fields.String(required=True)
    tier = fields.String(required=True, metadata={"description": "T0 to T4"})
    available = fields.Boolean(
        required=True, metadata={"description": "can be verified now; otherwise it is refused"}
    )
    place_kind = fields.String(
        required=True, allow_none=True, metadata={"description": "where its code is scanned"}
    )
    place_kind_label = fields.String(required=True, allow_none=True)


class ExclusionSchema(Schema):
    """Another kind that is not credited within the same trip, meal or day."""

    kind = fields.String(required=True)
    title = fields.String(required=True)
    period = fields.String(
        required=True, metadata={"description": "trip, meal, day, week, month or year"}
    )
    period_label = fields.String(required=True)


class KindSchema(Schema):
    """A kind of action in force today, as this member can log it."""

    kind = fields.String(required=True)
    group = fields.String(required=True)
    group_label = fields.String(required=True)
    version = fields.Integer(required=True)
    digest = fields.String(required=True)
    title = fields.String(required=True)
    summary = fields.String(required=True)
    scenario = fields.String(required=True, metadata={"description": "reduction or behaviour"})
    scenario_label = fields.String(
        required=True,
        metadata={"description": "减排场景 (issuable in principle) or 行为场景 (points only)"},
    )
    boundary = fields.String(required=True, metadata={"description": "in_meter or outside"})
    boundary_label = fields.String(required=True)
    baseline = fields.String(required=True)
    inputs = fields.List(fields.Nested(InputSchema), required=True)
    tiers = fields.List(fields.Nested(AcceptedTierSchema), required=True)
    evidence = fields.List(fields.Nested(AcceptedEvidenceSchema), required=True)
    evidence_required = fields.List(
        fields.String(), required=True, metadata={"description": "without these nothing counts"}
    )
    loggable = fields.Boolean(
        required=True, metadata={"description": "some accepted evidence can be verified now"}
    )
    excludes = fields.List(fields.Nested(ExclusionSchema), required=True)
    max_age_days = fields.Integer(required=True, allow_none=True)
    caps = fields.List(fields.Nested(CapSchema), required=True)


class KindsAnswer(Schema):
    """The kinds in force on a day."""

    on = fields.String(required=True, metadata={"format": "date"})
    rulebook_digest = fields.String(required=True)
    items = fields.List(fields.Nested(KindSchema), required=True)
