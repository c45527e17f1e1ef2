"""The session cookie: unreadable to scripts, unsent from other sites, one name a face."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Response

from backend.people.models import Face
from backend.web import access
from backend.web.application import Application
from backend.web.cookies import clear_session, set_session

MakeApp = Callable[..., Application]


def _log_in() -> Response:
    response = Response("in")
    set_session(response, token="admin-token", expires_at=datetime(2026, 12, 18, tzinfo=UTC))
    return response


def _log_out() -> Response:
    response = Response("out")
    clear_session(response)
    return response


@pytest.mark.parametrize(
    "face, public, console, name, secure",
    [
        (Face.API, "https://tan.example", "http://x", "tanpuhui_api", "Secure"),
        (Face.API, "http://tan.example", "https://x", "tanpuhui_api", ""),
        (Face.CONSOLE, "http://x", "https://console.example", "tanpuhui_console", "Secure"),
    ],
)
def test_a_login_sets_a_guarded_cookie(
    make_app: MakeApp, face: Face, public: str, console: str, name: str, secure: str
) -> None:
    app = make_app(face=face, public_url=public, console_url=console)
    app.add_url_rule("/in", "in", access.public(_log_in))
    cookie = app.test_client().get("/in").headers["Set-Cookie"]
    first, *attributes = cookie.split("; ")
    assert first == f"{name}=admin-token"
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert "Expires=Fri, 18 Dec 2026 00:00:00 GMT" in attributes
    assert ("Secure" in attributes) == bool(secure)


def test_a_logout_ends_it(make_app: MakeApp) -> None:
    app = make_app(face=Face.CONSOLE)
    app.add_url_rule("/in", "in", access.public(_log_in))
    app.add_url_rule("/out", "out", access.public(_log_out))
    client = app.test_client()
    client.get("/in")
    assert client.get("/api/v1/admins").status_code == 200
    client.get("/out")
    assert client.get("/api/v1/admins").status_code == 401
