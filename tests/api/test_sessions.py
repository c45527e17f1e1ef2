"""Logging in and out over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.people.closing import deactivate_member
from backend.people.models import Face
from backend.people.service import create_login_link, revoke_all
from backend.ports.wechat import HttpWeChat
from backend.ports.wechat_stand_in import WeChatStandIn
from miniprogram_api.app import create_app
from tests.builders.scene import Scene

APP_ID, SECRET = "wx0123456789abcdef", "app-secret-of-the-tests"
HOUR = timedelta(hours=1)
URL = "/api/v1/sessions"


@pytest.fixture
def stand_in(clock: FixedClock) -> Iterator[WeChatStandIn]:
    with WeChatStandIn(APP_ID, SECRET, clock) as server:
        yield server


@pytest.fixture
def app(backend: Backend, stand_in: WeChatStandIn, redis: Redis) -> Flask:
    wechat = HttpWeChat(stand_in.base_url, APP_ID, SECRET, redis, timeout=(0.5, 0.5))
    return create_app(replace(backend, wechat=wechat))


def link(backend: Backend, member_id: int, purpose: Face = Face.API) -> str:
    with backend.engine.begin() as db:
        return create_login_link(
            db, member_id=member_id, purpose=purpose, ttl=HOUR, now=backend.clock.now()
        )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_wechat_logs_in_and_the_token_opens_the_account(
    client: FlaskClient, stand_in: WeChatStandIn
) -> None:
    code = stand_in.account.issue_code("openid-1")
    answer = client.post(URL, json={"provider": "wechat", "code": code})
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json.keys() == {"token", "expires_at", "member"}
    assert answer.json["expires_at"] == "2026-12-18T02:00:00+00:00"
    assert answer.json["member"]["kind"] == "citizen"
    me = client.get("/api/v1/me", headers=bearer(answer.json["token"]))
    assert me.json == answer.json["member"]
    again = client.post(URL, json={"provider": "wechat", "code": code})
    assert again.status_code == 401
    assert again.json is not None
    assert again.json["code"] == "wechat_code_invalid"


def test_neither_openid_nor_session_key_is_told(
    client: FlaskClient, stand_in: WeChatStandIn
) -> None:
    code = stand_in.account.issue_code("openid-of-a-person")
    answer = client.post(URL, json={"provider": "wechat", "code": code})
    assert "openid-of-a-person" not in answer.text
    assert "session_key" not in answer.text


def test_wechat_out_of_reach_says_so(client: FlaskClient, stand_in: WeChatStandIn) -> None:
    code = stand_in.account.issue_code("openid-1")
    stand_in.answer_busy(2)
    answer = client.post(URL, json={"provider": "wechat", "code": code})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_slow_wechat_holds_no_connection(
    client: FlaskClient, backend: Backend, stand_in: WeChatStandIn
) -> None:
    held: list[int] = []
    exchange = stand_in.account.exchange

    def watch(query: object) -> dict[str, object]:
        held.append(backend.engine.pool.checkedout())  # type: ignore[attr-defined]  # QueuePool
        return exchange(query)  # type: ignore[arg-type]  # passed through

    stand_in.account.exchange = watch  # type: ignore[method-assign]  # looks from WeChat's side
    code = stand_in.account.issue_code("openid-1")
    assert client.post(URL, json={"provider": "wechat", "code": code}).status_code == 201
    assert held == [0]


def test_a_link_logs_in_once(client: FlaskClient, backend: Backend, scene: Scene) -> None:
    body = {"provider": "link", "code": link(backend, scene.members[0])}
    answer = client.post(URL, json=body)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["member"]["id"] == scene.members[0]
    again = client.post(URL, json=body)
    assert again.status_code == 401
    assert again.json is not None
    assert again.json["code"] == "login_link_invalid"


def test_a_console_link_opens_no_session_here(
    client: FlaskClient, backend: Backend, scene: Scene
) -> None:
    code = link(backend, scene.members[0], Face.CONSOLE)
    assert client.post(URL, json={"provider": "link", "code": code}).status_code == 401


def test_zzd_is_refused_with_the_field(client: FlaskClient) -> None:
    answer = client.post(URL, json={"provider": "zzd", "code": "x"})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["code"] == "provider_not_configured"
    assert [error["field"] for error in answer.json["errors"]] == ["provider"]


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "provider"),
        ({"provider": "wechat"}, "code"),
        ({"provider": "github", "code": "x"}, "provider"),
        ({"provider": ["wechat"], "code": "x"}, "provider"),
        ({"provider": 1, "code": "x"}, "provider"),
        ({"provider": "link", "code": 1}, "code"),
        ({"provider": "link", "code": ""}, "code"),
        ({"provider": "link", "code": "x" * 513}, "code"),
        ({"provider": "link", "code": "x", "member_id": 1}, "member_id"),
    ],
)
def test_a_wrong_body_names_its_field(
    client: FlaskClient, body: dict[str, object], field: str
) -> None:
    answer = client.post(URL, json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert field in [error["field"] for error in answer.json["errors"]]


def test_logging_out_holds_with_the_next_request(
    client: FlaskClient, backend: Backend, scene: Scene
) -> None:
    tokens = []
    for _ in range(2):
        code = link(backend, scene.members[0])
        answer = client.post(URL, json={"provider": "link", "code": code})
        assert answer.json is not None
        tokens.append(answer.json["token"])
    first, second = tokens
    assert client.delete(f"{URL}/current", headers=bearer(first)).status_code == 204
    assert client.get("/api/v1/me", headers=bearer(first)).status_code == 401
    assert client.delete(f"{URL}/current", headers=bearer(first)).status_code == 401
    assert client.get("/api/v1/me", headers=bearer(second)).status_code == 200


@pytest.mark.parametrize("how", ["revoked", "deactivated", "expired"])
def test_a_token_that_ended_is_refused_at_once(
    client: FlaskClient, backend: Backend, scene: Scene, clock: FixedClock, how: str
) -> None:
    code = link(backend, scene.members[0])
    answer = client.post(URL, json={"provider": "link", "code": code})
    assert answer.json is not None
    headers = bearer(answer.json["token"])
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    with backend.engine.begin() as db:
        if how == "revoked":
            revoke_all(db, member_id=scene.members[0], now=clock.now())
        elif how == "deactivated":
            deactivate_member(db, member_id=scene.members[0], now=clock.now(), actor_id=None)
        else:
            clock.instant += timedelta(days=30)
    refused = client.get("/api/v1/me", headers=headers)
    assert refused.status_code == 401
    assert refused.json is not None
    assert refused.json["code"] == "unauthenticated"


def test_a_deactivated_member_cannot_come_back(
    client: FlaskClient, backend: Backend, stand_in: WeChatStandIn
) -> None:
    body = {"provider": "wechat", "code": stand_in.account.issue_code("openid-1")}
    answer = client.post(URL, json=body)
    assert answer.json is not None
    with backend.engine.begin() as db:
        deactivate_member(
            db, member_id=answer.json["member"]["id"], now=backend.clock.now(), actor_id=None
        )
    body = {"provider": "wechat", "code": stand_in.account.issue_code("openid-1")}
    again = client.post(URL, json=body)
    assert again.status_code == 403
    assert again.json is not None
    assert again.json["code"] == "account_deactivated"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a b", "token x"])
def test_other_credentials_open_nothing(client: FlaskClient, header: str) -> None:
    for method, path in (("GET", "/api/v1/me"), ("DELETE", f"{URL}/current")):
        answer = client.open(path, method=method, headers={"Authorization": header})
        assert answer.status_code == 401
