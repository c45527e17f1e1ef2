"""Drop-offs at the points: the list that renews itself, and why each earned what it did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_WRITERS, POINT_STAFF, from_htmx, may, reach, scope
from admin.forms.lists import DropOffsFilter, NewestFilter
from admin.forms.reading import filters
from backend.actions.queries import PlacedAction, Recorded, action_at_place, actions_at_places
from backend.actions.replaying import ReplayMismatchError, replay
from backend.places.queries import place_of
from backend.web.access import console_roles
from backend.web.context import backend
from backend.web.transaction import connection
from credit_rules import Assessment, InputSpec, UnknownMethodology

pages = Blueprint("drop_offs", __name__)

PAGE = 30
_MOST_NEW = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: an action and what its facts are called.

    Attributes:
        placed: the action with its names.
        facts: label and value of each input, as the methodology words them.
        tier: the tier of evidence in words.
        title: the methodology's title.
    """

    placed: PlacedAction
    facts: tuple[tuple[str, str], ...]
    tier: str
    title: str


def rows_of(placed: Sequence[PlacedAction]) -> list[Row]:
    """The lines of a list of actions."""
    return [_row(each) for each in placed]


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
        row=_row(placed),
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


def _row(placed: PlacedAction) -> Row:
    action = placed.action
    try:
        methodology = backend().rulebook.version(action.methodology_id, action.methodology_version)
    except UnknownMethodology:
        facts = tuple((name, str(value)) for name, value in action.facts.items())
        return Row(placed, facts, action.tier, action.kind)
    tiers = {tier.name: tier.label for tier in methodology.evidence.table.tiers}
    return Row(
        placed,
        tuple(_fact(spec, action.facts) for spec in methodology.inputs.values()),
        f"{action.tier} {tiers.get(action.tier, '')}",
        methodology.title,
    )


def _fact(spec: InputSpec, facts: Mapping[str, Any]) -> tuple[str, str]:
    value = str(facts.get(spec.name, "—"))
    if spec.unit is not None:
        return spec.label, f"{value} {spec.unit.label}"
    return spec.label, {choice.value: choice.label for choice in spec.choices}.get(value, value)
