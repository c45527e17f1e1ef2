"""The boards: how departments, institutions and districts stand this month."""

from flask import render_template, request

from backend.rankings.labels import BOARDS, FORMULAS, MEASURES
from backend.rankings.policy import MIN_GROUP, Board, BoardMeasure
from backend.web.access import actor, member_page
from backend.web.paging import encode_cursor
from miniprogram_api.flows.rankings import leaderboard_of, line_sentences, own_group, places_after
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("boards", __name__)

_PAGE = 50


@blueprint.get("/board")
@member_page
def show() -> str:
    """A board, with the member's own group highlighted and explained."""
    asked, by = request.args.get("board"), request.args.get("measure")
    board = Board(asked) if asked in set(Board) else Board.DEPARTMENTS
    measure = BoardMeasure(by) if by in set(BoardMeasure) else BoardMeasure.INDEX
    found = leaderboard_of(board, request.args.get("season"), measure)
    own_id = own_group(actor(), found)
    own = next((place for place in found.places if place.group.id == own_id), None)
    cursor = request.args.get("cursor")
    places = places_after(found, cursor)
    shown = places[:_PAGE]
    return render_template(
        "board.html",
        found=found,
        places=shown,
        own=own,
        own_id=own_id,
        why=[] if own is None else line_sentences(found, own),
        boards=BOARDS,
        measures=MEASURES,
        formula=FORMULAS[measure],
        minimum=MIN_GROUP,
        next_cursor=(
            encode_cursor(shown[-1].score, shown[-1].group.id) if len(places) > len(shown) else None
        ),
        total=BoardMeasure.TOTAL,
    )
