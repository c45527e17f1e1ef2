"""A board with the member's own group, as pages and JSON tell it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError
from backend.people.queries import Actor
from backend.rankings.policy import Board, BoardMeasure, season_named, season_of
from backend.rankings.queries import group_of_member
from backend.rankings.reasons import Reckoning, reckoning_of
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
    present = season_of(business_day(now()))
    chosen = present if season is None else season_named(season)
    if chosen.first > present.last:
        sentence = f"{chosen.name} 还没有开始，请选择 {present.name} 或更早的月份。"
        raise InvalidInputError(sentence, fields=[FieldError("season", "out_of_range", sentence)])
    return leaderboard(
        connection(),
        backend().redis,
        board=board,
        season=chosen,
        measure=measure,
    )


def own_group(member: Actor, found: Leaderboard) -> int | None:
    """The id of the group of a board with which a member is counted in its season, if any."""
    return group_of_member(
        connection(), board=found.board, season=found.season, member_id=member.member_id
    )


def line_sentences(found: Leaderboard, place: BoardPlace) -> list[str]:
    """Why a group stands where it stands, in Chinese, with the numbers put in."""
    group, points = place.group, _points(place.group.points_mpt)
    season = found.season
    days = f"{season.first} 至 {season.last}"
    said = [
        f"“{group.name}”花名册上有 {group.headcount} 人，{group.active} 人有计入排名的记录。",
        f"在 {days} 有 {group.actions} 条计入排名的记录，共 {points} 分。",
    ]
    if found.measure is BoardMeasure.INDEX:
        reckoning = reckoning_of(connection(), found, place)
        said += [] if reckoning is None else reckoning.sentences()
    if found.measure is BoardMeasure.PER_HEAD:
        said.append(
            f"{points} 分 ÷ {group.headcount} 人 ＝ 人均 {_points(place.score)} 分"
            "（不足千分之一分的舍去）。"
        )
    ahead = sum(other.score > place.score for other in found.places)
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
        "active": group.active,
        "joined": group.joined,
        "index": _text(group.index),
        "low80": _text(group.low80),
        "high80": _text(group.high80),
        "band": group.band,
        "own": group.id == own_id,
    }


def season_body(found: Leaderboard) -> dict[str, Any]:
    """The season of a board, and how far its result stands."""
    record = found.record
    return {
        "name": found.season.name,
        "first": found.season.first.isoformat(),
        "last": found.season.last.isoformat(),
        "provisional": found.gauge is not None and found.gauge.taken_from == found.season.name,
        "closed_at": None if record is None else _moment(record.closed_at),
        "restated_at": None if record is None else _moment(record.restated_at),
    }


def reckoning_body(found: Leaderboard, place: BoardPlace) -> dict[str, Any] | None:
    """The numbers of an index, with which anybody can recompute it."""
    reckoning: Reckoning | None = reckoning_of(connection(), found, place)
    if reckoning is None:
        return None
    return {
        "people": reckoning.people,
        "active": reckoning.active,
        "capped": reckoning.capped,
        **reckoning.figures(),
        "taken_from": reckoning.taken_from,
        "if_more_took_part": None
        if reckoning.if_more is None
        else {"more": reckoning.more, "index": _text(reckoning.if_more)},
    }


def _moment(instant: datetime | None) -> str | None:
    return None if instant is None else instant.isoformat()


def _text(figure: Decimal | None) -> str | None:
    return None if figure is None else f"{figure:f}"


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
        place for place in found.places if (-place.score, place.group.id) > (-score, group_id)
    )


def _points(mpt: int) -> str:
    return f"{mpt // 1000}.{mpt % 1000:03d}".rstrip("0").rstrip(".")
