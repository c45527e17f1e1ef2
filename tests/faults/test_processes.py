"""Faults that lose nothing: real processes, killed and cut off in the middle of their work."""

import http.client
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psutil
from sqlalchemy import text

from backend.clock import business_day
from backend.ledger.amendments import lock_member
from backend.ledger.queries import drifting_balances
from backend.rankings import jobs
from backend.rankings.policy import Board, BoardMeasure, season_of
from backend.rankings.service import leaderboard, published
from backend.runtime.redis import EmbeddedRedis
from tests.builders.city import City
from tests.builders.drop_offs import POSITION_SENT, a_reference
from tests.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from tests.faults.conftest import Api

RANKINGS_LOCK = jobs.LOCK_KEY


def an_action(city: City, *, minutes_ago: int = 0, reference: str | None = None) -> dict[str, Any]:
    occurred_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    return {
        "reference": reference or a_reference(),
        "kind": "recycling.drop_off",
        "occurred_at": occurred_at.isoformat(),
        "facts": {"material": "paper", "mass": "1.25"},
        "evidence": {"code": city.scene.attended.url, "position": POSITION_SENT},
    }


def count(city: City, table: str) -> int:
    with city.backend.engine.begin() as db:
        return int(db.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_fifty_identical_submissions_credit_once(city: City, api: "Api") -> None:
    token, action = city.token(city.scene.members[0]), an_action(city)
    start = threading.Barrier(50, timeout=PATIENCE_SECONDS)

    def submit(_number: int) -> tuple[int, Any]:
        start.wait()
        answer = api.post_action(token, action)
        return answer.status, answer.body

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(submit, range(50)))
    assert sorted(status for status, _ in answers) == [200] * 49 + [201]
    assert all(body == answers[0][1] for _, body in answers)
    assert (count(city, "action"), count(city, "entry"), count(city, "evidence_use")) == (1, 1, 1)


def test_a_worker_killed_in_the_middle_leaves_nothing(
    city: City, api: "Api", until: Callable[..., None]
) -> None:
    member, action = city.scene.members[0], an_action(city)
    token = city.token(member)
    broken: list[BaseException] = []

    def submit() -> None:
        try:
            api.post_action(token, action)
        except (OSError, http.client.HTTPException) as error:
            broken.append(error)

    request = threading.Thread(target=submit)
    with city.backend.engine.begin() as db:
        # The posting function waits for this member's lock; there the worker is killed.
        lock_member(db, member)
        request.start()
        waiting = text(
            "SELECT count(*) FROM pg_locks AS waiting WHERE NOT waiting.granted AND EXISTS ("
            " SELECT FROM pg_locks AS any_lock WHERE any_lock.pid = waiting.pid AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        until(lambda: db.execute(waiting).scalar_one() == 1, "the request waits")
        for worker in api.process.children():
            worker.kill()
        request.join(timeout=PATIENCE_SECONDS)
    assert broken
    assert count(city, "action") == 0
    assert count(city, "idempotency") == 0
    until(lambda: _succeeds(api, token, action), "the retry is answered")
    assert count(city, "action") == count(city, "entry") == 1


def _succeeds(api: "Api", token: str, action: dict[str, Any]) -> bool:
    try:
        return api.post_action(token, action).status in (200, 201)
    except (OSError, http.client.HTTPException):
        return False


def test_workers_killed_under_load_leave_all_or_nothing(
    city: City, api: "Api", until: Callable[..., None]
) -> None:
    dice = random.Random(20261118)  # noqa: S311 - chance, not secrecy
    work = [
        (city.token(member), an_action(city, minutes_ago=number % 7))
        for number, member in enumerate(city.scene.members)
    ]

    def insist(item: tuple[str, dict[str, Any]]) -> None:
        until(lambda: _succeeds(api, *item), "the action is answered")

    done = threading.Event()
    kills: list[None] = []

    def nemesis() -> None:
        while not done.wait(dice.uniform(0.02, 0.2)):
            api.kill_a_worker()
            kills.append(None)

    killer = threading.Thread(target=nemesis)
    killer.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insist, work))
    done.set()
    killer.join()
    assert kills
    with city.backend.engine.begin() as db:
        per_member = db.execute(
            text("SELECT member_id, count(*) FROM entry GROUP BY member_id")
        ).all()
        assert sorted(row[0] for row in per_member) == sorted(city.scene.members)
        assert {row[1] for row in per_member} == {1}
        assert drifting_balances(db) == []


def test_without_redis_drop_offs_succeed_and_boards_catch_up(
    city: City,
    api: "Api",
    own_redis: EmbeddedRedis,
    start: Callable[..., psutil.Popen],
    until: Callable[..., None],
) -> None:
    own_redis.stop()
    start("relay")
    answers = [
        api.post_action(city.token(member), an_action(city)).status
        for member in city.scene.members[:5]
    ]
    assert answers == [201] * 5
    own_redis.start()
    start("worker", "rankings")
    until(lambda: count(city, "department_day") == 1, "the roll-up is there")
    now = datetime.now(UTC)
    season = season_of(business_day(now))

    def board_is_published() -> bool:
        return published(city.backend.redis, board=Board.DEPARTMENTS, season=season) is not None

    until(board_is_published, "the board is back in Redis")
    with city.backend.engine.begin() as db:
        live = leaderboard(
            db,
            city.backend.redis,
            board=Board.DEPARTMENTS,
            season=season,
            measure=BoardMeasure.TOTAL,
        )
        assert jobs.differences(db) == set()
    assert live.places[0].group.actions == 5


def test_a_worker_killed_in_the_middle_of_a_job_takes_effect_once(
    city: City,
    api: "Api",
    start: Callable[..., psutil.Popen],
    until: Callable[..., None],
) -> None:
    assert api.post_action(city.token(city.scene.members[0]), an_action(city)).status == 201
    worker = start("worker", "rankings")
    with city.backend.engine.begin() as db:
        # The job waits for the lock of the rankings; there worker and job are killed.
        db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": RANKINGS_LOCK})
        start("relay")
        until(lambda: len(worker.children(recursive=True)) > 0, "the job has begun")
        waiting = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        until(lambda: db.execute(waiting).scalar_one() >= 1, "the job waits")
        for process in [*worker.children(recursive=True), worker]:
            process.kill()
        worker.wait(timeout=PATIENCE_SECONDS)
    with city.backend.engine.begin() as db:
        assert db.execute(text("SELECT done_at FROM outbox")).scalar_one() is None
        db.execute(text("UPDATE outbox SET available_at = now()"))  # ten seconds on
    start("worker", "rankings")
    until(lambda: count(city, "department_day") == 1, "the effect is there")
    with city.backend.engine.begin() as db:
        assert db.execute(text("SELECT actions FROM department_day")).scalar_one() == 1
        assert jobs.differences(db) == set()
