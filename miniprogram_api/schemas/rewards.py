"""Rewards, redemptions, causes, donations and draws."""

from marshmallow import Schema, fields, validate

from backend.donations.policy import SMALLEST_GIFT
from backend.draws.models import DrawState
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState
from backend.web.fields import Reference, StrictInteger, StrictString
from backend.web.schemas import StrictSchema

_MOST_PIECES = 10


def _instant(*, allow_none: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=allow_none, metadata={"format": "date-time"})


def _entry() -> fields.Integer:
    said = "the ledger's entry; its receipt is /receipts/{entry_id}"
    return fields.Integer(required=True, metadata={"description": said})


def _one_of(values: list[str]) -> validate.OneOf:
    return validate.OneOf(values, error="choice|请从列出的选项中选择。")


class RewardSchema(Schema):
    """A reward and how many pieces the caller may still have in this period."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    pickup = fields.String(required=True, metadata={"description": "where it is handed over"})
    institution = fields.String(required=True, metadata={"description": "who offers it"})
    points_mpt = fields.Integer(required=True, metadata={"description": "for one piece"})
    cash_value = fields.Boolean(required=True)
    stock_left = fields.Integer(required=True)
    left_for_member = fields.Integer(required=True)
    member_limit = fields.Integer(required=True, allow_none=True)
    institution_limit = fields.Integer(required=True, allow_none=True)
    period = fields.String(required=True, validate=_one_of([p.value for p in LimitPeriod]))
    hold_days = fields.Integer(required=True)
    available_until = fields.String(required=True, allow_none=True, metadata={"format": "date"})


class RedemptionRequest(StrictSchema):
    """Pieces of a reward, under the client's own reference."""

    reference = Reference(required=True)
    reward_id = StrictInteger(minimum=1, required=True)
    quantity = StrictInteger(minimum=1, maximum=_MOST_PIECES, load_default=1)


class CodeSchema(Schema):
    """What an attendant scans: another every 30 seconds, dead within 90."""

    text = fields.String(required=True, metadata={"description": "the text of the QR code"})
    next_at = _instant()


class RedemptionSchema(Schema):
    """A redemption; `code` is there while it is pending and read by itself."""

    id = fields.Integer(required=True)
    reference = fields.String(required=True)
    state = fields.String(required=True, validate=_one_of([s.value for s in RedemptionState]))
    reward_id = fields.Integer(required=True)
    reward = fields.String(required=True)
    pickup = fields.String(required=True)
    quantity = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    requested_at = _instant()
    due_at = _instant()
    settled_at = _instant(allow_none=True)
    cancelled_by = fields.String(
        required=True, allow_none=True, validate=_one_of([b.value for b in CancelledBy])
    )
    reason = fields.String(required=True, allow_none=True)
    entry_id = _entry()
    code = fields.Nested(CodeSchema, required=True, allow_none=True)


class CauseSchema(Schema):
    """What points or reductions can be given to."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    institution = fields.String(required=True)
    takes_points = fields.Boolean(required=True)
    takes_reductions = fields.Boolean(required=True)


class CausesAnswer(Schema):
    """Every cause that is open."""

    causes = fields.List(fields.Nested(CauseSchema), required=True)


class DonationRequest(StrictSchema):
    """Points (`mpt`) or reductions (`mg`) for a cause, under the client's own reference."""

    reference = Reference(required=True)
    cause_id = StrictInteger(minimum=1, required=True)
    unit = StrictString(
        max_length=3,
        required=True,
        metadata={"enum": sorted(SMALLEST_GIFT), "pattern": "^(mg|mpt)$"},
    )
    amount = StrictInteger(minimum=min(SMALLEST_GIFT.values()), required=True)


class DonationSchema(Schema):
    """A donation and the address that confirms its certificate to anybody."""

    id = fields.Integer(required=True)
    reference = fields.String(required=True)
    cause_id = fields.Integer(required=True)
    cause = fields.String(required=True)
    unit = fields.String(required=True)
    amount = fields.Integer(required=True)
    donated_at = _instant()
    entry_id = _entry()
    certificate = fields.String(required=True)
    certificate_url = fields.String(required=True)


class DrawSchema(Schema):
    """A prize draw and where the caller stands with it."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    prize = fields.String(required=True)
    institution = fields.String(required=True)
    places = fields.Integer(required=True)
    unit = fields.String(required=True)
    threshold = fields.Integer(required=True, metadata={"description": "to be earned, in unit"})
    earned = fields.Integer(required=True, metadata={"description": "by the caller, in unit"})
    counts_from = fields.String(required=True, metadata={"format": "date"})
    counts_until = fields.String(required=True, metadata={"format": "date"})
    closes_at = _instant()
    draws_at = _instant()
    state = fields.String(required=True, validate=_one_of([s.value for s in DrawState]))
    entries = fields.Integer(required=True)
    commitment = fields.String(required=True, metadata={"description": "SHA-256 of the seed"})
    ticket = fields.String(required=True, allow_none=True)
    won = fields.Boolean(required=True)


class DrawsAnswer(Schema):
    """The latest draws that are for the caller."""

    draws = fields.List(fields.Nested(DrawSchema), required=True)


class TicketSchema(Schema):
    """The caller's ticket; it stands in the public list from the close on."""

    ticket = fields.String(required=True)
