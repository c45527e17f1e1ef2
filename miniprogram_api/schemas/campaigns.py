"""Campaigns."""

from marshmallow import Schema, fields, validate

from backend.campaigns.models import CampaignKind, CampaignState

_SEEN = (
    CampaignState.SCHEDULED,
    CampaignState.RUNNING,
    CampaignState.CLOSED,
    CampaignState.CUT_SHORT,
)


def _instant(*, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={"format": "date-time"})


class BoostedKindSchema(Schema):
    """A kind of action that earns the bonus."""

    id = fields.String(required=True)
    title = fields.String(required=True)


class CampaignSchema(Schema):
    """A campaign that is for the caller."""

    id = fields.Integer(required=True)
    title = fields.String(required=True)
    content = fields.String(required=True, metadata={"description": "plain text"})
    kind = fields.String(required=True, validate=validate.OneOf([k.value for k in CampaignKind]))
    state = fields.String(required=True, validate=validate.OneOf([s.value for s in _SEEN]))
    institution = fields.String(required=True, metadata={"description": "who runs it"})
    citywide = fields.Boolean(
        required=True, metadata={"description": "false: for members of that institution"}
    )
    starts_at = _instant()
    ends_at = _instant()
    ended_because = fields.String(required=True, allow_none=True)
    kinds = fields.List(fields.Nested(BoostedKindSchema), required=True)
    multiplier = fields.String(required=True, metadata={"description": "decimal, such as 1.5"})
    budget_mpt = fields.Integer(required=True)
    budget_left_mpt = fields.Integer(required=True)
    enrolled = fields.Integer(required=True, metadata={"description": "how many joined"})
    enrolled_at = _instant(allow_none=True)
