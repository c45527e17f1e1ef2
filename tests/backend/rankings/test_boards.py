"""Boards are a function of what was credited: live equals rebuilt, with or without Redis."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from backend import worker
from backend.actions.receipts import Receipt
from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.errors import InvalidInputError
from backend.outbox import relay
from backend.outbox.service import Due
from backend.rankings import jobs
from backend.rankings.policy import Board, BoardMeasure, season_named
from backend.rankings.service import Leaderboard, leaderboard, published
from tests.builders.city import City, a_city
from tests.builders.drop_offs import code_on_screen, drop

NOVEMBER = season_named("2026-11")


@pytest.fixture
def city(backend: Backend) -> City:
    return a_city(backend)


@pytest.fixture
def log(city: City) -> Callable[..., Receipt]:
    def logged(member: int, **changes: object) -> Receipt:
        arguments: dict[str, object] = {
            "rulebook": city.backend.rulebook,
            "keys": city.backend.keys,
            "member_id": city.scene.members[member],
            "code": city.scene.attended.url,
            "now": city.backend.clock.now(),
        } | changes
        with city.backend.engine.begin() as db:
            return drop(db, **arguments)  # type: ignore[arg-type]  # a test's own keywords

    return logged


def deliver(backend: Backend) -> int:
    """Relays and works off what is due, as relay and worker do."""
    worker.serve(backend)
    handed_out = relay.relay_once(
        backend.engine,
        lambda kind, due: worker.enqueue(backend.redis, kind, due),
    )
    # One worker for all, which takes a quarter of a second to leave; nobody is killed here.
    SimpleWorker(
        [
            Queue(name, connection=backend.redis, serializer=JSONSerializer)
            for name in worker.QUEUES
        ],
        connection=backend.redis,
        serializer=JSONSerializer,
    ).work(burst=True, logging_level="ERROR")
    return handed_out


def board(
    backend: Backend, measure: BoardMeasure = BoardMeasure.TOTAL, redis: Redis | None = None
) -> Leaderboard:
    with backend.engine.begin() as db:
        return leaderboard(
            db,
            redis or backend.redis,
            board=Board.DEPARTMENTS,
            season=NOVEMBER,
            measure=measure,
        )


def test_a_drop_off_moves_the_board(city: City, log: Callable[..., Receipt]) -> None:
    first, second = city.scene.departments
    log(0)
    deliver(city.backend)
    assert [place.group.id for place in board(city.backend).places] == [first, second]
    log(6)
    log(7)
    deliver(city.backend)
    places = board(city.backend).places
    assert [place.group.id for place in places] == [second, first]
    assert [place.rank for place in places] == [1, 2]
    assert places[0].group.headcount == 6
    assert places[0].group.actions == 2


def test_per_head_is_the_total_by_headcount_rounded_down(
    city: City, log: Callable[..., Receipt]
) -> None:
    log(0)
    deliver(city.backend)
    (total, *_), (per_head, *_) = (
        board(city.backend, measure).places
        for measure in (BoardMeasure.TOTAL, BoardMeasure.PER_HEAD)
    )
    assert per_head.score == total.score // 6


def test_ties_share_a_rank_and_say_so(city: City, log: Callable[..., Receipt]) -> None:
    log(0)
    log(6)
    deliver(city.backend)
    assert [(place.rank, place.tied) for place in board(city.backend).places] == [(1, True)] * 2


def test_self_declared_drop_offs_move_nothing(city: City, log: Callable[..., Receipt]) -> None:
    assert log(0, position=None).action.tier == "T0"
    deliver(city.backend)
    assert not board(city.backend).begun


def test_a_small_group_is_not_shown(backend: Backend) -> None:
    city = a_city(backend, members=8)
    with backend.engine.begin() as db:
        db.execute(
            text("DELETE FROM membership WHERE member_id = :id"), {"id": city.scene.members[0]}
        )
        jobs.recompute(db, NOVEMBER)
    hidden = board(backend)
    assert hidden.places == ()
    assert hidden.hidden == 2


def test_a_flushed_redis_gets_an_equal_board(city: City, log: Callable[..., Receipt]) -> None:
    log(0)
    log(6, mass="3")
    deliver(city.backend)
    before = board(city.backend)
    city.backend.redis.flushall()
    assert board(city.backend) == before  # from PostgreSQL
    with city.backend.engine.begin() as db:
        jobs.publish_current(db, city.backend.redis, now=city.backend.clock.now())
    assert published(city.backend.redis, board=Board.DEPARTMENTS, season=NOVEMBER)
    assert board(city.backend) == before  # from Redis again


def test_a_stopped_redis_is_read_around(city: City, log: Callable[..., Receipt]) -> None:
    log(0)
    deliver(city.backend)
    nowhere: Redis = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    assert board(city.backend, redis=nowhere) == board(city.backend)


def test_delivering_thrice_counts_once(city: City, log: Callable[..., Receipt]) -> None:
    log(0)
    deliver(city.backend)
    with city.backend.engine.begin() as db:
        ids = list(db.execute(text("SELECT id FROM outbox")).scalars())
    for _ in range(2):
        worker.perform("award.posted", ids)
    with city.backend.engine.begin() as db:
        assert jobs.differences(db) == set()
        assert db.execute(text("SELECT actions FROM department_day")).scalar_one() == 1


def test_a_job_killed_before_its_commit_takes_effect_later(
    city: City, log: Callable[..., Receipt], monkeypatch: pytest.MonkeyPatch
) -> None:
    log(0)

    def killed(*_arguments: object) -> None:
        raise SystemExit

    due: list[Due] = []
    relay.relay_once(city.backend.engine, lambda _kind, found: due.extend(found))
    worker.serve(city.backend)
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "roll_up", killed)
        with pytest.raises(SystemExit):
            worker.perform("award.posted", [message.id for message in due])
    assert board(city.backend).places == ()
    with city.backend.engine.begin() as db:
        db.execute(text("UPDATE outbox SET available_at = now()"))  # ten seconds on
    assert deliver(city.backend) == 1
    assert board(city.backend).places[0].score > 0


def test_reconciling_mends_a_spoilt_rollup(city: City, log: Callable[..., Receipt]) -> None:
    log(0)
    deliver(city.backend)
    before = board(city.backend)
    with city.backend.engine.begin() as db:
        db.execute(text("UPDATE department_day SET points_mpt = 1"))
        assert len(jobs.differences(db)) == 1
        assert jobs.rebuild(db) == 1
        assert jobs.differences(db) == set()
        jobs.publish_current(db, city.backend.redis, now=city.backend.clock.now())
    assert board(city.backend) == before


@pytest.mark.parametrize("name", ["2026", "2026-13", "２０２６-11", "2026-11-01", ""])
def test_a_season_is_a_month(name: str) -> None:
    with pytest.raises(InvalidInputError):
        season_named(name)


def test_an_award_of_last_month_moves_last_months_board(
    city: City, clock: FixedClock, log: Callable[..., Receipt]
) -> None:
    clock.instant = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)
    then = datetime(2026, 10, 31, 15, 30, tzinfo=UTC)
    code = code_on_screen(city.backend.keys, city.scene.attended.place.id, then)
    log(0, occurred_at=then, code=code)
    deliver(city.backend)
    assert not board(city.backend).begun
    with city.backend.engine.begin() as db:
        october = leaderboard(
            db,
            city.backend.redis,
            board=Board.INSTITUTIONS,
            season=season_named("2026-10"),
            measure=BoardMeasure.TOTAL,
        )
    assert october.places[0].score > 0
