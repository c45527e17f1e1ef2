"""What surrounds every page: who is logged in, the size of letters, refusals as pages."""

from typing import Any, Final

import flask
from flask import redirect, render_template, request, url_for
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from backend.errors import DomainError, FieldError, InvalidInputError, UnauthenticatedError
from backend.web import problems
from backend.web.access import optional_actor, public
from backend.web.context import request_id
from backend.web.cookies import keep
from backend.web.fields import Reference
from backend.web.next_path import local_path
from miniprogram_api.pages import wording

TEXT_SIZES: Final = {"normal": "标准", "large": "大", "largest": "特大"}
_TEXT_COOKIE: Final = "tanpuhui_text"
_YEAR_SECONDS: Final = 31_536_000
_AFTER_POSTER: Final = "/drop-offs"
_REFERENCE: Final = Reference()


def page_blueprint(name: str, import_name: str) -> flask.Blueprint:
    """A blueprint whose refusals are pages and whose templates know their surroundings.

    Args:
        name: of the blueprint.
        import_name: the module's `__name__`.
    """
    pages = flask.Blueprint(name, import_name)
    pages.register_error_handler(UnauthenticatedError, ask_to_log_in)
    pages.register_error_handler(DomainError, tell)
    pages.context_processor(_surroundings)
    return pages


def form_reference() -> str:
    """The reference that a form was rendered with, spelt as the API would take it.

    Raises:
        InvalidInputError: it is none; nothing may be ordered under it.
    """
    try:
        reference: str = _REFERENCE.deserialize(request.form.get("reference", ""))
    except ValidationError as error:
        sentence = "这一页已经失效，请刷新页面后重新提交。"
        fault = FieldError("reference", "format", sentence)
        raise InvalidInputError(sentence, fields=[fault]) from error
    return reference


def here() -> str:
    """The path of the page that is looked at; a form's page where a form was posted."""
    path = request.full_path.rstrip("?")
    return path if request.method == "GET" else path.replace(_AFTER_POSTER, "", 1)


def ask_to_log_in(error: UnauthenticatedError) -> tuple[str, int]:
    """The login page in place of one that needs a login; it leads back here."""
    next_path = here() if request.endpoint and not request.endpoint.startswith("login.") else ""
    page = render_template("login.html", next_path=next_path, sentence=error.message)
    return page, problems.status_of(error)


def tell(error: DomainError) -> Response:
    """A refusal as a page: the sentence, and what to do next."""
    problem = problems.of_domain(error)
    page = render_template("refusal.html", problem=problem, request_id=request_id())
    return flask.Response(page, status=problem.status, headers=dict(problem.headers))


def _surroundings() -> dict[str, Any]:
    return {
        "member": optional_actor(),
        "here": here(),
        "text_sizes": TEXT_SIZES,
        "text_size": _text_size(),
        "points": wording.points_text,
        "carbon": wording.carbon_text,
        "signed": wording.signed_text,
        "moment": wording.moment_text,
        "dated_moment": wording.dated_moment_text,
        "day": wording.day_text,
        "month": wording.month_text,
    }


def _text_size() -> str:
    chosen = request.cookies.get(_TEXT_COOKIE, "")
    return chosen if chosen in TEXT_SIZES else "normal"


blueprint = page_blueprint("frame", __name__)


@blueprint.post("/text-size")
@public
def choose_text_size() -> Response:
    """Keeps the chosen size of letters for a year."""
    answer = redirect(local_path(request.form.get("next"), url_for("home.welcome")), 303)
    size = request.form.get("size", "")
    if size in TEXT_SIZES:
        keep(answer, _TEXT_COOKIE, size, seconds=_YEAR_SECONDS)
    return answer
