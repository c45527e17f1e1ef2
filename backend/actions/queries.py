"""Reads of actions: where a member stands before one, and what was credited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.actions.models import Action
from backend.db.statements import fetch_all
from backend.errors import NotFoundError
from backend.ledger.queries import Cap
from backend.organisations.models import Department, Institution
from backend.organisations.queries import Scope, institutions_in
from backend.people.models import Member
from backend.places.models import Place
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
    found = fetch_all(
        db,
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
    )
    first = found[0]
    return Standing(
        earlier=None if first[0] is None else Earlier(bytes(first[0]), first[1]),
        department_id=first[2],
        institution_id=first[3],
        district_id=first[4],
        used={row[5]: Used(*row[6:]) for row in found if row[5] is not None},
    )


class Recorded(NamedTuple):
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


RECORDED = select(*(getattr(Action, name) for name in Recorded._fields))


def action_of(db: Connection, *, member_id: int, action_id: int) -> Recorded | None:
    """A member's own action; None where it is somebody else's or nobody's."""
    row = db.execute(
        RECORDED.where(Action.id == action_id, Action.member_id == member_id)
    ).one_or_none()
    return None if row is None else Recorded(*row)


def actions_by_id(db: Connection, ids: Sequence[int]) -> dict[int, Recorded]:
    """The actions with these ids, by id; those that are not there are left out."""
    chosen = RECORDED.where(Action.id == func.any(bindparam("ids", ids, ARRAY(BigInteger()))))
    return {row.id: Recorded(*row) for row in db.execute(chosen)}


def actions_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[Recorded]:
    """A member's actions, newest first, from the one before `before_id` on."""
    return _newest(db, RECORDED.where(Action.member_id == member_id), before_id, limit)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which actions at places somebody may see.

    Attributes:
        scope: actions of any day at the places of these institutions.
        duty: actions of `today` at the places of these institutions: what an attendant sees.
        today: the Asia/Shanghai day.
    """

    scope: Scope
    duty: Scope
    today: date


@dataclass(frozen=True, slots=True)
class PlacedAction:
    """An action at a place, with the names that tell where it was and whose it was.

    Attributes:
        action: as it stands in the book.
        place_name: the place.
        member_name: who; None where the member belongs to no institution of the reader's, or the
            account was erased: running a place does not open the names of all who pass.
        institution_name: the member's institution on that day; None for citizens.
        department_name: the member's department on that day.
    """

    action: Recorded
    place_name: str
    member_name: str | None
    institution_name: str | None
    department_name: str | None


def actions_at_places(
    db: Connection,
    *,
    reach: Reach,
    place_id: int | None = None,
    on: date | None = None,
    before_id: int | None = None,
    after_id: int | None = None,
    limit: int,
) -> list[PlacedAction]:
    """Actions at the places within reach, newest first.

    Args:
        db: any transaction.
        reach: what the reader may see.
        place_id: at this place only.
        on: of this Asia/Shanghai day only.
        before_id: from the one before this id on.
        after_id: only what was recorded after this id.
        limit: at most so many.
    """
    chosen = _placed(reach)
    if place_id is not None:
        chosen = chosen.where(Action.place_id == place_id)
    if on is not None:
        chosen = chosen.where(Action.occurred_on == on)
    if before_id is not None:
        chosen = chosen.where(Action.id < before_id)
    if after_id is not None:
        chosen = chosen.where(Action.id > after_id)
    rows = db.execute(chosen.order_by(Action.id.desc()).limit(limit))
    return [_placed_action(row) for row in rows]


def action_at_place(db: Connection, *, reach: Reach, action_id: int) -> PlacedAction:
    """One action at a place within reach.

    Raises:
        NotFoundError: there is none with this id, it has no place, or it lies outside.
    """
    row = db.execute(_placed(reach).where(Action.id == action_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这条投放记录，请回到列表重新打开。")
    return _placed_action(row)


@dataclass(frozen=True, slots=True)
class PlacesTotal:
    """What happened at places: how many actions, at how many places, and what they earned."""

    actions: int
    places: int
    points_mpt: int
    reduction_mg: int


def total_at_places(db: Connection, *, reach: Reach, on: date) -> PlacesTotal:
    """The total of one Asia/Shanghai day at the places within reach."""
    row = db.execute(
        select(
            func.count(),
            func.count(Action.place_id.distinct()),
            func.coalesce(func.sum(Action.points_mpt), 0),
            func.coalesce(func.sum(Action.reduction_mg), 0),
        )
        .join(Place, Place.id == Action.place_id)
        .where(Action.occurred_on == on, _within(reach))
    ).one()
    return PlacesTotal(row[0], row[1], int(row[2]), int(row[3]))


def _within(reach: Reach) -> ColumnElement[bool]:
    return Place.institution_id.in_(institutions_in(reach.scope)) | (
        Place.institution_id.in_(institutions_in(reach.duty)) & (Action.occurred_on == reach.today)
    )


def _placed(reach: Reach) -> Select[Any]:
    known = or_(
        Action.institution_id.in_(institutions_in(reach.scope)),
        Action.institution_id.in_(institutions_in(reach.duty)),
        true() if reach.scope.everything else false(),
    )
    return (
        RECORDED.add_columns(
            Place.name,
            case((known & Member.erased_at.is_(None), Member.display_name)),
            Institution.short_name,
            Department.name,
        )
        .join(Place, Place.id == Action.place_id)
        .join(Member, Member.id == Action.member_id)
        .outerjoin(Institution, Institution.id == Action.institution_id)
        .outerjoin(Department, Department.id == Action.department_id)
        .where(_within(reach))
    )


def _placed_action(row: Row[Any]) -> PlacedAction:
    recorded = len(Recorded._fields)
    return PlacedAction(Recorded(*row[:recorded]), *row[recorded:])


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
