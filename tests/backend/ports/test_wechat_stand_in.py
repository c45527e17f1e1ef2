"""The stand-in's own rules, as WeChat documents them."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from backend.cli.wechat_stand_in import wechat_stand_in
from backend.clock import FixedClock
from backend.ports.wechat_stand_in import WeChatAccount, WeChatStandIn

APP_ID = "wx0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"
ASK = {"grant_type": "client_credential", "appid": APP_ID, "secret": SECRET}


@pytest.fixture
def account(clock: FixedClock) -> WeChatAccount:
    return WeChatAccount(APP_ID, SECRET, clock)


@pytest.fixture
def stand_in(clock: FixedClock) -> Iterator[WeChatStandIn]:
    with WeChatStandIn(APP_ID, SECRET, clock) as server:
        yield server


def works(account: WeChatAccount, token: str) -> bool:
    code = account.issue_phone_code("13800138000")
    answer = account.phone_number({"access_token": token}, {"code": code})
    return bool(answer["errcode"] == 0)


def login(account: WeChatAccount, code: str, **changes: str) -> dict[str, Any]:
    query = {"appid": APP_ID, "secret": SECRET, "js_code": code}
    return account.exchange({**query, "grant_type": "authorization_code", **changes})


def test_success_has_no_errcode(account: WeChatAccount) -> None:
    assert set(login(account, account.issue_code("o-1"))) == {"openid", "session_key"}


@pytest.mark.parametrize(
    "changes, errcode",
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wx-other"}, 40013),
        ({"secret": "wrong"}, 40125),
        ({"grant_type": "password"}, 40002),
        ({"js_code": "unknown"}, 40029),
    ],
)
def test_login_errors(account: WeChatAccount, changes: dict[str, str], errcode: int) -> None:
    assert login(account, account.issue_code("o-1"), **changes)["errcode"] == errcode


def test_token_repeats_until_its_last_five_minutes(
    account: WeChatAccount, clock: FixedClock
) -> None:
    first = account.stable_token(ASK)
    assert first["expires_in"] == 7200
    clock.instant += timedelta(seconds=6899)
    assert account.stable_token(ASK) == {**first, "expires_in": 301}
    clock.instant += timedelta(seconds=1)
    second = account.stable_token(ASK)
    assert second["access_token"] != first["access_token"]
    assert works(account, first["access_token"])
    assert works(account, second["access_token"])
    clock.instant += timedelta(seconds=300)
    assert not works(account, first["access_token"])
    assert works(account, second["access_token"])


def test_forced_refresh_ends_the_old_token(account: WeChatAccount) -> None:
    first = account.stable_token(ASK)["access_token"]
    second = account.stable_token({**ASK, "force_refresh": True})["access_token"]
    assert not works(account, first)
    assert works(account, second)


def test_forced_refresh_has_its_limits(account: WeChatAccount, clock: FixedClock) -> None:
    force = {**ASK, "force_refresh": True}
    for _ in range(20):
        assert "access_token" in account.stable_token(force)
        clock.instant += timedelta(seconds=30)
    assert account.stable_token(force)["errcode"] == 45009
    clock.instant += timedelta(days=1)
    assert "access_token" in account.stable_token(force)


def test_forced_refreshes_stand_thirty_seconds_apart(
    account: WeChatAccount, clock: FixedClock
) -> None:
    force = {**ASK, "force_refresh": True}
    token = account.stable_token(force)["access_token"]
    clock.instant += timedelta(seconds=29)
    assert account.stable_token(force)["errcode"] == 45011
    assert works(account, token)
    clock.instant += timedelta(seconds=1)
    assert "access_token" in account.stable_token(force)


def test_token_errors(account: WeChatAccount, clock: FixedClock) -> None:
    token = account.stable_token(ASK)["access_token"]
    assert account.phone_number({}, {})["errcode"] == 41001
    assert account.phone_number({"access_token": "other"}, {})["errcode"] == 40001
    clock.instant += timedelta(hours=2)
    assert account.phone_number({"access_token": token}, {})["errcode"] == 42001
    assert account.stable_token({**ASK, "grant_type": "x"})["errcode"] == 40002


def test_codes_are_issued_over_http(stand_in: WeChatStandIn) -> None:
    issued = requests.post(f"{stand_in.base_url}/stand-in/codes", json={"openid": "o-1"}, timeout=5)
    assert issued.status_code == 201
    query = {
        "appid": APP_ID,
        "secret": SECRET,
        "js_code": issued.json()["code"],
        "grant_type": "authorization_code",
    }
    url = f"{stand_in.base_url}/sns/jscode2session"
    answer = requests.get(url, params=query, timeout=5)
    assert answer.json()["openid"] == "o-1"
    phone = requests.post(
        f"{stand_in.base_url}/stand-in/phone-codes", json={"phone": "13800138000"}, timeout=5
    )
    assert phone.json()["code"]


@pytest.mark.parametrize(
    "method, path, body, status, errcode",
    [
        ("GET", "/", None, 404, 404),
        ("POST", "/sns/jscode2session", {}, 200, 43002),
        ("GET", "/cgi-bin/stable_token", None, 200, 43002),
        ("POST", "/cgi-bin/stable_token", [], 200, 47001),
        ("POST", "/stand-in/codes", {"openid": 1}, 400, None),
        ("POST", "/stand-in/phone-codes", {}, 400, None),
        ("POST", "/stand-in/other", {"openid": "o-1"}, 400, None),
    ],
)
def test_wrong_requests(
    stand_in: WeChatStandIn, method: str, path: str, body: object, status: int, errcode: int | None
) -> None:
    answer = requests.request(method, stand_in.base_url + path, json=body, timeout=5)
    assert answer.status_code == status
    assert answer.json().get("errcode") == errcode


def test_large_body_is_refused(stand_in: WeChatStandIn) -> None:
    url = f"{stand_in.base_url}/stand-in/codes"
    answer = requests.post(url, data=b"x" * 65_537, timeout=5)
    assert answer.status_code == 413


def test_unreadable_body_is_an_error_of_format(stand_in: WeChatStandIn) -> None:
    answer = requests.post(f"{stand_in.base_url}/cgi-bin/stable_token", data=b"{", timeout=5)
    assert json.loads(answer.content)["errcode"] == 47001


def test_serves_this_machine_only(stand_in: WeChatStandIn) -> None:
    assert stand_in.base_url.startswith("http://127.0.0.1:")


def test_command_says_when_the_port_is_taken(stand_in: WeChatStandIn) -> None:
    port = stand_in.base_url.rsplit(":", 1)[1]
    result = CliRunner().invoke(wechat_stand_in, ["--port", port])
    assert result.exit_code == 2
    assert f"--port {port}" in result.output
