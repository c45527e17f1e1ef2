"""What a member holds and did."""

from marshmallow import Schema, fields


class LotSchema(Schema):
    """Points that expire together."""

    expires_on = fields.String(required=True, metadata={"format": "date"})
    points_mpt = fields.Integer(required=True)


class NoticeSchema(Schema):
    """Points that end soon: told 30 and 7 days ahead, gone from here once they are used."""

    expires_on = fields.String(required=True, metadata={"format": "date"})
    days_left = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    noticed_on = fields.String(required=True, metadata={"format": "date"})


class PointsAnswer(Schema):
    """The balance now; the oldest points are spent first."""

    reduction_mg = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    lots = fields.List(fields.Nested(LotSchema), required=True)
    notices = fields.List(fields.Nested(NoticeSchema), required=True)
    as_of = fields.String(required=True, metadata={"format": "date-time"})


class EntrySchema(Schema):
    """One entry of the statement: what it moved, negative where taken, and the balance after it."""

    id = fields.Integer(required=True)
    kind = fields.String(required=True)
    action_id = fields.Integer(required=True, allow_none=True)
    effective_on = fields.String(required=True, metadata={"format": "date"})
    created_at = fields.String(required=True, metadata={"format": "date-time"})
    reduction_mg = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    balance_mg = fields.Integer(required=True)
    balance_mpt = fields.Integer(required=True)


class PastActionSchema(Schema):
    """One action of the history; its explanation has a route of its own."""

    id = fields.Integer(required=True)
    status = fields.String(
        required=True, metadata={"description": "its amounts count only while it is `credited`"}
    )
    reason = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True, metadata={"description": "of the kind, in Chinese"})
    occurred_at = fields.String(required=True, metadata={"format": "date-time"})
    occurred_on = fields.String(required=True, metadata={"format": "date"})
    tier = fields.String(required=True)
    facts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    reduction_mg = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
