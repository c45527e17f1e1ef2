"""A board with the member's own group, as pages and JSON tell it."""

from typing import Any

from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError
from backend.organisations.queries import institution
from backend.people.queries import Actor
from backend.rankings.policy import Board, BoardMeasure, season_named, season_of
from backend.rankings.service import BoardPlace, Leaderboard, leaderboard
from backend.web.context import backend, now
from backend.web.paging import decode_cursor
from backend.web.transaction import connection


def leaderboard_of(board: Board, season: str | None, measure: BoardMeasure) -> Leaderboard:
    """A whole board as it stands now.

    Args:
        board: what is ranked.
        season: a month such as `2026-11`; None for the present one.
        measure: by what.

    Raises:
        InvalidInputError: the season is none, or has not begun.
    """
    with_backend, instant = backend(), now()
    present = season_of(business_day(instant))
    chosen = present if season is None else season_named(season)
    if chosen.first > present.last:
        sentence = f"{chosen.name} 还没有开始，请选择 {present.name} 或更早的月份。"
        raise InvalidInputError(sentence, fields=[FieldError("season", "out_of_range", sentence)])
    return leaderboard(
        connection(),
        with_backend.redis,
        board=board,
        season=chosen,
        measure=measure,
        now=instant,
    )


def own_group(member: Actor, board: Board) -> int | None:
    """The id of the group of a board that a member belongs to today, if any."""
    if board is Board.DEPARTMENTS:
        return member.department_id
    if board is Board.INSTITUTIONS or member.institution_id is None:
        return member.institution_id
    return institution(connection(), institution_id=member.institution_id).district_id


def line_sentences(found: Leaderboard, place: BoardPlace) -> list[str]:
    """Why a group stands where it stands, in Chinese, with the numbers put in."""
    group, points = place.group, _points(place.group.points_mpt)
    season = found.season
    days = f"{season.first} 至 {season.last}"
    said = [f"“{group.name}”在 {days} 有 {group.actions} 条计入排名的记录，共 {points} 分。"]
    if found.measure is BoardMeasure.PER_HEAD:
        said.append(
            f"{points} 分 ÷ {group.headcount} 人 ＝ 人均 {_points(place.score_mpt)} 分"
            "（不足千分之一分的舍去）。"
        )
    ahead = sum(other.score_mpt > place.score_mpt for other in found.places)
    tied = "，与其他组并列" if place.tied else ""
    said.append(f"有 {ahead} 组高于它，因此排第 {place.rank} 名{tied}。")
    return said


def line_body(place: BoardPlace, own_id: int | None) -> dict[str, Any]:
    """One group of a board."""
    group = place.group
    return {
        "subject": group.id,
        "name": group.name,
        "rank": place.rank,
        "tied": place.tied,
        "headcount": group.headcount,
        "points_mpt": group.points_mpt,
        "points_per_head_mpt": group.points_mpt // group.headcount,
        "reduction_mg": group.reduction_mg,
        "actions": group.actions,
        "own": group.id == own_id,
    }


def places_after(found: Leaderboard, cursor: str | None) -> tuple[BoardPlace, ...]:
    """The places after a position; scores may have moved since it was given.

    Args:
        found: the whole board.
        cursor: as the client sent it; None for the beginning.

    Raises:
        CursorError: it is none of this list.
    """
    if cursor is None:
        return found.places
    score, group_id = decode_cursor(cursor, int, int)
    return tuple(
        place for place in found.places if (-place.score_mpt, place.group.id) > (-score, group_id)
    )


def _points(mpt: int) -> str:
    return f"{mpt // 1000}.{mpt % 1000:03d}".rstrip("0").rstrip(".")
