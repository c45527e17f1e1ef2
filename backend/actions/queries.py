"""Reads of actions: where a member stands before one, and what was credited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.actions.models import Action
from backend.ledger.queries import Cap
from credit_rules import Used


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the same reference led to before."""

    request_digest: bytes
    action_id: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands when a request arrives.

    Attributes:
        earlier: the outcome of the same reference, if there is one.
        department_id: department on the day of the action, None without one.
        institution_id: institution on that day, None for citizens.
        district_id: district of that institution.
        used: by cap key, what is claimed in its period.
    """

    earlier: Earlier | None
    department_id: int | None
    institution_id: int | None
    district_id: int | None
    used: Mapping[str, Used]


# The hot path: one statement, so it stays text that psycopg prepares.
_STANDING = """
SELECT s.request_digest, s.action_id, m.department_id, m.institution_id, i.district_id,
       s.cap_key, s.reduction_ng, s.points_npt, s.activity_nano, s.count_nano
  FROM ledger_standing(%s::bigint, %s::text, %s::bigint[], %s::text[], %s::date[]) s
  LEFT JOIN membership m ON m.member_id = %s::bigint AND m.valid_from <= %s::date
                        AND (m.valid_until IS NULL OR m.valid_until > %s::date)
  LEFT JOIN institution i ON i.id = m.institution_id
"""


def standing(
    db: Connection, *, member_id: int, reference: str, on: date, caps: Sequence[Cap]
) -> Standing:
    """Reads, in one statement, what decides how a member's request goes on.

    Args:
        db: the request's transaction.
        member_id: who asks.
        reference: the client's reference.
        on: the Asia/Shanghai day of the action.
        caps: the counters its assessment will read.
    """
    rows = db.exec_driver_sql(
        _STANDING,
        (
            member_id,
            reference,
            [cap.subject_id for cap in caps],
            [cap.key for cap in caps],
            [cap.period_start for cap in caps],
            member_id,
            on,
            on,
        ),
    ).fetchall()
    first = rows[0]
    return Standing(
        earlier=None if first[0] is None else Earlier(bytes(first[0]), first[1]),
        department_id=first[2],
        institution_id=first[3],
        district_id=first[4],
        used={row[5]: Used(*row[6:]) for row in rows if row[5] is not None},
    )


@dataclass(frozen=True, slots=True)
class Recorded:
    """An action as it stands in the book, with what is needed to recompute its award."""

    id: int
    member_id: int
    reference: str
    kind: str
    occurred_at: datetime
    occurred_on: date
    received_at: datetime
    department_id: int | None
    institution_id: int | None
    district_id: int | None
    place_id: int | None
    tier: str
    channel: str
    ranked: bool
    facts: Mapping[str, Any]
    context: Mapping[str, Any]
    methodology_id: str
    methodology_version: int
    methodology_digest: bytes
    rulebook_digest: bytes
    reduction_mg: int
    points_mpt: int


_RECORDED = select(*(getattr(Action, name) for name in Recorded.__slots__))


def action_of(db: Connection, *, member_id: int, action_id: int) -> Recorded | None:
    """A member's own action; None where it is somebody else's or nobody's."""
    row = db.execute(
        _RECORDED.where(Action.id == action_id, Action.member_id == member_id)
    ).one_or_none()
    return None if row is None else Recorded(*row)


def actions_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[Recorded]:
    """A member's actions, newest first, from the one before `before_id` on."""
    return _newest(db, _RECORDED.where(Action.member_id == member_id), before_id, limit)


def _newest(
    db: Connection, chosen: Select[Any], before_id: int | None, limit: int
) -> list[Recorded]:
    if before_id is not None:
        chosen = chosen.where(Action.id < before_id)
    return [Recorded(*row) for row in db.execute(chosen.order_by(Action.id.desc()).limit(limit))]


@dataclass(frozen=True, slots=True)
class DepartmentDayTotal:
    """What a department's members did on one day, counting only what is ranked."""

    department_id: int
    day: date
    points_mpt: int
    reduction_mg: int
    actions: int


def department_days_of(db: Connection, action_ids: Sequence[int]) -> set[tuple[int, date]]:
    """The departments and days that these actions belong to."""
    rows = db.execute(
        select(Action.department_id, Action.occurred_on)
        .where(
            Action.id == func.any(bindparam("ids", action_ids, ARRAY(BigInteger()))),
            Action.department_id.is_not(None),
        )
        .distinct()
    )
    return {(department_id, day) for department_id, day in rows if department_id is not None}


_TOTALS = (
    select(
        Action.department_id,
        Action.occurred_on,
        func.sum(Action.points_mpt),
        func.sum(Action.reduction_mg),
        func.count(),
    )
    .where(Action.ranked, Action.department_id.is_not(None))
    .group_by(Action.department_id, Action.occurred_on)
    .order_by(Action.department_id, Action.occurred_on)
)


def department_day_totals(
    db: Connection, department_days: set[tuple[int, date]] | None = None
) -> list[DepartmentDayTotal]:
    """Totals by department and day, of these department-days or of all there are."""
    totals = _TOTALS
    if department_days is not None:
        totals = totals.where(
            tuple_(Action.department_id, Action.occurred_on).in_(sorted(department_days))
        )
    return [
        DepartmentDayTotal(department, day, int(points), int(reduction), count)
        for department, day, points, reduction, count in db.execute(totals)
        if department is not None
    ]
