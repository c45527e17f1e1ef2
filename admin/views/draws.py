"""Prize draws: the list, the form that announces one, one draw with its winners."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.reading import Submission, by_field, filters, submitted, typed
from admin.forms.rewards import Done, NewDraw
from admin.views.rewards import writable_institutions
from backend.donations.policy import SMALLEST_GIFT
from backend.draws import service as draws
from backend.draws.models import DrawState
from backend.draws.queries import DrawDraft, draw_of, draws_in, winning_members
from backend.errors import InvalidInputError, field_errors
from backend.people.access import institution_in_scope
from backend.people.queries import display_names
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("draws", __name__)

_THOUSANDTHS = 1_000
_BLANK: Mapping[str, str] = {
    "institution_id": "",
    "name": "",
    "description": "",
    "prize": "",
    "cash_value": "",
    "audience": "city",
    "winners": "1",
    "unit": "mpt",
    "threshold": "",
    "counts_from": "",
    "counts_until": "",
    "closes_at": "",
    "draws_at": "",
}


@pages.get("/draws")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The draws of the institutions in the caller's scope."""
    return render_template(
        "draws/list.html",
        draws=draws_in(connection(), scope=scope(PLACE_READERS)),
        writes=may(*PLACE_WRITERS),
    )


@pages.get("/draws/<int:draw_id>")
@console_roles(*PLACE_READERS)
def detail(draw_id: int) -> str:
    """One draw; after it, who won."""
    draw = draw_of(connection(), draw_id, scope=scope(PLACE_READERS))
    won = winning_members(connection(), draw) if draw.state is DrawState.DRAWN else []
    names = display_names(connection(), member_ids={member for _, member in won})
    return render_template(
        "draws/detail.html",
        draw=draw,
        winners=[(ticket, names.get(member, "已注销")) for ticket, member in won],
        public=f"{backend().settings.public_url}/draws/{draw_id}",
        done=filters(Done)["done"],
    )


@pages.get("/draws/new")
@console_roles(*PLACE_WRITERS)
def new() -> str:
    """The form of a new draw."""
    return _form(_BLANK, {})


@pages.post("/draws/new")
@console_roles(*PLACE_WRITERS)
@creates
def announce() -> ResponseReturnValue:
    """Announces the draw with the promise of its seed, or shows what is wrong."""
    sent = submitted(NewDraw)
    if not sent.errors:
        institution = institution_in_scope(
            connection(), actor(), sent.values["institution_id"], roles=PLACE_WRITERS
        )
        try:
            draw_id = draws.announce(
                connection(),
                backend().keys,
                _draft(sent.values),
                institution_id=institution.id,
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("draws.detail", draw_id=draw_id, done="announced"), 303)
    return _form(typed(_BLANK), sent.errors), 422


def _draft(values: Mapping[str, Any]) -> DrawDraft:
    if values["unit"] not in SMALLEST_GIFT:
        sentence = "请从列出的选项中选择。"
        raise InvalidInputError(sentence, fields=field_errors({"unit": sentence}))
    said = {
        name: value
        for name, value in values.items()
        if name not in {"institution_id", "cash_value", "threshold"}
    }
    return DrawDraft(
        **said,
        cash_value=bool(values["cash_value"]),
        threshold=values["threshold"] * _THOUSANDTHS,
    )


def _form(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "draws/form.html", values=values, errors=errors, institutions=writable_institutions()
    )
