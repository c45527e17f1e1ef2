"""Reads of correction runs, and of awards that somebody may decide about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
    true,
)

from backend.actions.models import Action, ActionState, ActionStatus, HeldAward
from backend.actions.queries import RECORDED, Recorded, recorded_of
from backend.corrections.models import CorrectionApproval, CorrectionDay, CorrectionRun, RunState
from backend.errors import NotFoundError
from backend.organisations.models import Department, Institution
from backend.organisations.queries import Scope, institutions_in
from backend.people.models import Member
from backend.places.models import Place


class CorrectionRunRecord(NamedTuple):
    """A correction run as it stands."""

    id: int
    methodology_id: str
    first_day: date
    last_day: date
    reason: str
    state: RunState
    rulebook_digest: bytes
    opened_by: int
    opened_at: datetime
    finished_at: datetime | None


_RUN = select(
    CorrectionRun.id,
    CorrectionRun.methodology_id,
    CorrectionRun.first_day,
    CorrectionRun.last_day,
    CorrectionRun.reason,
    CorrectionRun.state,
    CorrectionRun.rulebook_digest,
    CorrectionRun.opened_by,
    CorrectionRun.opened_at,
    CorrectionRun.finished_at,
)


def run_of(db: Connection, *, run_id: int) -> CorrectionRunRecord:
    """A run.

    Raises:
        NotFoundError: there is none with this id.
    """
    return _found(db.execute(_RUN.where(CorrectionRun.id == run_id)).one_or_none())


def runs(db: Connection, *, limit: int) -> list[CorrectionRunRecord]:
    """The newest runs."""
    return [_found(row) for row in db.execute(_RUN.order_by(CorrectionRun.id.desc()).limit(limit))]


def locked(db: Connection, run_id: int) -> CorrectionRunRecord:
    """A run that nobody else changes until this transaction ends.

    Raises:
        NotFoundError: there is none with this id.
    """
    chosen = _RUN.where(CorrectionRun.id == run_id).with_for_update()
    return _found(db.execute(chosen).one_or_none())


def _found(row: Sequence[Any] | None) -> CorrectionRunRecord:
    if row is None:
        raise NotFoundError("没有找到这次更正，请回到列表重新打开。")
    run = CorrectionRunRecord._make(row)
    return run._replace(state=RunState(run.state))


def approvers(db: Connection, *, run_id: int) -> list[int]:
    """The members who approved a run, in that order."""
    return list(
        db.scalars(
            select(CorrectionApproval.member_id)
            .where(CorrectionApproval.run_id == run_id)
            .order_by(CorrectionApproval.approved_at, CorrectionApproval.member_id)
        )
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run comes to: expected by the simulation, posted, and borne by the book."""

    member_days: int
    done: int
    refused: int
    simulated_mg: int
    simulated_mpt: int
    posted_mg: int
    posted_mpt: int
    written_off_mg: int
    written_off_mpt: int


def totals(db: Connection, *, run_id: int) -> Totals:
    """The report of a run in one line."""
    row = db.execute(
        select(
            func.count(),
            func.count(CorrectionDay.done_at),
            *(
                func.coalesce(func.sum(column), 0)
                for column in (
                    CorrectionDay.refused,
                    CorrectionDay.simulated_mg,
                    CorrectionDay.simulated_mpt,
                    CorrectionDay.posted_mg,
                    CorrectionDay.posted_mpt,
                    CorrectionDay.written_off_mg,
                    CorrectionDay.written_off_mpt,
                )
            ),
        ).where(CorrectionDay.run_id == run_id)
    ).one()
    return Totals(*(int(value) for value in row))


@dataclass(frozen=True, slots=True)
class DayLine:
    """A member's day in a run; what was posted is None until it was."""

    member_id: int
    member_name: str
    day: date
    simulated_mg: int
    simulated_mpt: int
    posted_mpt: int | None


def largest(db: Connection, *, run_id: int, limit: int) -> list[DayLine]:
    """The days with the largest differences in points, either way."""
    rows = db.execute(
        select(
            CorrectionDay.member_id,
            Member.display_name,
            CorrectionDay.day,
            CorrectionDay.simulated_mg,
            CorrectionDay.simulated_mpt,
            CorrectionDay.posted_mpt,
        )
        .join(Member, Member.id == CorrectionDay.member_id)
        .where(CorrectionDay.run_id == run_id)
        .order_by(
            func.abs(CorrectionDay.simulated_mpt).desc(), CorrectionDay.member_id, CorrectionDay.day
        )
        .limit(limit)
    )
    return [DayLine(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """An award somebody may decide about, with the names that tell whose it is.

    Attributes:
        action: as it stands in the book.
        place_name: where, if at a place.
        member_name: who; None where the member belongs to no institution of the reader's, or the
            account was erased.
        institution_name: the member's institution on that day; None for citizens.
        department_name: the member's department on that day.
        times_out_at: when a held award lapses; None for one that was never held.
    """

    action: Recorded
    place_name: str | None
    member_name: str | None
    institution_name: str | None
    department_name: str | None
    times_out_at: datetime | None


def held_awards(db: Connection, *, scope: Scope, limit: int) -> list[Reviewed]:
    """Held awards within a scope; those that lapse first come first."""
    chosen = _reviewable(scope).where(ActionState.status == ActionStatus.HELD.value)
    rows = db.execute(chosen.order_by(HeldAward.times_out_at, Action.id).limit(limit))
    return [_reviewed(row) for row in rows]


def reviewed(db: Connection, *, scope: Scope, action_id: int) -> Reviewed:
    """One action within a scope.

    Raises:
        NotFoundError: there is none with this id, or it lies outside.
    """
    row = db.execute(_reviewable(scope).where(Action.id == action_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这条记录，请回到列表重新打开。")
    return _reviewed(row)


def _reviewable(scope: Scope) -> Select[tuple[object, ...]]:
    """Actions at the scope's places, and those at no place of its institutions' members."""
    known = or_(
        Action.institution_id.in_(institutions_in(scope)), true() if scope.everything else false()
    )
    return (
        RECORDED.add_columns(
            Place.name,
            case((known & Member.erased_at.is_(None), Member.display_name)),
            Institution.short_name,
            Department.name,
            HeldAward.times_out_at,
        )
        .join(Member, Member.id == Action.member_id)
        .outerjoin(Place, Place.id == Action.place_id)
        .outerjoin(Institution, Institution.id == Action.institution_id)
        .outerjoin(Department, Department.id == Action.department_id)
        .outerjoin(HeldAward, HeldAward.action_id == Action.id)
        .where(_within(scope))
    )


def _within(scope: Scope) -> ColumnElement[bool]:
    inside = institutions_in(scope)
    return or_(
        Place.institution_id.in_(inside),
        and_(Action.place_id.is_(None), Action.institution_id.in_(inside)),
    )


def _reviewed(row: Row[tuple[object, ...]]) -> Reviewed:
    names: tuple[object, ...] = tuple(row[len(Recorded._fields) :])
    return Reviewed(recorded_of(row), *names)  # type: ignore[arg-type]  # columns of _reviewable
