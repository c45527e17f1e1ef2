"""The boards: who stands where, by which formula, as of when."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from admin.auth import RANKING_READERS, from_htmx, scope
from admin.forms.lists import LineFilter, RankingFilter
from admin.forms.reading import filters
from backend.clock import business_day
from backend.errors import FieldError, ForbiddenError, InvalidInputError, NotFoundError
from backend.organisations.queries import institutions_around
from backend.rankings.policy import Board, BoardMeasure, Season, season_named, season_of
from backend.rankings.queries import groups_within, opened_seasons
from backend.rankings.reasons import reckoning_of
from backend.rankings.service import BoardPlace, Leaderboard, leaderboard
from backend.web.access import console_roles
from backend.web.context import backend, now
from backend.web.transaction import connection

pages = Blueprint("rankings", __name__)

PAGE = 50
_BAR_WIDTH = 100


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A line of the table with the length of its bar, in hundredths of the longest."""

    place: BoardPlace
    bar: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    """The part of a board that is shown.

    Attributes:
        lines: the lines of this page.
        found: how many lines there are on all pages.
        number: the page, from 1.
        pages: how many pages.
        digest: tells this content from another.
    """

    lines: tuple[BoardLine, ...]
    found: int
    number: int
    pages: int
    digest: str


@pages.get("/rankings")
@console_roles(*RANKING_READERS)
def board() -> ResponseReturnValue:
    """A board; for the page's script its table alone, and nothing while it has not changed."""
    chosen = filters(RankingFilter)
    season = _season(chosen["season"])
    within = scope(RANKING_READERS)
    around = None if within.everything else institutions_around(connection(), within)
    boards = _boards(around)
    if chosen["board"] not in boards:
        raise ForbiddenError("您只能查看本单位范围内的排行，请选择部门排行。")
    found = leaderboard(
        connection(),
        backend().redis,
        board=chosen["board"],
        season=season,
        measure=chosen["measure"],
        within=_within(chosen["board"], around),
    )
    page = _page(found, chosen)
    if from_htmx() and chosen["seen"] == page.digest:
        return Response(status=204)
    return render_template(
        "rankings/_table.html" if from_htmx() else "rankings/board.html",
        leaderboard=found,
        page=page,
        chosen=chosen,
        season=season,
        seasons=_seasons(),
        boards=boards,
        whole_city=around is None,
        at=now(),
    )


@pages.get("/rankings/why")
@console_roles(*RANKING_READERS)
def why() -> str:
    """Why a group has its index: every number of the formula, and what would move it."""
    chosen = filters(LineFilter)
    board, subject = chosen["board"], chosen["subject"]
    within = scope(RANKING_READERS)
    around = None if within.everything else institutions_around(connection(), within)
    if board not in _boards(around):
        raise NotFoundError("您的范围内没有这个榜，请回到排行选择。")
    found = leaderboard(
        connection(),
        backend().redis,
        board=board,
        season=_season(chosen["season"]),
        measure=BoardMeasure.INDEX,
        within=_within(board, around),
    )
    place = next((place for place in found.places if place.group.id == subject), None)
    reckoning = None if place is None else reckoning_of(connection(), found, place)
    if place is None or reckoning is None:
        raise NotFoundError("榜上没有这一组；不足 5 人的不单列，请回到排行查看。")
    return render_template(
        "rankings/why.html", found=found, place=place, reckoning=reckoning, at=now()
    )


def _season(name: str) -> Season:
    """The season asked for, or the running one.

    Raises:
        InvalidInputError: it is none, or has not begun.
    """
    present = season_of(business_day(now()))
    season = season_named(name) if name else present
    if season.first > present.first:
        sentence = f"{season.name} 还没有开始，请选择 {present.name} 或更早的月份。"
        raise InvalidInputError(sentence, fields=[FieldError("season", "out_of_range", sentence)])
    return season


def _seasons() -> list[str]:
    """The months that can be chosen: the running one, then those with a board."""
    present = season_of(business_day(now())).name
    opened = [season.name for season in reversed(opened_seasons(connection()))]
    return [present, *(name for name in opened if name < present)]


def _boards(around: Collection[int] | None) -> list[Board]:
    """The boards that mean something to the caller: one's own unit alone is no ranking."""
    if around is None:
        return list(Board)
    return [Board.DEPARTMENTS, Board.INSTITUTIONS] if len(around) > 1 else [Board.DEPARTMENTS]


def _within(board: Board, around: Collection[int] | None) -> Collection[int] | None:
    if around is None:
        return None
    return groups_within(connection(), board=board, institution_ids=around)


def _page(found: Leaderboard, chosen: dict[str, Any]) -> BoardPage:
    """The lines that match the search; ranks stay those of the whole board."""
    wanted = chosen["q"].casefold()
    places = [place for place in found.places if wanted in place.group.name.casefold()]
    pages_ = max(1, -(-len(places) // PAGE))
    number = min(chosen["page"], pages_)
    shown = places[(number - 1) * PAGE : number * PAGE]
    return BoardPage(
        _lines(shown, longest=max((place.score for place in found.places), default=0)),
        len(places),
        number,
        pages_,
        hashlib.sha256(repr((shown, found.hidden, found.begun, pages_)).encode()).hexdigest()[:32],
    )


def _lines(places: Sequence[BoardPlace], *, longest: int) -> tuple[BoardLine, ...]:
    return tuple(
        BoardLine(place, place.score * _BAR_WIDTH // longest if longest else 0) for place in places
    )
