"""What surrounds every view: ids, headers, body limits, proxies, log lines."""

import io
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any

import pytest
from flask import jsonify, render_template_string, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.people.models import Face
from backend.web import access
from backend.web.application import Application

MakeApp = Callable[..., Application]
Trusted = tuple[IPv4Network, ...]
PROXY, ELSEWHERE = (ip_network("127.0.0.1"),), (ip_network("10.1.0.0/16"),)
MEMBER = {"Authorization": "Bearer member-token", "Content-Type": "application/json"}


class CountedStream(io.RawIOBase):
    """An endless body that counts how much of it was read."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = len(buffer)
        buffer[:] = b"[" * size
        self.taken += size
        return size


def _send(client: FlaskClient, path: str, stream: CountedStream, **environ: Any) -> TestResponse:
    return client.post(
        path,
        headers=MEMBER,
        environ_overrides={"wsgi.input": stream, **environ},
    )


def test_a_long_declared_body_is_refused_unread(client: FlaskClient) -> None:
    stream = CountedStream()
    answer = _send(client, "/api/v1/notes", stream, CONTENT_LENGTH=str(10**9))
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["code"] == "body_too_large"
    assert "256 KB" in answer.json["detail"]
    assert stream.taken == 0


def test_a_route_may_take_more(client: FlaskClient) -> None:
    body = b"x" * 1_000_000
    assert client.post("/api/v1/uploads", data=body).json == {"size": 1_000_000}
    assert client.post("/api/v1/uploads", data=body + body).status_code == 413
    assert client.post("/api/v1/notes", data=body, headers=MEMBER).status_code == 413


@pytest.mark.parametrize(
    "trusted, given, believed",
    [
        ((), "abcdefgh-1234", "-"),
        (ELSEWHERE, "abcdefgh-1234", "-"),
        (PROXY, "abcdefgh-1234", "abcdefgh-1234"),
        (PROXY, "short", "-"),
        (PROXY, "x" * 65, "-"),
        (PROXY, "a b c d e f g h", "-"),
        (PROXY, "标识标识标识标识", "-"),
    ],
)
def test_a_request_id_is_believed_behind_a_proxy_only(
    make_app: MakeApp, trusted: Trusted, given: str, believed: str
) -> None:
    client = make_app(trusted_proxies=trusted).test_client()
    got = client.get("/healthz", environ_overrides={"HTTP_X_REQUEST_ID": given}).headers
    assert (got["X-Request-Id"] == given) == (believed == given)
    assert len(got["X-Request-Id"]) >= 8


def test_two_requests_have_two_ids(client: FlaskClient) -> None:
    ids = {client.get("/healthz").headers["X-Request-Id"] for _ in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    "trusted, forwarded_for, seen",
    [
        ((), "203.0.113.9", "127.0.0.1 http localhost"),
        (ELSEWHERE, "203.0.113.9", "127.0.0.1 http localhost"),
        (PROXY, "203.0.113.9", "203.0.113.9 https localhost"),
        (PROXY, "invented, 198.51.100.1, 203.0.113.9", "203.0.113.9 https localhost"),
        (PROXY, "198.51.100.1, 127.0.0.1", "198.51.100.1 https localhost"),
        (PROXY, "198.51.100.1, ::ffff:127.0.0.1", "198.51.100.1 https localhost"),
        (PROXY, "2001:db8::7", "2001:db8::7 https localhost"),
        (PROXY, "unknown", "127.0.0.1 https localhost"),
        (PROXY, "198.51.100.1, unknown", "127.0.0.1 https localhost"),
        (PROXY, "", "127.0.0.1 https localhost"),
    ],
)
def test_forwarded_headers_count_from_the_address_of_a_proxy_only(
    make_app: MakeApp, trusted: Trusted, forwarded_for: str, seen: str
) -> None:
    app = make_app(trusted_proxies=trusted)

    @app.get("/seen")
    @access.public
    def see() -> str:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    forwarded = {
        "X-Forwarded-For": forwarded_for,
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Prefix": "/evil",
    }
    assert app.test_client().get("/seen", headers=forwarded).text == seen


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/notes", "/api/v1/nothing"])
def test_every_answer_is_protected(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "geolocation=(self)" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_hsts_and_the_console_policy(make_app: MakeApp) -> None:
    app = make_app(face=Face.CONSOLE, trusted_proxies=PROXY)
    headers = app.test_client().get("/healthz", headers={"X-Forwarded-Proto": "https"}).headers
    assert headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "geolocation=()" in headers["Permissions-Policy"]


def test_a_page_runs_only_scripts_with_its_nonce(app: Application) -> None:
    @app.get("/page")
    @access.public
    def page() -> str:
        return render_template_string("{{ csp_nonce() }} {{ csp_nonce() }}")

    client = app.test_client()
    first, second = client.get("/page"), client.get("/page")
    nonce, again = first.text.split()
    assert nonce == again
    assert f"script-src 'self' 'nonce-{nonce}';" in first.headers["Content-Security-Policy"]
    assert "unsafe" not in first.headers["Content-Security-Policy"]
    assert second.text != first.text


def test_a_template_with_a_missing_value_fails(app: Application) -> None:
    @app.get("/page")
    @access.public
    def page() -> str:
        return render_template_string("{{ nothing }}")

    assert app.test_client().get("/page").status_code == 500


def test_the_log_names_the_route_not_the_path(
    client: FlaskClient, log_lines: Sequence[Mapping[str, Any]]
) -> None:
    answer = client.get("/api/v1/raw/login-code-in-a-path?token=in-a-query")
    client.get("/healthz")
    (line,) = [line for line in log_lines if line["event"] == "request"]
    assert line["route"] == "/api/v1/raw/<name>"
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert line["status"] == 200
    assert line["milliseconds"] > 0
    assert "in-a-" not in str(line)


def test_the_log_names_the_member(
    client: FlaskClient, log_lines: Sequence[Mapping[str, Any]]
) -> None:
    client.post("/api/v1/notes", headers=MEMBER, data=b"{}")
    client.get("/api/v1/notes")
    first, second = [line for line in log_lines if line["event"] == "request"]
    assert first["member_id"] == 1
    assert "member_id" not in second


def test_json_answers_keep_chinese_readable(app: Application) -> None:
    app.add_url_rule("/said", "said", access.public(lambda: jsonify(said="水")))
    assert '"水"' in app.test_client().get("/said").text
