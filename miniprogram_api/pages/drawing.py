"""Prize draws on the phone: enter one; anybody can look at one and recheck it."""

import json
from typing import Any, Final

from flask import Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from backend.draws import recheck
from backend.draws import service as draws
from backend.draws.labels import DRAW_STATES
from backend.draws.models import DrawState
from backend.draws.queries import (
    DrawEligibility,
    DrawView,
    draw_of,
    draws_for,
    eligibility_of,
    published,
    tickets_of,
    winners_of,
)
from backend.errors import DomainError, NotFoundError
from backend.offers.policy import Person, is_for
from backend.offers.queries import terms_of
from backend.web import problems, transaction
from backend.web.access import member_page, optional_actor, public
from backend.web.context import now
from backend.web.transaction import connection
from miniprogram_api.flows.rewards import person
from miniprogram_api.pages import wording
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("drawing", __name__)

_SHOWN_TICKETS: Final = 200


@blueprint.get("/draws")
@member_page
def listing() -> str:
    """The latest draws that are for the member."""
    found = draws_for(connection(), person())
    return render_template("draws.html", draws=found, states=DRAW_STATES)


@blueprint.get("/draws/<int:draw_id>")
@public
def draw(draw_id: int) -> str:
    """One draw: what is promised, what is published, who won; with a login, the way in."""
    return _page(draw_of(connection(), draw_id), None)


@blueprint.post("/draws/<int:draw_id>")
@member_page
def enter(draw_id: int) -> ResponseReturnValue:
    """Enters the member; a refusal is told on the page of the draw."""
    try:
        draws.enter(connection(), person(), draw_id, now=now())
    except NotFoundError:
        raise
    except DomainError as error:
        transaction.roll_back()
        found = draw_of(connection(), draw_id)
        return _page(found, error), problems.status_of(error)
    return redirect(url_for("drawing.draw", draw_id=draw_id), 303)


@blueprint.get("/draws/<int:draw_id>/draw.json")
@public
def document(draw_id: int) -> Response:
    """What the recheck works with: commitment, tickets, seed, winners, as far as published."""
    found = draw_of(connection(), draw_id)
    checked = published(found, tickets_of(connection(), draw_id))
    text = json.dumps(checked, ensure_ascii=False, indent=1)
    return _download(text, "application/json", f"draw-{draw_id}.json")


@blueprint.get("/draws/recheck.py")
@public
def script() -> Response:
    """The script that rechecks a draw offline with nothing but Python."""
    return _download(recheck.source(), "text/x-python; charset=utf-8", "recheck.py")


def _download(text: str, mimetype: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(text, mimetype=mimetype, headers={"Content-Disposition": disposition})


def _page(found: DrawView, error: DomainError | None) -> str:
    tickets = tickets_of(connection(), found.id)
    member = optional_actor()
    eligibility: DrawEligibility | None = None
    if member is not None and _may_enter(found, Person(member.member_id, member.institution_id)):
        eligibility = eligibility_of(connection(), found, member_id=member.member_id)
    winners = winners_of(found, tickets)
    return render_template(
        "draw.html",
        draw=found,
        state=DRAW_STATES[found.state],
        amount=_amount(found),
        tickets=tickets[:_SHOWN_TICKETS] if found.state is not DrawState.OPEN else [],
        winners=winners,
        eligibility=eligibility,
        won=eligibility is not None and eligibility.ticket in winners,
        takes_entries=found.state is DrawState.OPEN and now() < found.closes_at,
        fault=None if error is None else error.message,
    )


def _may_enter(found: DrawView, asks: Person) -> bool:
    terms = terms_of(
        connection(),
        asks,
        institution_id=found.institution_id,
        audience=found.audience,
        cash_value=found.cash_value,
    )
    return is_for(terms, asks)


def _amount(found: DrawView) -> Any:
    """Writes amounts of the draw's unit: points, or grams and kilograms."""
    if found.unit == "mpt":
        return lambda amount: f"{wording.points_text(amount)} 分"
    return wording.carbon_text
