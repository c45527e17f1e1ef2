"""Closed by default: a route that does not say who may call it serves nobody."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

import admin.app
import miniprogram_api.app
from backend.bootstrap import Backend
from backend.people.models import Face
from backend.web import access
from backend.web.application import Application

MakeApp = Callable[..., Application]


def test_every_route_of_both_faces_declares_its_access(backend: Backend) -> None:
    for create_app in (miniprogram_api.app.create_app, admin.app.create_app):
        assert list(access.undeclared(create_app(backend))) == []


def test_an_undeclared_route_is_found_and_refused(app: Application) -> None:
    assert sorted(access.undeclared(app)) == [("notes.Admins", "POST"), ("notes.undeclared", "GET")]
    client = app.test_client()
    for answer in (client.get("/api/v1/undeclared"), client.post("/api/v1/admins")):
        assert answer.status_code == 403
        assert answer.json is not None
        assert answer.json["code"] == "access_undeclared"
        assert "secret" not in answer.json


def test_a_member_route_wants_a_bearer_token(client: FlaskClient) -> None:
    note = {"reference": "ref-00000001", "body": "水"}
    client.set_cookie("tanpuhui_api", "member-token")
    assert client.post("/api/v1/notes", json=note).status_code == 401
    bearer = {"Authorization": "Bearer member-token"}
    assert client.post("/api/v1/notes", json=note, headers=bearer).status_code == 201


@pytest.mark.parametrize(
    "cookie, token, status",
    [
        ("tanpuhui_console", "admin-token", 200),
        ("tanpuhui_console", "member-token", 403),
        ("tanpuhui_console", "forged", 401),
        ("tanpuhui_console", "x" * 3000, 401),
        ("tanpuhui_api", "admin-token", 401),
        ("other", "admin-token", 401),
    ],
)
def test_a_console_route_wants_its_cookie_and_a_role(
    make_app: MakeApp, cookie: str, token: str, status: int
) -> None:
    client = make_app(face=Face.CONSOLE).test_client()
    client.set_cookie(cookie, token)
    assert client.get("/api/v1/admins").status_code == status
    bearer = {"Authorization": f"Bearer {token}"}
    assert (
        make_app(face=Face.CONSOLE).test_client().get("/api/v1/admins", headers=bearer).status_code
        == 401
    )


def test_a_console_user_is_known_by_name(make_app: MakeApp) -> None:
    client = make_app(face=Face.CONSOLE).test_client()
    client.set_cookie("tanpuhui_console", "admin-token")
    assert client.get("/api/v1/admins").json == {"name": "周处"}


def test_console_roles_must_be_named() -> None:
    with pytest.raises(ValueError, match="name the roles"):
        access.console_roles()


@pytest.mark.parametrize("token, name", [("member-token", "小林"), ("forged", "-"), (None, "-")])
def test_a_public_page_may_know_its_visitor(app: Application, token: str | None, name: str) -> None:
    @app.get("/page")
    @access.public
    def page() -> str:
        visitor = access.optional_actor()
        return visitor.display_name if visitor else "-"

    client = app.test_client()
    if token is not None:
        client.set_cookie("tanpuhui_api", token)
    assert client.get("/page").text == name
