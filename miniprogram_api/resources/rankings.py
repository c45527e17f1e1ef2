"""Boards: the leaderboard of a month, and why a group stands where it stands."""

from collections.abc import Mapping
from typing import Any

from backend.errors import NotFoundError
from backend.rankings.labels import FORMULAS
from backend.rankings.policy import MIN_GROUP, Board, BoardMeasure
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import now
from backend.web.paging import encode_cursor
from miniprogram_api.flows.rankings import (
    leaderboard_of,
    line_body,
    line_sentences,
    own_group,
    places_after,
    reckoning_body,
    season_body,
)
from miniprogram_api.schemas.rankings import (
    BoardQuery,
    LineExplanationSchema,
    LineQuery,
    StandingsSchema,
)

blueprint = Blueprint("rankings", __name__, description="Leaderboard of groups, never of persons.")


@blueprint.route("/rankings", methods=["GET"])
@member_only
@blueprint.arguments(BoardQuery, location="query")
@blueprint.response(200, StandingsSchema)
def read_board(query: Mapping[str, Any]) -> dict[str, Any]:
    """Read a board, best first, with the caller's own group.

    Groups of fewer people than `minimum_headcount` are counted in `hidden` and not listed.
    """
    found = leaderboard_of(Board(query["board"]), query["season"], BoardMeasure(query["measure"]))
    own_id = own_group(actor(), found)
    places = places_after(found, query["cursor"])
    shown = places[: query["limit"]]
    last = shown[-1] if len(places) > len(shown) else None
    own = next((place for place in found.places if place.group.id == own_id), None)
    return {
        "board": found.board.value,
        "season": season_body(found),
        "measure": found.measure.value,
        "formula": FORMULAS[found.measure],
        "begun": found.begun,
        "groups": len(found.places),
        "hidden": found.hidden,
        "minimum_headcount": MIN_GROUP,
        "own": None if own is None else line_body(own, own_id),
        "as_of": now().isoformat(),
        "items": [line_body(place, own_id) for place in shown],
        "next_cursor": encode_cursor(last.score, last.group.id) if last else None,
    }


@blueprint.route("/rankings/<board>/<int:subject>/explanation", methods=["GET"])
@member_only
@blueprint.arguments(LineQuery, location="query")
@blueprint.response(200, LineExplanationSchema)
def explain_line(query: Mapping[str, Any], board: str, subject: int) -> dict[str, Any]:
    """Recompute one group's line of a board."""
    if board not in set(Board):
        raise NotFoundError(f"没有这个榜，请选择：{'、'.join(Board)}。")
    found = leaderboard_of(Board(board), query["season"], BoardMeasure(query["measure"]))
    place = next((place for place in found.places if place.group.id == subject), None)
    if place is None:
        raise NotFoundError(f"榜上没有这一组；不满 {MIN_GROUP} 人的不列出，请回到榜单查看。")
    scores = [other.score for other in found.places]
    return {
        "board": found.board.value,
        "season": season_body(found),
        "measure": found.measure.value,
        "formula": FORMULAS[found.measure],
        "line": line_body(place, own_group(actor(), found)),
        "reckoning": reckoning_body(found, place),
        "ahead": sum(score > place.score for score in scores),
        "equal": scores.count(place.score) - 1,
        "groups": len(scores),
        "sentences": line_sentences(found, place),
        "as_of": now().isoformat(),
    }
