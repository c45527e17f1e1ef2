"""What actions add up to, for roll-ups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.actions.models import Action, ActionState, Reassessment
from backend.actions.queries import COUNTS, NOW


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
        func.sum(NOW["points_mpt"]),
        func.sum(NOW["reduction_mg"]),
        func.count(),
    )
    .select_from(Action)
    .outerjoin(ActionState, ActionState.action_id == Action.id)
    .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
    .where(NOW["ranked"], Action.department_id.is_not(None), COUNTS)
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


@dataclass(frozen=True, slots=True)
class MemberMonthTotal:
    """What a member did in some days, counting only what is ranked."""

    member_id: int
    points_mpt: int
    reduction_mg: int
    actions: int


def member_months_of(db: Connection, action_ids: Sequence[int]) -> set[tuple[int, date]]:
    """The members of these actions, with the first day of the month each happened in."""
    rows = db.execute(
        select(Action.member_id, Action.occurred_on)
        .where(Action.id == func.any(bindparam("ids", action_ids, ARRAY(BigInteger()))))
        .distinct()
    )
    return {(member_id, day.replace(day=1)) for member_id, day in rows}


def days_of_actions(db: Connection) -> tuple[date, date] | None:
    """The first and the last day with an action, if there is any."""
    first = db.scalar(select(func.min(Action.occurred_on)))
    last = db.scalar(select(func.max(Action.occurred_on)))
    return None if first is None or last is None else (first, last)


def member_month_totals(
    db: Connection, *, first: date, last: date, member_ids: Sequence[int] | None = None
) -> list[MemberMonthTotal]:
    """Totals by member over some days, of these members or of all that have any.

    Args:
        db: any transaction.
        first: an Asia/Shanghai day.
        last: the last one.
        member_ids: whose; None for everybody's.
    """
    totals = (
        select(
            Action.member_id,
            func.sum(NOW["points_mpt"]),
            func.sum(NOW["reduction_mg"]),
            func.count(),
        )
        .select_from(Action)
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .where(NOW["ranked"], COUNTS, Action.occurred_on.between(first, last))
        .group_by(Action.member_id)
    )
    if member_ids is not None:
        whose = bindparam("members", list(member_ids), ARRAY(BigInteger()))
        totals = totals.where(Action.member_id == func.any(whose))
    return [
        MemberMonthTotal(member, int(points), int(reduction), count)
        for member, points, reduction, count in db.execute(totals)
    ]


class MemberTotal(NamedTuple):
    """What a member did with the same facts under one version of a methodology, and how often."""

    methodology_id: str
    methodology_version: int
    facts: Mapping[str, Any]
    times: int
    reduction_mg: int


def member_totals(db: Connection, member_id: int, *, after: date, until: date) -> list[MemberTotal]:
    """What a member's actions that count add up to, by methodology and facts.

    Args:
        db: any transaction.
        member_id: whose.
        after: an Asia/Shanghai day, not counted itself.
        until: the last day.
    """
    alike = (Action.methodology_id, NOW["methodology_version"], NOW["facts"])
    rows = db.execute(
        select(*alike, func.count(), func.sum(NOW["reduction_mg"]))
        .select_from(Action)
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .where(
            Action.member_id == member_id,
            Action.occurred_on > after,
            Action.occurred_on <= until,
            COUNTS,
        )
        .group_by(*alike)
    )
    return [
        MemberTotal(kind, version, facts, times, int(reduction_mg))
        for kind, version, facts, times, reduction_mg in rows
    ]
