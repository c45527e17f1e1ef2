"""Rate limits refuse in time and with the wait named, and never lock people out by themselves."""

from collections.abc import Callable

import pytest
import time_machine
from limits import parse
from redis import Redis

from backend.web import access
from backend.web.application import Application
from backend.web.limits import Limiter, by_member, rate_limited
from backend.web.metrics import LIMITER_FAILURES

MakeApp = Callable[..., Application]
MEMBER = {"Authorization": "Bearer member-token"}
ADMIN = {"Authorization": "Bearer admin-token"}


def _failures(name: str) -> float:
    return float(LIMITER_FAILURES.labels(name)._value.get())


def test_the_fourth_try_is_refused_with_the_wait(app: Application, redis: Redis) -> None:
    assert redis.ping()
    app.add_url_rule(
        "/login", "login", access.public(rate_limited("login", "3/minute")(lambda: "in"))
    )
    client = app.test_client()
    with time_machine.travel("2026-11-18T02:00:10Z"):
        assert [client.get("/login").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.get("/login")
        assert refused.json is not None
        assert refused.json["code"] == "rate_limited"
        wait = int(refused.headers["Retry-After"])
        assert 1 <= wait <= 60
        assert str(wait) in refused.json["detail"]
        other = client.get("/login", environ_overrides={"REMOTE_ADDR": "10.0.0.9"})
        assert other.status_code == 200


def test_members_are_counted_apart(app: Application, redis: Redis) -> None:
    assert redis.ping()
    limited = rate_limited("scan", "1/minute", by_member)(lambda: "scanned")
    app.add_url_rule("/scan", "scan", access.member_only(limited))
    client = app.test_client()
    assert client.get("/scan", headers=MEMBER).status_code == 200
    assert client.get("/scan", headers=MEMBER).status_code == 429
    assert client.get("/scan", headers=ADMIN).status_code == 200


def test_without_redis_tries_go_on_and_are_counted(make_app: MakeApp) -> None:
    app = make_app(redis_url="redis://127.0.0.1:9/0")
    app.add_url_rule(
        "/login", "login", access.public(rate_limited("open", "1/minute")(lambda: "in"))
    )
    before = _failures("open")
    client = app.test_client()
    assert [client.get("/login").status_code for _ in range(5)] == [200] * 5
    assert _failures("open") - before == 5


def test_the_limiter_rests_after_a_failure_and_counts_again(redis_url: str, redis: Redis) -> None:
    instant = [0.0]
    limiter = Limiter("redis://127.0.0.1:9/0", monotonic=lambda: instant[0])
    item = parse("1/minute")
    assert limiter.try_once(item, "rest", "a") is None
    working = Limiter(redis_url, monotonic=lambda: instant[0])
    limiter._strategy = working._strategy
    assert [limiter.try_once(item, "rest", "a") for _ in range(3)] == [None] * 3
    instant[0] = 6.0
    assert limiter.try_once(item, "rest", "a") is None
    assert limiter.try_once(item, "rest", "a") is not None
    assert redis.keys("*rest*")


def test_a_wrong_limit_fails_where_it_is_written() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        rate_limited("x", "often")
