"""Boards: written to Redis from the roll-ups, read from Redis or, without it, from PostgreSQL."""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

import structlog
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import Connection

from backend.rankings import queries
from backend.rankings.policy import MIN_GROUP, Board, BoardMeasure, Season, has_begun
from backend.rankings.queries import Group, SeasonRecord, StoredMeasure

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BoardPlace:
    """One line of a board. Equal scores share a rank; `tied` says so.

    The score is the index in units of 1e-10, or points in milli-points, as the measure says.
    """

    rank: int
    tied: bool
    group: Group
    score: int


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A board: who is ranked, and how many groups are too small to be shown.

    Attributes:
        board: what is ranked.
        season: when.
        measure: by what.
        places: best first; equal scores by id; none before the board has begun.
        begun: whether enough groups have a ranked action for it to say anything.
        record: the season as it was opened; None where it was not.
        gauge: what the index is measured by; None where there is nothing to measure.
        hidden: groups of fewer than `policy.MIN_GROUP` people, which are not shown.
    """

    board: Board
    season: Season
    measure: BoardMeasure
    places: tuple[BoardPlace, ...]
    hidden: int
    begun: bool
    record: SeasonRecord | None
    gauge: StoredMeasure | None


_PREFIX = "tanpuhui:board:"


def _key(board: Board, season: Season) -> str:
    return f"{_PREFIX}{board.value}:{season.name}"


def publish(db: Connection, redis: Redis, *, board: Board, season: Season) -> list[Group]:
    """Writes a whole board to Redis, in one swap; returns what it wrote."""
    groups = queries.groups(db, board=board, season=season)
    key = _key(board, season)
    with redis.pipeline(transaction=True) as pipe:
        pipe.delete(key)
        if groups:
            pipe.hset(key, mapping={str(group.id): _packed(group) for group in groups})
        pipe.execute()
    return groups


def publish_groups(
    db: Connection,
    redis: Redis,
    *,
    board: Board,
    season: Season,
    ids: Sequence[int],
) -> None:
    """Brings some groups of a board up to date; writes the whole board if there is none."""
    key = _key(board, season)
    if not redis.exists(key):
        publish(db, redis, board=board, season=season)
        return
    changed = queries.groups(db, board=board, season=season, ids=ids)
    if changed:
        redis.hset(key, mapping={str(group.id): _packed(group) for group in changed})


def withdraw(redis: Redis) -> None:
    """Takes every board out of Redis: they are read from the roll-ups until written again."""
    for key in redis.scan_iter(f"{_PREFIX}*"):
        redis.delete(key)


def published(redis: Redis, *, board: Board, season: Season) -> list[Group] | None:
    """The board as Redis has it, by id; None when it has none or cannot be reached."""
    try:
        rows = redis.hgetall(_key(board, season))
    except RedisError as error:
        log.warning("board_read_from_database", error=type(error).__name__)
        return None
    groups = [Group(**json.loads(packed)) for packed in rows.values()]
    return sorted(groups, key=lambda group: group.id) or None


def _packed(group: Group) -> str:
    return json.dumps(asdict(group), ensure_ascii=False, separators=(",", ":"))


def leaderboard(
    db: Connection,
    redis: Redis,
    *,
    board: Board,
    season: Season,
    measure: BoardMeasure,
    within: Collection[int] | None = None,
) -> Leaderboard:
    """The board, from Redis or else from the roll-ups: the two are equal.

    Args:
        db: any transaction.
        redis: where the boards are.
        board: what is ranked.
        season: when.
        measure: by what.
        within: rank these groups among themselves; None for all.
    """
    record = queries.find_season(db, season)
    groups = None if record is None else published(redis, board=board, season=season)
    if groups is None:
        groups = queries.groups(db, board=board, season=season)
    large = [group for group in groups if group.headcount >= MIN_GROUP]
    begun = has_begun(active=sum(group.active > 0 for group in large), groups=len(large))
    shown = [group for group in large if within is None or group.id in within]
    hidden = sum(
        group.headcount < MIN_GROUP and (within is None or group.id in within) for group in groups
    )
    return Leaderboard(
        board,
        season,
        measure,
        ranked(shown, measure) if begun else (),
        hidden,
        begun,
        record,
        queries.measure_of(db, board=board, season=season),
    )


def score(measure: BoardMeasure, group: Group) -> int | None:
    """The figure a board sorts by; per head it is rounded down; None for a group without index."""
    if measure is BoardMeasure.INDEX:
        return group.index_e10
    if measure is BoardMeasure.TOTAL:
        return group.points_mpt
    return group.points_mpt // group.headcount


def ranked(groups: Sequence[Group], measure: BoardMeasure) -> tuple[BoardPlace, ...]:
    """Groups by their score, best first; equal scores share a rank."""
    scored = sorted(
        ((points, group) for group in groups if (points := score(measure, group)) is not None),
        key=lambda pair: (-pair[0], pair[1].id),
    )
    shared = Counter(points for points, _ in scored)
    rank_of: dict[int, int] = {}
    for position, (points, _) in enumerate(scored, start=1):
        rank_of.setdefault(points, position)
    return tuple(
        BoardPlace(
            rank=rank_of[points],
            tied=shared[points] > 1,
            group=group,
            score=points,
        )
        for points, group in scored
    )
