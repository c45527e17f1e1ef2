"""Limits refuse in time, with their own wait named, and never lock people out by themselves."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from redis import Redis
from werkzeug.exceptions import Unauthorized

from backend.web import access, limits
from backend.web.application import Application
from backend.web.counting import By, Limit, SlotTaken, UseCounter
from backend.web.metrics import LIMITER_FAILURES

MakeApp = Callable[..., Application]
MEMBER = {"Authorization": "Bearer member-token"}
ADMIN = {"Authorization": "Bearer admin-token"}
HERE, THERE = {"REMOTE_ADDR": "10.0.0.8"}, {"REMOTE_ADDR": "10.0.0.9"}


@pytest.fixture(autouse=True)
def counting(redis: Redis) -> Redis:
    """An empty Redis to count in."""
    return redis


def _route(app: Application, name: str, *declared: Limit, rule: Any = access.public) -> None:
    view = limits.limited(*declared)(lambda: "in")
    app.add_url_rule(f"/{name}", name, rule(view), methods=["GET", "POST"])


def _failures(name: str) -> float:
    return float(LIMITER_FAILURES.labels(name)._value.get())


def test_what_is_beyond_a_limit_is_refused_with_the_wait(app: Application) -> None:
    _route(app, "x", Limit("x", 3, 60))
    client = app.test_client()
    answers = [client.get("/x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"][:7] for answer in answers] == [
        '"x";r=2',
        '"x";r=1',
        '"x";r=0',
        '"x";r=0',
    ]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"x";q=3;w=60'}
    refused = answers[-1]
    assert refused.json is not None
    assert refused.json["code"] == "rate_limited"
    assert refused.headers["Retry-After"] in {"19", "20"}
    assert refused.headers["Retry-After"] in refused.json["detail"]
    assert client.get("/x", environ_overrides=THERE).status_code == 200


def test_after_the_wait_that_was_named_there_is_room(app: Application) -> None:
    _route(app, "quick", Limit("quick", 2, 2))
    client = app.test_client()
    assert [client.get("/quick").status_code for _ in range(3)] == [200, 200, 429]
    wait = int(client.get("/quick").headers["Retry-After"])
    assert wait == 1
    time.sleep(wait)
    assert client.get("/quick").status_code == 200


def test_the_wait_is_that_of_the_limit_that_refused(app: Application) -> None:
    _route(app, "two", Limit("minute", 5, 60), Limit("hour", 1, 3600))
    client = app.test_client()
    assert client.get("/two").status_code == 200
    refused = client.get("/two")
    assert 3590 <= int(refused.headers["Retry-After"]) <= 3600
    # What was refused took nothing of the other limit.
    assert refused.headers["RateLimit"].startswith('"minute";r=4')


def test_members_are_counted_apart_behind_one_address(app: Application) -> None:
    _route(app, "own", Limit("own", 1, 60), rule=access.member_only)
    client = app.test_client()
    assert client.get("/own", headers=MEMBER).status_code == 200
    assert client.get("/own", headers=MEMBER, environ_overrides=THERE).status_code == 429
    assert client.get("/own", headers=ADMIN).status_code == 200


def test_guessing_locks_out_nobody_who_knows_the_code(app: Application) -> None:
    def log_in(code: str) -> str:
        if code != "right":
            raise Unauthorized
        return "in"

    guesses = Limit("guess", 3, 60, By.ADDRESS, failures_only=True)
    view = access.public(limits.limited(guesses)(log_in))
    app.add_url_rule("/in/<code>", "in", view, methods=["POST"])
    client = app.test_client()
    office = [client.post("/in/right").status_code for _ in range(30)]
    assert office == [200] * 30
    assert [client.post("/in/wrong").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    assert client.post("/in/right").status_code == 200
    assert client.post("/in/wrong", environ_overrides=THERE).status_code == 401


def test_a_route_that_may_write_is_limited_without_asking(app: Application) -> None:
    app.add_url_rule("/w", "w", access.member_only(lambda: "written"), methods=["GET", "POST"])
    caller, day, installation = limits.limits_of(app, "w", "POST")
    assert (caller.by, day.by) == (By.CALLER, By.CALLER)
    assert installation.by is By.INSTALLATION
    assert limits.limits_of(app, "w", "GET") == ()
    answer = app.test_client().post("/w", headers=MEMBER)
    assert answer.headers["RateLimit"].startswith('"writes";r=119')
    assert "all-writes" not in answer.headers["RateLimit-Policy"]


def test_all_callers_together_have_a_limit(make_app: MakeApp) -> None:
    app = make_app(writes_per_minute=2)
    app.add_url_rule("/w", "w", access.member_only(lambda: "written"), methods=["POST"])
    client = app.test_client()
    calls = [client.post("/w", headers=who).status_code for who in (MEMBER, ADMIN, MEMBER)]
    assert calls == [200, 200, 429]


def test_without_redis_requests_go_on_and_are_counted(make_app: MakeApp) -> None:
    app = make_app(redis_url="redis://127.0.0.1:9/0")
    _route(app, "open", Limit("open", 1, 60))
    before = _failures("open")
    client = app.test_client()
    assert [client.get("/open").status_code for _ in range(5)] == [200] * 5
    assert _failures("open") - before == 5


def test_the_counter_rests_after_a_failure_and_counts_again(redis_url: str) -> None:
    instant = [0.0]
    counter = UseCounter("redis://127.0.0.1:9/0", monotonic=lambda: instant[0])
    limit = Limit("rest", 1, 60)
    assert counter.take([(limit, "a")]) == []
    counter._take = UseCounter(redis_url)._take
    assert counter.take([(limit, "a")]) == []
    instant[0] = 6.0

    def waits(taken: Sequence[SlotTaken]) -> list[bool]:
        return [each.wait > 0 for each in taken]

    assert waits(counter.take([(limit, "a")])) == [False]
    assert waits(counter.take([(limit, "a")])) == [True]
