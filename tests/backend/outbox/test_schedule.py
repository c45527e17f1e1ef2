"""Periodic work is due once, however many ticks run; outbox rows are handed out until done."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.outbox import queries, service
from backend.schedule import PERIODIC, Daily, Every, run_due
from backend.worker import HANDLERS, QUEUES

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def test_jobs_are_enrolled_first_and_due_later(db: Connection) -> None:
    assert run_due(db, NOW) == []
    assert set(run_due(db, NOW + timedelta(days=1, minutes=1))) == set(PERIODIC)


def test_two_ticks_put_one_run(db: Connection) -> None:
    run_due(db, NOW)
    later = NOW + timedelta(days=2)
    assert run_due(db, later)
    assert run_due(db, later) == []


def test_missed_runs_are_made_up_once(db: Connection) -> None:
    run_due(db, NOW)
    run_due(db, NOW + timedelta(days=30))
    assert queries.backlog(db).waiting == len(PERIODIC)


def test_midnight_is_that_of_shanghai() -> None:
    daily = Daily(time(0, 5))
    assert daily.next_after(datetime(2026, 11, 18, 16, 4, tzinfo=UTC)) == datetime(
        2026, 11, 18, 16, 5, tzinfo=UTC
    )
    assert daily.next_after(datetime(2026, 11, 18, 16, 5, tzinfo=UTC)) == datetime(
        2026, 11, 19, 16, 5, tzinfo=UTC
    )


def test_every_counts_from_now() -> None:
    assert Every(timedelta(seconds=15)).next_after(NOW) == NOW + timedelta(seconds=15)


def test_every_periodic_job_has_a_handler_and_every_queue_one() -> None:
    assert set(PERIODIC) <= set(HANDLERS)
    assert {handler.queue for handler in HANDLERS.values()} == set(QUEUES)


def wait(db: Connection, column: str, interval: str) -> None:
    """Lets time pass for the rows of the outbox."""
    db.execute(text(f"UPDATE outbox SET {column} = {column} - interval '{interval}'"))


def test_a_message_comes_round_until_it_is_taken(db: Connection) -> None:
    service.put(db, kind="rankings.refresh", payload={})
    (first,) = service.hand_out(db, limit=10)
    assert first.attempt == 1
    wait(db, "available_at", "9 seconds")
    assert service.hand_out(db, limit=10) == []
    wait(db, "available_at", "1 second")
    (second,) = service.hand_out(db, limit=10)
    assert (second.id, second.attempt) == (first.id, 2)
    assert [taken.id for taken in service.take(db, [first.id])] == [first.id]
    assert service.take(db, [first.id]) == []
    wait(db, "available_at", "1 day")
    assert service.hand_out(db, limit=10) == []


@pytest.mark.parametrize("age, purged", [("1 day", 0), ("3 days", 1)])
def test_done_messages_are_purged_after_two_days(db: Connection, age: str, purged: int) -> None:
    service.put(db, kind="rankings.refresh", payload={})
    (due,) = service.hand_out(db, limit=1)
    service.take(db, [due.id])
    wait(db, "done_at", age)
    assert service.purge(db) == purged
