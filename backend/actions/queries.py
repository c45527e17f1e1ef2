"""Reads of actions: where a member stands before one, and what was credited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    union,
)

from backend.actions.models import Action, ActionState, ActionStatus, Reassessment
from backend.errors import NotFoundError
from backend.organisations.models import Department, Institution
from backend.organisations.queries import Scope, institutions_in
from backend.people.models import Member
from backend.places.models import Place, PrintBatch


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether there are places, posters of them, and actions at all."""

    places: bool
    posters: bool
    actions: bool


def begun(db: Connection) -> Begun:
    """How far an installation has come, in one statement."""
    row = db.execute(
        select(exists(select(Place.id)), exists(select(PrintBatch.id)), exists(select(Action.id)))
    ).one()
    return Begun(*row)


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
    status: ActionStatus = ActionStatus.CREDITED
    reason: str | None = None

    @property
    def counts(self) -> bool:
        """Whether what it earned is in the book and counts."""
        return self.status is ActionStatus.CREDITED


# What an action rests on now: its latest reassessment, or its own columns.
NOW = {
    name: func.coalesce(getattr(Reassessment, name), getattr(Action, name))
    for name in (
        "tier",
        "channel",
        "ranked",
        "facts",
        "context",
        "methodology_version",
        "methodology_digest",
        "rulebook_digest",
        "reduction_mg",
        "points_mpt",
    )
}
_STATUS = func.coalesce(ActionState.status, ActionStatus.CREDITED.value)
_FACTS_OF = [name for name in Recorded._fields if name not in {"status", "reason"}]
RECORDED = (
    select(
        *(NOW.get(name, getattr(Action, name)).label(name) for name in _FACTS_OF),
        _STATUS.label("status"),
        ActionState.reason,
    )
    .select_from(Action)
    .outerjoin(ActionState, ActionState.action_id == Action.id)
    .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
)
COUNTS = _STATUS.in_([ActionStatus.CREDITED.value])
# A held award keeps its room under the caps, so that nobody uses it twice.
TAKES_ROOM = (ActionStatus.CREDITED, ActionStatus.HELD)


def takes_room() -> ColumnElement[bool]:
    """Whether an action counts or is held; `ActionState` is joined."""
    return _STATUS.in_([status.value for status in TAKES_ROOM])


def recorded_of(row: Sequence[Any]) -> Recorded:
    """The action in the first columns of a row of `RECORDED`."""
    recorded = Recorded._make(row[: len(Recorded._fields)])
    return recorded._replace(status=ActionStatus(recorded.status))


def action_of(db: Connection, *, member_id: int, action_id: int) -> Recorded | None:
    """A member's own action; None where it is somebody else's or nobody's."""
    row = db.execute(
        RECORDED.where(Action.id == action_id, Action.member_id == member_id)
    ).one_or_none()
    return None if row is None else recorded_of(row)


def live_actions(db: Connection, *, member_id: int, first: date, last: date) -> list[Recorded]:
    """A member's actions of these days that count or are held, in the order of recording."""
    rows = db.execute(
        RECORDED.where(
            Action.member_id == member_id,
            Action.occurred_on.between(first, last),
            takes_room(),
        ).order_by(Action.id)
    )
    return [recorded_of(row) for row in rows]


def actions_by_id(db: Connection, ids: Sequence[int]) -> dict[int, Recorded]:
    """The actions with these ids as they were first recorded; those not there are left out."""
    chosen = select(*(getattr(Action, name) for name in _FACTS_OF)).where(Action.id.in_(ids))
    return {row.id: Recorded(*row) for row in db.execute(chosen)}


def actions_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[Recorded]:
    """A member's actions, newest first, from the one before `before_id` on."""
    return _newest(db, RECORDED.where(Action.member_id == member_id), before_id, limit)


def evidenced_points_of(db: Connection, *, member_id: int, since: date) -> int:
    """What a member's actions of these days earned by more than their word, in milli-points.

    Args:
        db: any transaction.
        member_id: whose.
        since: the first Asia/Shanghai day.
    """
    earned = db.scalar(
        select(func.coalesce(func.sum(NOW["points_mpt"]), 0))
        .select_from(Action)
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .where(
            Action.member_id == member_id, Action.occurred_on >= since, NOW["tier"] != "T0", COUNTS
        )
    )
    return int(earned or 0)


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
    wanted: list[ColumnElement[bool]] = []
    if place_id is not None:
        wanted.append(Action.place_id == place_id)
    if on is not None:
        wanted.append(_of_day(on))
    if before_id is not None:
        wanted.append(Action.id < before_id)
    if after_id is not None:
        wanted.append(Action.id > after_id)
    chosen = _placed(reach).where(*wanted)
    if not reach.scope.everything:
        # Asked for first: joined to it, the rest would be planned as if it were most of the table.
        ids = db.scalars(_newest_within(reach, wanted, limit)).all()
        chosen = chosen.where(Action.id.in_(ids))
    rows = db.execute(chosen.order_by(Action.id.desc()).limit(limit))
    return [_placed_action(row) for row in rows]


def _of_day(day: date) -> ColumnElement[bool]:
    """Of one day, found by where its rows lie: a list of a day reads no other day's actions."""
    # Not the column itself: the least of it would be looked for from the first action on.
    number = Action.id + 0
    first = select(func.min(number)).where(Action.occurred_on == day).scalar_subquery()
    last = select(func.max(number)).where(Action.occurred_on == day).scalar_subquery()
    return and_(Action.occurred_on == day, Action.id.between(first, last))


def _newest_within(
    reach: Reach, wanted: Sequence[ColumnElement[bool]], limit: int
) -> CompoundSelect[int]:
    """Ids of the newest actions of each place within reach, a page of each by its own index."""
    parts = []
    for scope, more in ((reach.scope, []), (reach.duty, [_of_day(reach.today)])):
        within = select(Place.id).where(Place.institution_id.in_(institutions_in(scope))).subquery()
        newest = (
            select(Action.id)
            # A range of one place, in the order of the index by place: an equation would let the
            # index by id be walked from the newest action on until the place is met at last.
            .where(Action.place_id.between(within.c.id, within.c.id), *wanted, *more)
            .order_by(Action.place_id.desc(), Action.id.desc())
            .limit(limit)
            .lateral()
        )
        parts.append(select(newest.c.id).select_from(within).join(newest, true()))
    return union(*parts)


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
            func.coalesce(func.sum(NOW["points_mpt"]), 0),
            func.coalesce(func.sum(NOW["reduction_mg"]), 0),
        )
        .select_from(Action)
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .join(Place, Place.id == Action.place_id)
        .where(Action.occurred_on == on, _within(reach), COUNTS)
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
    return PlacedAction(recorded_of(row), *row[len(Recorded._fields) :])


def _newest(
    db: Connection, chosen: Select[Any], before_id: int | None, limit: int
) -> list[Recorded]:
    if before_id is not None:
        chosen = chosen.where(Action.id < before_id)
    return [recorded_of(row) for row in db.execute(chosen.order_by(Action.id.desc()).limit(limit))]
