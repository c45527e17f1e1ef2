"""The personal footprint: what is asked, what is answered, what comes out."""

from marshmallow import Schema, fields, validate

from backend.web.fields import StrictBoolean, StrictString
from backend.web.schemas import StrictSchema
from miniprogram_api.schemas.actions import NamedTexts

_MOST_ANSWERS = 60


class FootprintAnswersRequest(StrictSchema):
    """Answers to the questionnaire; what is left out is assumed and marked as such."""

    answers = NamedTexts(
        keys=StrictString(max_length=64),
        values=StrictString(max_length=40),
        required=True,
        validate=validate.Length(max=_MOST_ANSWERS),
        metadata={
            "description": "by name of the question, as text",
            "example": {"car_km": "100", "car_type": "hybrid"},
        },
    )
    region = StrictString(
        max_length=20,
        load_default=None,
        allow_none=True,
        metadata={"description": "whose electricity is meant; the questionnaire's own if left out"},
    )
    radiative_forcing = StrictBoolean(
        load_default=False, metadata={"description": "flights count their non-CO2 effects"}
    )
    counted = StrictBoolean(
        load_default=False,
        metadata={"description": "count the total, without a name, in the institution's median"},
    )


class KeptAnswersSchema(Schema):
    """What the caller answered."""

    answers = NamedTexts(keys=fields.String(), values=fields.String(), required=True)
    region = fields.String(required=True)
    radiative_forcing = fields.Boolean(required=True)
    counted = fields.Boolean(required=True)
    answered_at = fields.AwareDateTime(required=True)


class MedianSchema(Schema):
    """The footprint of the answers beside the median of the institution; no rank."""

    people = fields.Integer(required=True, metadata={"description": "five or more"})
    median_kg = fields.String(
        required=True, metadata={"description": "kg of CO2e, two significant figures"}
    )
    relation = fields.String(required=True, metadata={"description": "below, near or above"})
    sentence = fields.String(required=True)


class FootprintAnswer(Schema):
    """The caller's own footprint of twelve months: a range, never a rank."""

    after = fields.Date(required=True, metadata={"description": "the day before the months"})
    until = fields.Date(required=True)
    answered = fields.Nested(KeptAnswersSchema, required=True, allow_none=True)
    estimate = fields.Dict(
        required=True,
        metadata={
            "description": "tanpuhui.footprint.v1: total and categories as low, middle and high kg,"
            " every line with its answer, factor and source, and what was assumed"
        },
    )
    sentences = fields.List(fields.String(), required=True)
    comparison = fields.Nested(
        MedianSchema,
        required=True,
        allow_none=True,
        metadata={"description": "null below five people, without answers or an institution"},
    )


class QuestionnaireAnswer(Schema):
    """The questionnaire in force."""

    questionnaire = fields.Dict(
        required=True,
        metadata={"description": "questions with unit, bounds, choices and what is assumed"},
    )
