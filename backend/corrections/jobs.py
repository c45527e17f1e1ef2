"""The two passes of a correction run: simulate and post, in batches of members.

A batch is one transaction that also asks for the next, so that a kill at any point loses and
doubles nothing. A member is reassessed once a run: their days are marked done in the same
transaction.
"""

from collections import defaultdict
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from backend.actions.models import Action, Why
from backend.actions.queries import Recorded
from backend.actions.reassessment import (
    AssessmentInputs,
    ReassessmentResult,
    ReassessmentTask,
    reassess_days,
)
from backend.actions.versions import facts_under
from backend.clock import business_day
from backend.corrections.models import CorrectionDay, CorrectionRun, RunState
from backend.corrections.queries import CorrectionRunRecord, locked
from backend.corrections.service import STEP, set_state
from backend.ledger.amendments import WrittenOff, lock_member
from backend.outbox import service as outbox
from credit_rules import NotInForce, Rulebook

_MEMBERS_AT_ONCE = 200


def step(
    db: Connection,
    rulebook: Rulebook,
    *,
    run_id: int,
    now: datetime,
    members_at_once: int = _MEMBERS_AT_ONCE,
) -> None:
    """Does the next batch of a run and asks for the one after it, in one transaction."""
    run = locked(db, run_id)
    if run.state is RunState.SIMULATING:
        members = _unsimulated(db, run, members_at_once)
        for member_id in members:
            _simulate(db, rulebook, run, member_id, business_day(now))
        done = RunState.SIMULATED
    elif run.state is RunState.RUNNING:
        members = _uncorrected(db, run, members_at_once)
        for member_id in members:
            _correct(db, rulebook, run, member_id, now)
        done = RunState.DONE
    else:
        return
    if members:
        db.execute(
            update(CorrectionRun)
            .where(CorrectionRun.id == run_id)
            .values(after_member_id=members[-1])
        )
        outbox.put(db, kind=STEP, payload={"run_id": run_id})
    else:
        set_state(db, run_id, done, finished_at=now if done is RunState.DONE else None)


def _unsimulated(db: Connection, run: CorrectionRunRecord, limit: int) -> list[int]:
    after = select(CorrectionRun.after_member_id).where(CorrectionRun.id == run.id)
    chosen = (
        select(Action.member_id)
        .where(
            Action.methodology_id == run.methodology_id,
            Action.occurred_on.between(run.first_day, run.last_day),
            Action.member_id > after.scalar_subquery(),
        )
        .distinct()
    )
    return list(db.scalars(chosen.order_by(Action.member_id).limit(limit)))


def _uncorrected(db: Connection, run: CorrectionRunRecord, limit: int) -> list[int]:
    chosen = select(CorrectionDay.member_id).where(
        CorrectionDay.run_id == run.id, CorrectionDay.done_at.is_(None)
    )
    return list(db.scalars(chosen.distinct().order_by(CorrectionDay.member_id).limit(limit)))


def _simulate(
    db: Connection, rulebook: Rulebook, run: CorrectionRunRecord, member_id: int, today: date
) -> None:
    result = reassess_days(
        db, rulebook, _task(rulebook, run, member_id), today=today, actor_id=None, write=False
    )
    expected = _by_day(result)
    refused: defaultdict[date, int] = defaultdict(int)
    for action in result.refused:
        refused[action.occurred_on] += 1
    rows = [
        {
            "run_id": run.id,
            "member_id": member_id,
            "day": day,
            "simulated_mg": expected.get(day, (0, 0))[0],
            "simulated_mpt": expected.get(day, (0, 0))[1],
            "refused": refused[day],
        }
        for day in sorted(expected.keys() | refused.keys() | _silent(result))
    ]
    if rows:
        db.execute(insert(CorrectionDay), rows)


def _silent(result: ReassessmentResult) -> set[date]:
    """Days whose actions get another version though their awards stay the same."""
    return {action.occurred_on for action in result.changed}


def _correct(
    db: Connection, rulebook: Rulebook, run: CorrectionRunRecord, member_id: int, now: datetime
) -> None:
    lock_member(db, member_id)
    result = reassess_days(
        db,
        rulebook,
        _task(rulebook, run, member_id),
        today=business_day(now),
        actor_id=run.opened_by,
    )
    posted = _by_day(result)
    days = _days(db, run.id, member_id)
    for day in sorted(posted.keys() - days):  # recorded since the simulation
        db.execute(
            insert(CorrectionDay).values(
                run_id=run.id,
                member_id=member_id,
                day=day,
                simulated_mg=0,
                simulated_mpt=0,
                refused=0,
            )
        )
    written_off = result.written_off
    for day in sorted(days | posted.keys()):
        mg, mpt = posted.get(day, (0, 0))
        db.execute(
            update(CorrectionDay)
            .where(
                CorrectionDay.run_id == run.id,
                CorrectionDay.member_id == member_id,
                CorrectionDay.day == day,
            )
            .values(
                posted_mg=mg,
                posted_mpt=mpt,
                written_off_mg=written_off.reduction_mg,
                written_off_mpt=written_off.points_mpt,
                done_at=now,
            )
        )
        written_off = WrittenOff()  # the member's, told once


def _task(rulebook: Rulebook, run: CorrectionRunRecord, member_id: int) -> ReassessmentTask:
    def basis(action: Recorded) -> AssessmentInputs | None:
        if action.methodology_id != run.methodology_id:
            return None
        if not run.first_day <= action.occurred_on <= run.last_day:
            return None
        try:
            now = rulebook.methodology(action.methodology_id, action.occurred_on)
        except NotInForce:
            return None
        if now.version == action.methodology_version:
            return None
        facts = facts_under(now, action.facts, occurred_at=action.occurred_at)
        return AssessmentInputs(now, action.tier, action.channel, facts)

    return ReassessmentTask(
        member_id, run.first_day, run.last_day, why=Why.METHODOLOGY, basis=basis, run_id=run.id
    )


def _by_day(result: ReassessmentResult) -> dict[date, tuple[int, int]]:
    sums: dict[date, tuple[int, int]] = {}
    for found in result.differences:
        if found.action.counts:
            mg, mpt = sums.get(found.action.occurred_on, (0, 0))
            sums[found.action.occurred_on] = (mg + found.reduction_mg, mpt + found.points_mpt)
    return sums


def _days(db: Connection, run_id: int, member_id: int) -> set[date]:
    return set(
        db.scalars(
            select(CorrectionDay.day).where(
                CorrectionDay.run_id == run_id, CorrectionDay.member_id == member_id
            )
        )
    )
