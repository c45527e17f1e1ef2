"""Awards under review: the list, and one award with what may be decided about it."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.reading import filters, submitted
from admin.forms.reviews import Review, ReviewNotice, ReviewVerdict
from admin.wording import worded
from backend.actions.models import ActionStatus, HoldOutcome
from backend.corrections import queries, reviews
from backend.corrections.queries import Reviewed
from backend.corrections.reviews import Decision
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.transaction import connection

pages = Blueprint("reviews", __name__)

_SHOWN = 100


@pages.get("/reviews")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """What waits for a decision in the caller's scope, the most urgent first."""
    return render_template(
        "reviews/list.html",
        held=queries.held_awards(connection(), scope=scope(PLACE_READERS), limit=_SHOWN),
        shown=_SHOWN,
        done=filters(ReviewNotice)["done"],
    )


@pages.get("/reviews/<int:action_id>")
@console_roles(*PLACE_READERS)
def detail(action_id: int) -> str:
    """One award, what it rests on, and what may be decided about it."""
    found = queries.reviewed(connection(), scope=scope(PLACE_READERS), action_id=action_id)
    return _page(found, "", {})


@pages.post("/reviews/<int:action_id>")
@console_roles(*PLACE_WRITERS)
def decide(action_id: int) -> ResponseReturnValue:
    """Posts, voids or takes back, or shows what the form lacks."""
    found = queries.reviewed(connection(), scope=scope(PLACE_WRITERS), action_id=action_id)
    sent = submitted(Review)
    if sent.errors:
        return _page(found, "", sent.errors), 422
    verdict: ReviewVerdict = sent.values["verdict"]
    decision = Decision(
        action_id=action_id,
        scope=scope(PLACE_WRITERS),
        actor_id=actor().member_id,
        reason=sent.values["reason"],
        at=now(),
    )
    if verdict is ReviewVerdict.REVERSED:
        reviews.reverse(connection(), backend().rulebook, decision)
    else:
        outcome = HoldOutcome(verdict.value)
        reviews.resolve(connection(), backend().rulebook, decision, outcome=outcome)
    return redirect(url_for("reviews.listing", done=verdict.value), 303)


def _page(found: Reviewed, reason: str, errors: Mapping[str, str]) -> str:
    mine = found.action.member_id == actor().member_id
    return render_template(
        "reviews/detail.html",
        found=found,
        worded=worded(found.action),
        held=found.action.status is ActionStatus.HELD,
        decides=may(*PLACE_WRITERS) and not mine,
        mine=mine,
        reason=reason,
        errors=errors,
    )
