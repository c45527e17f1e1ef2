"""The real client against the stand-in, over HTTP: every error WeChat documents for login."""

import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.clock import FixedClock
from backend.errors import DomainError, ErrorKind
from backend.ports.wechat import HttpWeChat
from backend.ports.wechat_errors import (
    WeChatCodeInvalidError,
    WeChatHighRiskError,
    WeChatMisconfiguredError,
    WeChatRateLimitedError,
    WeChatUnavailableError,
)
from backend.ports.wechat_stand_in import WeChatStandIn
from backend.web.problems import status_of

APP_ID = "wx0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"
LOGIN = "/sns/jscode2session"
TOKEN = "/cgi-bin/stable_token"
PHONE = "/wxa/business/getuserphonenumber"


@pytest.fixture
def stand_in(clock: FixedClock) -> Iterator[WeChatStandIn]:
    with WeChatStandIn(APP_ID, SECRET, clock) as server:
        yield server


@pytest.fixture
def wechat(stand_in: WeChatStandIn, redis: Redis) -> HttpWeChat:
    return HttpWeChat(stand_in.base_url, APP_ID, SECRET, redis)


def impatient(base_url: str, redis: Redis) -> HttpWeChat:
    return HttpWeChat(base_url, APP_ID, SECRET, redis, timeout=(2, 0.1))


def test_code_becomes_session(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    session = wechat.exchange_code(stand_in.account.issue_code("o-1"))
    assert session.openid == "o-1"
    assert session.unionid is None
    assert len(session.session_key) == 24
    assert session.session_key not in repr(session)


def test_unionid_comes_when_the_app_is_bound(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    code = stand_in.account.issue_code("o-1", unionid="u-1")
    assert wechat.exchange_code(code).unionid == "u-1"


def test_code_works_once(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    code = stand_in.account.issue_code("o-1")
    wechat.exchange_code(code)
    with pytest.raises(WeChatCodeInvalidError, match="登录码已经用过，请重新进入小程序") as caught:
        wechat.exchange_code(code)
    assert caught.value.kind is ErrorKind.UNAUTHENTICATED


def test_code_lives_five_minutes(
    stand_in: WeChatStandIn, wechat: HttpWeChat, clock: FixedClock
) -> None:
    early, late = stand_in.account.issue_code("o-1"), stand_in.account.issue_code("o-2")
    clock.instant += timedelta(minutes=5) - timedelta(seconds=1)
    assert wechat.exchange_code(early).openid == "o-1"
    clock.instant += timedelta(seconds=1)
    with pytest.raises(WeChatCodeInvalidError):
        wechat.exchange_code(late)


@pytest.mark.parametrize("code", ["never-issued", "", "&secret=", "码"])
def test_unknown_code_is_refused(wechat: HttpWeChat, code: str) -> None:
    with pytest.raises(WeChatCodeInvalidError):
        wechat.exchange_code(code)


def test_a_new_code_replaces_the_session_key(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    first = wechat.exchange_code(stand_in.account.issue_code("o-1"))
    second = wechat.exchange_code(stand_in.account.issue_code("o-1"))
    assert first.session_key != second.session_key


@pytest.mark.parametrize(
    "app_id, secret", [("wx-other", SECRET), (APP_ID, "wrong"), ("", SECRET), (APP_ID, "")]
)
def test_wrong_configuration_is_ours_not_the_users(
    stand_in: WeChatStandIn, redis: Redis, app_id: str, secret: str
) -> None:
    wechat = HttpWeChat(stand_in.base_url, app_id, secret, redis)
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(WeChatMisconfiguredError, match="联系管理员") as caught:
            wechat.exchange_code(stand_in.account.issue_code("o-1"))
        with pytest.raises(WeChatMisconfiguredError):
            wechat.access_token()
    # No outage: whoever tries again gets the same, for ever.
    assert (caught.value.kind, caught.value.retry_after) == (ErrorKind.INVALID, None)
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("wechat_misconfigured", "error")
    ] * 2


@pytest.mark.parametrize(
    "errcode, status",
    [
        (40029, 401),
        (40163, 401),
        (41008, 401),
        (40226, 403),
        (45011, 429),
        (45009, 503),
        (-1, 503),
        (99999, 503),
        *[(code, 422) for code in (40001, 40013, 40125, 40164, 40243, 41002, 41004, 48001, 50002)],
        *[(code, 422) for code in (89503, 89506, 89507)],
    ],
)
def test_each_error_code_has_its_status_and_sentence(
    stand_in: WeChatStandIn,
    wechat: HttpWeChat,
    monkeypatch: pytest.MonkeyPatch,
    errcode: int,
    status: int,
) -> None:
    monkeypatch.setattr(stand_in.account, "exchange", lambda _: {"errcode": errcode})
    with pytest.raises(DomainError) as caught:
        wechat.exchange_code("code")
    assert status_of(caught.value) == status
    # Only what ends by itself says when.
    assert (caught.value.retry_after is not None) == (status in {429, 503})
    assert "请" in caught.value.message
    if status == 422:
        assert str(errcode) in caught.value.message


def test_a_hundred_logins_a_minute(
    stand_in: WeChatStandIn, wechat: HttpWeChat, clock: FixedClock
) -> None:
    for _ in range(100):
        wechat.exchange_code(stand_in.account.issue_code("o-1"))
    with pytest.raises(WeChatRateLimitedError) as caught:
        wechat.exchange_code(stand_in.account.issue_code("o-1"))
    assert caught.value.kind is ErrorKind.TOO_MANY
    assert caught.value.retry_after == 60
    assert wechat.exchange_code(stand_in.account.issue_code("o-2")).openid == "o-2"
    clock.instant += timedelta(minutes=1)
    assert wechat.exchange_code(stand_in.account.issue_code("o-1")).openid == "o-1"


def test_high_risk_user_is_forbidden(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    stand_in.account.mark_high_risk("o-1")
    with pytest.raises(WeChatHighRiskError) as caught:
        wechat.exchange_code(stand_in.account.issue_code("o-1"))
    assert caught.value.kind is ErrorKind.FORBIDDEN


def test_busy_once_is_retried(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    stand_in.answer_busy(1)
    assert wechat.exchange_code(stand_in.account.issue_code("o-1")).openid == "o-1"
    assert stand_in.calls[LOGIN] == 2


def test_busy_twice_asks_to_come_back(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    stand_in.answer_busy(2)
    with pytest.raises(WeChatUnavailableError) as caught:
        wechat.exchange_code(stand_in.account.issue_code("o-1"))
    assert caught.value.retry_after == 5
    assert stand_in.calls[LOGIN] == 2


def test_slow_answer_is_given_up(stand_in: WeChatStandIn, redis: Redis) -> None:
    stand_in.answer_slowly(30)
    with pytest.raises(WeChatUnavailableError) as caught:
        impatient(stand_in.base_url, redis).exchange_code(stand_in.account.issue_code("o-1"))
    assert caught.value.retry_after == 5


def test_unreachable_server(redis: Redis) -> None:
    code = "login-code"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base_url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(WeChatUnavailableError) as caught:
            impatient(base_url, redis).exchange_code(code)
    said = "".join(traceback.format_exception(caught.value))
    assert SECRET not in said
    assert code not in said


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"openid": "o"}',
        b'{"openid": 1, "session_key": "k"}',
        b'{"openid": "", "session_key": "k"}',
        b'{"openid": " ", "session_key": "k"}',
        b"\xff",
        b"[" * 100_000,
        b'{"errcode": 99999}',
        b'{"errcode": "x"}',
    ],
)
def test_unreadable_answer(redis: Redis, content: bytes) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        client = HttpWeChat(f"http://127.0.0.1:{server.server_port}", APP_ID, SECRET, redis)
        with pytest.raises(WeChatUnavailableError):
            client.exchange_code("code")
        thread.join()


def test_token_is_fetched_once_and_kept_short_of_its_end(
    stand_in: WeChatStandIn, wechat: HttpWeChat, redis: Redis
) -> None:
    token = wechat.access_token()
    assert wechat.access_token() == token
    assert stand_in.calls[TOKEN] == 1
    assert 6_895 < redis.ttl(f"wechat:{APP_ID}:token") <= 6_900


def test_token_about_to_end_is_not_kept(
    stand_in: WeChatStandIn, wechat: HttpWeChat, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"access_token": "t", "expires_in": 300}
    monkeypatch.setattr(stand_in.account, "stable_token", lambda _: answer)
    assert wechat.access_token() == "t"
    assert redis.keys() == []


def test_many_callers_fetch_one_token(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    stand_in.answer_slowly(0.2)
    with ThreadPoolExecutor(20) as pool:
        tokens = set(pool.map(lambda _: wechat.access_token(), range(20)))
    assert len(tokens) == 1
    assert stand_in.calls[TOKEN] == 1


def test_a_dead_callers_flight_holds_nobody_up_for_ever(
    stand_in: WeChatStandIn, redis: Redis
) -> None:
    redis.set(f"wechat:{APP_ID}:token:flight", "1", px=60_000)
    client = HttpWeChat(stand_in.base_url, APP_ID, SECRET, redis, timeout=(0.1, 0.2))
    assert client.access_token()


def test_token_without_redis(stand_in: WeChatStandIn, tmp_path: Path) -> None:
    down: Redis = Redis(unix_socket_path=str(tmp_path / "redis.sock"), retry=Retry(NoBackoff(), 0))
    wechat = HttpWeChat(stand_in.base_url, APP_ID, SECRET, down)
    assert wechat.access_token() == wechat.access_token()
    stand_in.account.revoke_tokens()
    assert wechat.phone_number(stand_in.account.issue_phone_code("13800138000")) == "13800138000"


def test_phone_number(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    code = stand_in.account.issue_phone_code("13800138000")
    assert wechat.phone_number(code) == "13800138000"
    with pytest.raises(WeChatCodeInvalidError, match="重新点击"):
        wechat.phone_number(code)


def test_revoked_token_is_renewed_once(stand_in: WeChatStandIn, wechat: HttpWeChat) -> None:
    old = wechat.access_token()
    stand_in.account.revoke_tokens()
    assert wechat.phone_number(stand_in.account.issue_phone_code("13800138000")) == "13800138000"
    assert wechat.access_token() != old
    assert stand_in.calls == {TOKEN: 2, PHONE: 2}


def test_expired_token_is_renewed_once(
    stand_in: WeChatStandIn, wechat: HttpWeChat, clock: FixedClock
) -> None:
    wechat.access_token()
    clock.instant += timedelta(hours=2)
    assert wechat.phone_number(stand_in.account.issue_phone_code("13800138000")) == "13800138000"
    assert stand_in.calls == {TOKEN: 2, PHONE: 2}


def test_token_refused_twice_is_not_asked_for_a_third_time(
    stand_in: WeChatStandIn, wechat: HttpWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in.account, "phone_number", lambda *_: {"errcode": 40014})
    with pytest.raises(WeChatUnavailableError):
        wechat.phone_number("code")
    assert stand_in.calls[PHONE] == 2


def test_nothing_secret_is_logged_or_quoted(
    stand_in: WeChatStandIn, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = impatient(stand_in.base_url, redis)
    code = stand_in.account.issue_code("o-1")
    said = []
    with structlog.testing.capture_logs() as logs:
        session = client.exchange_code(code)
        phone_code = stand_in.account.issue_phone_code("13800138000")
        client.phone_number(phone_code)
        for busy, slow in ((0, []), (2, []), (0, [30])):
            stand_in.answer_busy(busy)
            for seconds in slow:
                stand_in.answer_slowly(seconds)
            with pytest.raises(DomainError) as caught:
                client.exchange_code(code)
            said.append("".join(traceback.format_exception(caught.value)))
        token = client.access_token()
    assert logs
    text = "\n".join([caplog.text, str(logs), *said])
    for hidden in (SECRET, code, session.session_key, token, phone_code, "13800138000"):
        assert hidden not in text
