"""我的碳足迹: the range by category with its sources, and the questionnaire as a form."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.clock import business_day
from backend.errors import DomainError
from backend.footprint import service
from backend.footprint.queries import answers_of
from backend.footprint.service import Footprint, Reply, questionnaire_on
from backend.web import problems, transaction
from backend.web.access import actor, member_page
from backend.web.context import backend, now
from backend.web.transaction import connection
from credit_rules.footprint import (
    Questionnaire,
    rounded_range,
    sentences,
    to_json,
    two_figures,
)
from credit_rules.footprint.comparison import FEWEST_PEOPLE
from miniprogram_api.flows.footprint import keep_answers, own_footprint
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("own_footprint", __name__)

_LONGEST: Final = 40
_PREFIX: Final = "answer-"


@blueprint.get("/me/footprint")
@member_page
def show() -> str:
    """The member's own footprint of twelve months."""
    found = own_footprint()
    trace: Any = to_json(found.estimate)
    return render_template(
        "footprint.html",
        found=found,
        total=[two_figures(end) for end in found.estimate.total],
        categories=_categories(found),
        comparison=found.comparison,
        fewest=FEWEST_PEOPLE,
        in_institution=actor().institution_id is not None,
        answered=len(found.estimate.held) - len(found.estimate.assumed),
        questions=len(found.estimate.held),
        sentences=sentences(found.estimate),
        sources=_sources(trace["sources"]),
        notes=trace["notes"],
    )


@blueprint.get("/me/footprint/answers")
@member_page
def ask() -> str:
    """The questionnaire with the answers given before."""
    kept = answers_of(connection(), actor().member_id)
    typed = {} if kept is None else dict(kept.answers)
    chosen = {
        "counted": kept is not None and kept.counted,
        "radiative_forcing": kept is not None and kept.radiative_forcing,
    }
    return _form(typed, chosen)


@blueprint.post("/me/footprint/answers")
@member_page
def answer() -> Response | tuple[str, int]:
    """Keeps the answers and leads to the footprint; what is refused is told beside its field."""
    typed = {
        name: text
        for name in _questionnaire().questions
        if (text := request.form.get(_PREFIX + name, "").strip()[:_LONGEST])
    }
    chosen = {name: name in request.form for name in ("counted", "radiative_forcing")}
    try:
        keep_answers(
            Reply(
                typed,
                counted=chosen["counted"],
                radiative_forcing=chosen["radiative_forcing"],
            )
        )
    except DomainError as error:
        transaction.roll_back()
        return _form(typed, chosen, error), problems.status_of(error)
    return redirect(url_for("own_footprint.show"), 303)


@blueprint.post("/me/footprint/answers/withdrawal")
@member_page
def withdraw() -> Response:
    """Forgets the answers."""
    service.withdraw(connection(), member_id=actor().member_id)
    return redirect(url_for("own_footprint.show"), 303)


def _questionnaire() -> Questionnaire:
    return questionnaire_on(backend().questionnaires, business_day(now()))


def _form(
    typed: Mapping[str, str], chosen: Mapping[str, bool], error: DomainError | None = None
) -> str:
    questionnaire = _questionnaire()
    questions = list(questionnaire.questions.values())
    order = list(questionnaire.categories)
    questions.sort(key=lambda question: order.index(question.category))
    faults: dict[str, list[str]] = {}
    for fault in error.fields if error is not None else ():
        name = fault.field.removeprefix("answers.")
        faults.setdefault(_PREFIX + name, []).append(fault.message)
    return render_template(
        "footprint_answers.html",
        summary=questionnaire.summary,
        groups=[
            (questionnaire.categories[category], list(asked))
            for category, asked in groupby(questions, key=lambda question: question.category)
        ],
        typed=typed,
        chosen=chosen,
        faults=faults,
        fewest=FEWEST_PEOPLE,
        forcing=questionnaire.forcing.text,
    )


def _categories(found: Footprint) -> list[dict[str, Any]]:
    """A line a category: its range, its share of the middle total, what was logged in it."""
    estimate = found.estimate
    return [
        {
            "label": estimate.questionnaire.categories[category.name],
            "range": rounded_range(category.mg).removeprefix("约 "),
            "percent": category.mg.mid * 100 // max(1, estimate.total.mid),
            "logged_mg": category.logged_mg,
        }
        for category in estimate.categories
    ]


def _sources(rows: list[dict[str, Any]]) -> list[str]:
    """The sources, each document once, Chinese ones first."""
    titles = {row["source"]: row["origin"] for row in rows}
    return [f"{title}（{origin}）" for title, origin in sorted(titles.items(), key=lambda x: x[1])]
