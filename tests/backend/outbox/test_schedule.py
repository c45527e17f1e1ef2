"""Periodic work is due once, however many ticks run; outbox rows are handed out until done."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.outbox import queries, service
from backend.schedule import PERIODIC, Daily, Every, run_due
from backend.worker import HANDLERS, QUEUES

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


def test_jobs_are_enrolled_first_and_due_later(db: Connection) -> None:
    assert run_due(db, NOW, held=False) == []
    assert set(run_due(db, NOW + timedelta(days=1, minutes=1), held=False)) == set(PERIODIC)


def test_what_a_clock_in_the_future_has_claimed_is_due_now(db: Connection) -> None:
    run_due(db, NOW, held=False)
    ahead = NOW + timedelta(days=400)
    assert set(run_due(db, ahead, held=False)) == set(PERIODIC)
    later = NOW + timedelta(seconds=90)
    assert set(run_due(db, later, held=False)) == set(PERIODIC)
    assert run_due(db, later, held=False) == []


def test_a_clock_a_little_ahead_makes_nothing_due_twice(db: Connection) -> None:
    run_due(db, NOW, held=False)
    run_due(db, NOW + timedelta(days=1, minutes=1), held=False)
    assert run_due(db, NOW + timedelta(days=1), held=False) == []


def test_while_work_is_held_only_what_can_be_done_again_is_put(db: Connection) -> None:
    run_due(db, NOW, held=False)
    later = NOW + timedelta(days=2)
    assert not any(PERIODIC[name].irreversible for name in run_due(db, later, held=True))
    assert {name for name, job in PERIODIC.items() if job.irreversible} == set(
        run_due(db, later, held=False)
    )


def test_two_ticks_put_one_run(db: Connection) -> None:
    run_due(db, NOW, held=False)
    later = NOW + timedelta(days=2)
    assert run_due(db, later, held=False)
    assert run_due(db, later, held=False) == []


def test_missed_runs_are_made_up_once(db: Connection) -> None:
    run_due(db, NOW, held=False)
    run_due(db, NOW + timedelta(days=30), held=False)
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


def test_a_message_of_a_clock_in_the_future_is_due_now(db: Connection) -> None:
    service.put(db, kind="rankings.refresh", payload={})
    wait(db, "available_at", "-400 days")
    assert len(service.hand_out(db, limit=10)) == 1


@pytest.mark.parametrize("age, purged", [("1 day", 0), ("3 days", 1)])
def test_done_messages_are_purged_after_two_days(db: Connection, age: str, purged: int) -> None:
    service.put(db, kind="rankings.refresh", payload={})
    (due,) = service.hand_out(db, limit=1)
    service.take(db, [due.id])
    wait(db, "done_at", age)
    assert service.purge(db) == purged
