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

from backend.actions.totals import DepartmentDayTotal, department_day_totals, department_days_of
from backend.clock import business_day
from backend.rankings import queries, service
from backend.rankings.models import DepartmentDay
from backend.rankings.policy import Board, season_of

LOCK_KEY = 0x7261_6E6B  # "rank"
_KEY = tuple_(DepartmentDay.department_id, DepartmentDay.day)

log = structlog.get_logger(__name__)


def roll_up(db: Connection, action_ids: Sequence[int]) -> set[tuple[int, date]]:
    """Recomputes the department-days that these actions belong to; returns them."""
    _lock(db)
    touched = department_days_of(db, action_ids)
    _replace(db, touched, department_day_totals(db, touched) if touched else [])
    return touched


def rebuild(db: Connection) -> int:
    """Recomputes every department-day from the actions; returns how many differed."""
    _lock(db)
    totals = department_day_totals(db)
    differing = differences(db, totals)
    _replace(db, differing, [t for t in totals if (t.department_id, t.day) in differing])
    if differing:
        log.error("rollups_differed", department_days=len(differing))
    return len(differing)


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


def publish_current(
    db: Connection, redis: Redis, *, now: datetime, touched: set[tuple[int, date]] | None = None
) -> None:
    """Brings the boards in Redis up to date.

    Args:
        db: any transaction that sees the roll-ups.
        redis: where the boards are.
        now: the present instant.
        touched: department-days that changed; None writes the running season's boards whole.
    """
    if touched is None:
        for board in Board:
            service.publish(db, redis, board=board, season=season_of(business_day(now)), now=now)
        return
    for season in {season_of(day) for _, day in touched}:
        departments = sorted({d for d, day in touched if season.first <= day <= season.last})
        for board, ids in queries.groups_of(db, departments).items():
            service.publish_groups(db, redis, board=board, season=season, ids=ids, now=now)


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
