"""Keeps roll-ups and boards equal to what the actions say.

A roll-up is computed from the actions, never added to: doing it twice, late or out of order gives
the same rows. The advisory lock keeps an older view from overwriting a newer one.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

import structlog
from redis import Redis
from sqlalchemy import Connection, delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from backend.actions.totals import (
    DepartmentDayTotal,
    days_of_actions,
    department_day_totals,
    department_days_of,
    member_month_totals,
    member_months_of,
)
from backend.clock import business_day
from backend.rankings import queries, seasons, service
from backend.rankings.models import DepartmentDay
from backend.rankings.policy import Board, Season, season_of, seasons_between

LOCK_KEY = 0x7261_6E6B  # "rank"
_KEY = tuple_(DepartmentDay.department_id, DepartmentDay.day)

Touched = dict[Season, dict[Board, list[int]]]
"""Groups whose figures changed, by season and board."""

log = structlog.get_logger(__name__)


def roll_up(db: Connection, action_ids: Sequence[int]) -> Touched:
    """Recomputes what these actions belong to; returns the groups whose figures it wrote.

    The season of an action is opened if nobody has.
    """
    roll_up_days(db, action_ids)
    members: dict[date, set[int]] = {}
    for member_id, month in member_months_of(db, action_ids):
        members.setdefault(month, set()).add(member_id)
    touched: Touched = {}
    for month, ids in sorted(members.items()):
        season = season_of(month)
        seasons.open_season(db, season)
        touched[season] = seasons.credit(db, season, ids)
    return touched


def roll_up_days(db: Connection, action_ids: Sequence[int]) -> None:
    """Recomputes the department-days that these actions belong to."""
    _lock(db)
    touched = department_days_of(db, action_ids)
    _replace(db, touched, department_day_totals(db, touched) if touched else [])


def seasons_of_actions(db: Connection) -> list[Season]:
    """The seasons from the first day with an action to the last."""
    days = days_of_actions(db)
    return [] if days is None else seasons_between(*days)


def recompute(db: Connection, season: Season) -> None:
    """Recomputes a whole season, which is opened if nobody has."""
    _lock(db)
    seasons.open_season(db, season)
    seasons.credit(db, season, None)


def rebuild(db: Connection) -> int:
    """Recomputes every roll-up from the actions; returns how many differed.

    Opens the seasons of all days with actions.
    """
    _lock(db)
    totals = department_day_totals(db)
    differing = differences(db, totals)
    _replace(db, differing, [t for t in totals if (t.department_id, t.day) in differing])
    wrong = season_differences(db)
    for season in sorted({*seasons_of_actions(db), *queries.opened_seasons(db)}, key=_first_day):
        recompute(db, season)
    if differing or wrong:
        log.error("rollups_differed", department_days=len(differing), season_members=len(wrong))
    return len(differing) + len(wrong)


def _first_day(season: Season) -> date:
    return season.first


def differences(
    db: Connection, totals: Iterable[DepartmentDayTotal] | None = None
) -> set[tuple[int, date]]:
    """Department-days whose roll-up is not what the actions say; there must be none."""
    true = {
        (t.department_id, t.day, t.points_mpt, t.reduction_mg, t.actions)
        for t in (department_day_totals(db) if totals is None else totals)
    }
    held = {
        (row[0], row[1], row[2], row[3], row[4])
        for row in db.execute(
            select(
                DepartmentDay.department_id,
                DepartmentDay.day,
                DepartmentDay.points_mpt,
                DepartmentDay.reduction_mg,
                DepartmentDay.actions,
            )
        )
    }
    return {(row[0], row[1]) for row in true ^ held}


def season_differences(db: Connection) -> set[tuple[str, int]]:
    """Seasons and members whose figures are not what the actions say; there must be none."""
    wrong: set[tuple[str, int]] = set()
    for season in queries.opened_seasons(db):
        true = {
            t.member_id: (t.points_mpt, t.reduction_mg, t.actions)
            for t in member_month_totals(db, first=season.first, last=season.last)
        }
        wrong |= {
            (season.name, member)
            for member, held in queries.figures_of_members(db, season)
            if held != true.get(member, (0, 0, 0))
        }
    return wrong


def group_differences(db: Connection) -> set[tuple[str, str, int]]:
    """Season, board and group whose sums are not what its people add up to; there must be none."""
    wrong: set[tuple[str, str, int]] = set()
    for season in queries.opened_seasons(db):
        for board in Board:
            true = queries.sums_from_members(db, board=board, season=season, ids=None)
            held = queries.kept_sums(db, board=board, season=season)
            wrong |= {(season.name, board.value, sums.group_id) for sums in set(true) ^ set(held)}
    return wrong


def publish_current(
    db: Connection, redis: Redis, *, now: datetime, touched: Touched | None = None
) -> None:
    """Brings the boards in Redis up to date.

    Args:
        db: a transaction that sees the roll-ups; the running season is opened in it.
        redis: where the boards are.
        now: the present instant.
        touched: groups that changed; None writes the running season's boards whole.
    """
    if touched is None:
        season = season_of(business_day(now))
        _lock(db)
        seasons.open_season(db, season)
        for board in Board:
            service.publish(db, redis, board=board, season=season)
        return
    for season, by_board in touched.items():
        for board, ids in by_board.items():
            service.publish_groups(db, redis, board=board, season=season, ids=ids)


def _lock(db: Connection) -> None:
    db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})


def _replace(
    db: Connection, keys: set[tuple[int, date]], totals: Sequence[DepartmentDayTotal]
) -> None:
    """Makes the roll-ups of `keys` equal to `totals`."""
    gone = keys - {(total.department_id, total.day) for total in totals}
    if gone:
        db.execute(delete(DepartmentDay).where(_KEY.in_(sorted(gone))))
    if not totals:
        return
    statement = insert(DepartmentDay)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["department_id", "day"],
            set_={
                name: statement.excluded[name] for name in ("points_mpt", "reduction_mg", "actions")
            },
        ),
        [
            {
                "department_id": total.department_id,
                "day": total.day,
                "points_mpt": total.points_mpt,
                "reduction_mg": total.reduction_mg,
                "actions": total.actions,
            }
            for total in totals
        ],
    )
