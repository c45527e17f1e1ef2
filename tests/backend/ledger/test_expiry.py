"""Points end with their month, once, in batches; members are told 30 and 7 days ahead."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock, SystemClock, business_day
from backend.ledger import jobs, spending
from backend.ledger.policy import due_notices, month_end
from backend.ledger.queries import balance_of, drifting_balances, notices_of, statement_of
from backend.outbox import service as outbox
from backend.worker import HANDLERS, perform, serve
from tests.builders.points import earn

EARNED = date(2025, 12, 3)
MONTH = date(2026, 12, 1)
AFTER = date(2027, 1, 1)


def work_off(db: Connection, kind: str, today: date) -> int:
    """Does what the outbox holds of a kind until nothing is left; returns the messages."""
    done = 0
    while messages := outbox.take_waiting(db, kind=kind, limit=500):
        for message in messages:
            getattr(jobs, kind.removeprefix("ledger."))(db, message.payload, today=today)
        done += len(messages)
    return done


def points(db: Connection, member: int) -> int:
    return balance_of(db, member_id=member).points_mpt


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)


@pytest.mark.usefixtures("small_batches")
def test_one_entry_ends_each_members_month(db: Connection) -> None:
    for member in range(1, 6):
        earn(db, member, points_mpt=1_000 * member, on=EARNED)
        earn(db, member, points_mpt=500, on=date(2026, 1, 2))
    jobs.expire(db, {}, today=AFTER)
    # Five members in batches of two, and a last empty one.
    assert work_off(db, jobs.EXPIRE, AFTER) == 4
    assert [points(db, member) for member in range(1, 6)] == [500] * 5
    kinds = db.execute(
        text("SELECT member_id, count(*) FROM entry WHERE kind = 'expiry' GROUP BY 1")
    )
    assert sorted(tuple(row) for row in kinds) == [(member, 1) for member in range(1, 6)]
    (line,) = statement_of(db, member_id=3, before_id=None, limit=1)
    assert (line.kind, line.points_mpt, line.effective_on) == ("expiry", -3_000, AFTER)
    assert drifting_balances(db) == []
    jobs.expire(db, {}, today=AFTER + timedelta(days=1))
    assert work_off(db, jobs.EXPIRE, AFTER + timedelta(days=1)) == 0
    assert [points(db, member) for member in range(1, 6)] == [500] * 5


def test_points_set_aside_do_not_end(db: Connection) -> None:
    earn(db, 1, points_mpt=10_000, on=EARNED)
    made = spending.redeem(
        db,
        member_id=1,
        reference="set-aside-1",
        digest=b"",
        points_mpt=4_000,
        on=EARNED,
        actor_id=1,
    )
    assert made.entry_id is not None
    spending.expire(db, month=MONTH, after=0, limit=10, on=AFTER)
    spending.fulfil(db, redemption_id=made.entry_id, reward="1", on=AFTER, actor_id=None)
    rows = db.execute(
        text("SELECT a.kind, t.amount FROM transfer t JOIN account a ON a.id = t.credit ORDER BY 1")
    ).all()
    assert [tuple(row) for row in rows] == [("expired", 6_000), ("redemption_done", 4_000)]


def test_the_worker_does_a_whole_expiry(backend: Backend, clock: FixedClock) -> None:
    clock.instant = SystemClock().now()
    long_ago = business_day(clock.instant) - timedelta(days=400)
    with backend.engine.begin() as db:
        for member in (1, 2, 3):
            earn(db, member, points_mpt=1_000, on=long_ago)
        outbox.put(db, kind=jobs.EXPIRE, payload={})
    serve(backend)
    for _ in range(10):
        with backend.engine.begin() as db:
            due = [d.id for d in outbox.hand_out(db, limit=10) if d.kind == jobs.EXPIRE]
        if not due:
            break
        perform(jobs.EXPIRE, due)
        perform(jobs.EXPIRE, due)
    with backend.engine.connect() as db:
        assert [points(db, member) for member in (1, 2, 3)] == [0, 0, 0]
        assert db.scalar(text("SELECT count(*) FROM entry WHERE kind = 'expiry'")) == 3
    assert HANDLERS[jobs.EXPIRE].queue == "housekeeping"


def test_members_are_told_before_their_points_end(db: Connection) -> None:
    earn(db, 1, points_mpt=9_000, on=EARNED)
    earn(db, 2, points_mpt=5_000, on=date(2026, 1, 2))
    for today, told in (
        (date(2026, 11, 30), []),
        (date(2026, 12, 1), [30]),
        (date(2026, 12, 20), [30]),
        (date(2026, 12, 24), [7]),
        (date(2026, 12, 31), [7]),
        (AFTER, []),
    ):
        jobs.give_notice(db, {}, today=today)
        work_off(db, jobs.GIVE_NOTICE, today)
        notices = notices_of(db, member_id=1, on=today)
        assert [notice.days_ahead for notice in notices] == told, today
    assert db.scalar(text("SELECT count(*) FROM expiry_notice WHERE member_id = 1")) == 2
    spending.redeem(
        db, member_id=1, reference="all-of-it", digest=b"", points_mpt=8_000, on=MONTH, actor_id=1
    )
    (left,) = notices_of(db, member_id=1, on=date(2026, 12, 31))
    assert (left.points_mpt, left.expires_month) == (1_000, MONTH)
    spending.expire(db, month=MONTH, after=0, limit=10, on=AFTER)
    assert notices_of(db, member_id=1, on=date(2026, 12, 31)) == []


def test_a_day_on_which_nothing_ran_is_made_up() -> None:
    assert due_notices(date(2026, 11, 18)) == ((date(2026, 11, 1), 30),)
    assert due_notices(date(2026, 11, 23)) == ((date(2026, 11, 1), 30), (date(2026, 11, 1), 7))
    assert due_notices(date(2027, 1, 29)) == (
        (date(2027, 1, 1), 30),
        (date(2027, 1, 1), 7),
        (date(2027, 2, 1), 30),
    )


def test_points_of_a_month_long_over_end_too(db: Connection) -> None:
    """A correction gave them, or nothing ran for months."""
    earn(db, 1, points_mpt=3_000, on=date(2023, 2, 28))
    earn(db, 1, points_mpt=5_000, on=date(2025, 12, 31))
    earn(db, 1, points_mpt=7_000, on=date(2026, 1, 1))
    jobs.expire(db, {}, today=AFTER)
    work_off(db, jobs.EXPIRE, AFTER)
    assert [lot.points_mpt for lot in balance_of(db, member_id=1).lots] == [7_000]


def test_a_month_that_is_over_is_no_longer_announced(db: Connection) -> None:
    earn(db, 1, points_mpt=9_000, on=EARNED)
    jobs.give_notice(db, {}, today=date(2026, 12, 31))
    work_off(db, jobs.GIVE_NOTICE, AFTER)
    assert db.scalar(text("SELECT count(*) FROM expiry_notice")) == 0


DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(3 * 366)]  # with a 29 February


def test_every_month_is_announced_thirty_and_seven_days_ahead() -> None:
    first: dict[tuple[date, int], date] = {}
    for today in DAYS:
        for notice in due_notices(today):
            assert today <= month_end(notice[0])
            first.setdefault(notice, today)
    for (month, days), told in first.items():
        if month > date(2026, 11, 1):
            assert told == month_end(month) - timedelta(days=days), month


@given(st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(sorted))
def test_on_whichever_days_the_job_runs_no_notice_is_missed(runs: list[date]) -> None:
    due = {(m, d) for today in DAYS for m, d in due_notices(today)}
    given_ = {notice for today in runs for notice in due_notices(today)}
    for month, days in due - given_:
        ahead = month_end(month) - timedelta(days=days)
        assert not [today for today in runs if ahead <= today <= month_end(month)]
