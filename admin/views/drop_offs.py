"""Drop-offs at the points: the list that renews itself, and why each earned what it did."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_WRITERS, POINT_STAFF, from_htmx, may, reach, scope
from admin.forms.lists import DropOffsFilter, NewestFilter
from admin.forms.reading import filters
from admin.wording import Worded, worded
from backend.actions.queries import PlacedAction, Recorded, action_at_place, actions_at_places
from backend.actions.replaying import ReplayMismatchError, replay
from backend.places.queries import place_of
from backend.web.access import console_roles
from backend.web.context import backend
from backend.web.transaction import connection
from credit_rules import Assessment, UnknownMethodology

pages = Blueprint("drop_offs", __name__)

PAGE = 30
_MOST_NEW = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DropOffRow:
    """A line of the list: an action with its names, and in words."""

    placed: PlacedAction
    worded: Worded


def rows_of(placed: Sequence[PlacedAction]) -> list[DropOffRow]:
    """The lines of a list of actions."""
    return [DropOffRow(each, worded(each.action)) for each in placed]


@pages.get("/drop-offs")
@console_roles(*POINT_STAFF)
def listing() -> str:
    """The newest drop-offs, or those before a cursor; the part alone for the page's script."""
    db = connection()
    chosen = filters(DropOffsFilter)
    found = actions_at_places(
        db,
        reach=reach(),
        place_id=chosen["place"],
        on=chosen["on"],
        before_id=chosen["before"],
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    place = place_of(db, chosen["place"], scope=scope(POINT_STAFF)) if chosen["place"] else None
    template = (
        "drop_offs/_older.html" if from_htmx() and chosen["before"] else "drop_offs/list.html"
    )
    return render_template(
        template,
        rows=rows_of(shown),
        newest=shown[0].action.id if shown else 0,
        before=shown[-1].action.id if len(found) > PAGE else None,
        chosen=chosen,
        place=place,
    )


@pages.get("/drop-offs/newest")
@console_roles(*POINT_STAFF)
def newest() -> ResponseReturnValue:
    """What came in since the newest line of the list; nothing (204) most of the time."""
    chosen = filters(NewestFilter)
    found = actions_at_places(
        connection(),
        reach=reach(),
        place_id=chosen["place"],
        on=chosen["on"],
        after_id=chosen["after"],
        limit=_MOST_NEW,
    )
    if not found:
        return Response(status=204)
    return render_template(
        "drop_offs/_newer.html", rows=rows_of(found), newest=found[0].action.id, chosen=chosen
    )


@pages.get("/drop-offs/<int:action_id>")
@console_roles(*POINT_STAFF)
def detail(action_id: int) -> str:
    """One drop-off, recomputed: each step, each factor and its source."""
    placed = action_at_place(connection(), reach=reach(), action_id=action_id)
    assessment = _replayed(placed.action)
    return render_template(
        "drop_offs/detail.html",
        row=DropOffRow(placed, worded(placed.action)),
        sentences=assessment.trace.sentences() if assessment else (),
        factors=assessment.trace.to_json()["factors"] if assessment else (),
        replayed=assessment is not None,
        reviews=may(*PLACE_WRITERS),
    )


def _replayed(recorded: Recorded) -> Assessment | None:
    """The award computed again; None where the rulebook no longer leads to it."""
    try:
        return replay(backend().rulebook, recorded)
    except (ReplayMismatchError, UnknownMethodology) as error:
        _log.error("award_not_replayable", action_id=recorded.id, reason=str(error))
        return None
