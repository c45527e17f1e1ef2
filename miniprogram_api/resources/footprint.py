"""The caller's own footprint: questionnaire, answers, estimate, comparison. Nobody else's."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from backend.clock import business_day
from backend.footprint import service
from backend.footprint.service import Footprint, Reply, questionnaire_on
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.schemas import StrictSchema
from backend.web.transaction import connection
from credit_rules.footprint import describe_questionnaire, sentences, to_json
from miniprogram_api.flows.footprint import keep_answers, own_footprint
from miniprogram_api.schemas.footprint import (
    FootprintAnswer,
    FootprintAnswersRequest,
    QuestionnaireAnswer,
)

blueprint = Blueprint("footprint", __name__, description="The caller's own annual footprint.")


@blueprint.route("/me/footprint", methods=["GET"])
@member_only
@blueprint.arguments(StrictSchema, location="query")
@blueprint.response(200, FootprintAnswer)
def read_footprint(_no_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Estimate the caller's footprint from their answers and what they logged in twelve months."""
    return _body(own_footprint())


@blueprint.route("/me/footprint/questionnaire", methods=["GET"])
@member_only
@blueprint.response(200, QuestionnaireAnswer)
def read_questionnaire() -> dict[str, Any]:
    """Read the questions, and what leaving one out means."""
    questionnaire = questionnaire_on(backend().questionnaires, business_day(now()))
    return {"questionnaire": describe_questionnaire(questionnaire)}


@blueprint.route("/me/footprint/answers", methods=["PUT"])
@member_only
@blueprint.arguments(FootprintAnswersRequest)
@blueprint.response(200, FootprintAnswer)
def answer(values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the caller's answers in place of those before, and estimate."""
    keep_answers(Reply(**values))
    return _body(own_footprint())


@blueprint.route("/me/footprint/answers", methods=["DELETE"])
@member_only
@blueprint.response(204)
def withdraw() -> None:
    """Forget the caller's answers."""
    service.withdraw(connection(), member_id=actor().member_id)


def _body(found: Footprint) -> dict[str, Any]:
    return {
        "after": found.after,
        "until": found.until,
        "answered": None if found.answered is None else asdict(found.answered),
        "estimate": to_json(found.estimate),
        "sentences": list(sentences(found.estimate)),
        "comparison": None if found.comparison is None else asdict(found.comparison),
    }
