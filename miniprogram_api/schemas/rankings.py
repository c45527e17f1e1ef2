"""What a board shows."""

from marshmallow import Schema, fields, validate

from backend.rankings.policy import Board, BoardMeasure
from backend.web.fields import StrictString
from backend.web.schemas import PageQuery, StrictSchema


class LineQuery(StrictSchema):
    """Which season, by which measure."""

    season = StrictString(
        max_length=7,
        load_default=None,
        metadata={"description": "a month such as 2026-11; the present one when left out"},
    )
    measure = fields.String(
        load_default=BoardMeasure.INDEX.value,
        validate=validate.OneOf([measure.value for measure in BoardMeasure]),
    )


class BoardQuery(PageQuery, LineQuery):
    """Which board, and which part of it."""

    board = fields.String(
        load_default=Board.DEPARTMENTS.value,
        validate=validate.OneOf([board.value for board in Board]),
    )


class LineSchema(Schema):
    """One group of a board."""

    subject = fields.Integer(required=True)
    name = fields.String(required=True)
    rank = fields.Integer(required=True)
    tied = fields.Boolean(required=True, metadata={"description": "shares its rank"})
    headcount = fields.Integer(required=True)
    points_mpt = fields.Integer(required=True)
    points_per_head_mpt = fields.Integer(required=True)
    reduction_mg = fields.Integer(required=True)
    actions = fields.Integer(required=True)
    active = fields.Integer(required=True, metadata={"description": "people with a ranked action"})
    joined = fields.Integer(
        required=True,
        metadata={"description": "people of departments of fewer than five, counted with it"},
    )
    index = fields.String(required=True, allow_none=True, metadata={"description": "a decimal"})
    low80 = fields.String(
        required=True, allow_none=True, metadata={"description": "lower end of the 80 % interval"}
    )
    high80 = fields.String(required=True, allow_none=True, metadata={"description": "upper end"})
    band = fields.String(required=True, allow_none=True, metadata={"description": "A to E"})
    own = fields.Boolean(required=True, metadata={"description": "the caller belongs to it"})


class SeasonSchema(Schema):
    """The month a board covers, both days included."""

    name = fields.String(required=True)
    first = fields.String(required=True, metadata={"format": "date"})
    last = fields.String(required=True, metadata={"format": "date"})
    provisional = fields.Boolean(
        required=True,
        metadata={"description": "measured by itself: there was no season before it to go by"},
    )
    closed_at = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    restated_at = fields.String(
        required=True,
        allow_none=True,
        metadata={"format": "date-time", "description": "when the closed result last changed"},
    )


class StandingsSchema(Schema):
    """A page of a board."""

    board = fields.String(required=True)
    season = fields.Nested(SeasonSchema, required=True)
    measure = fields.String(required=True)
    formula = fields.String(required=True, metadata={"description": "in Chinese"})
    begun = fields.Boolean(
        required=True,
        metadata={"description": "whether enough groups have a ranked action; no items before"},
    )
    groups = fields.Integer(required=True, metadata={"description": "groups on the board"})
    hidden = fields.Integer(required=True, metadata={"description": "groups too small to be shown"})
    minimum_headcount = fields.Integer(required=True)
    own = fields.Nested(
        LineSchema,
        required=True,
        allow_none=True,
        metadata={"description": "the caller's group; null without one, or where it is hidden"},
    )
    as_of = fields.String(required=True, metadata={"format": "date-time"})
    items = fields.List(fields.Nested(LineSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class MoreSchema(Schema):
    """What the index would be if more people took part as the active ones do."""

    more = fields.Integer(required=True, metadata={"description": "further people"})
    index = fields.String(required=True, metadata={"description": "a decimal"})


class ReckoningSchema(Schema):
    """The numbers of an index: 100 + 15 (mean - mu) / sqrt(tau2 + sigma2 / people), clipped."""

    people = fields.Integer(required=True)
    active = fields.Integer(required=True)
    capped = fields.Integer(required=True, metadata={"description": "earned more than counts"})
    mean = fields.String(required=True, metadata={"description": "of the roots of capped points"})
    mu = fields.String(required=True)
    sigma2 = fields.String(required=True)
    tau2 = fields.String(required=True)
    cap = fields.String(required=True, metadata={"description": "points of a person that count"})
    taken_from = fields.String(required=True, metadata={"description": "the season estimated"})
    index = fields.String(required=True, allow_none=True)
    if_more_took_part = fields.Nested(MoreSchema, required=True, allow_none=True)


class LineExplanationSchema(Schema):
    """Why a group stands where it stands, recomputed."""

    board = fields.String(required=True)
    season = fields.Nested(SeasonSchema, required=True)
    measure = fields.String(required=True)
    formula = fields.String(required=True)
    line = fields.Nested(LineSchema, required=True)
    reckoning = fields.Nested(ReckoningSchema, required=True, allow_none=True)
    ahead = fields.Integer(required=True, metadata={"description": "groups with a higher score"})
    equal = fields.Integer(required=True, metadata={"description": "others with the same score"})
    groups = fields.Integer(required=True)
    sentences = fields.List(fields.String(), required=True)
    as_of = fields.String(required=True, metadata={"format": "date-time"})
