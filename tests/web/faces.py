"""Both faces on a real backend, with every route and a caller who may call it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection
from werkzeug.routing import BuildError, Rule

from admin.app import create_app as create_console
from backend.bootstrap import Backend
from backend.people.models import Face, MemberKind, Role
from backend.people.queries import Actor, Grant
from backend.web.context import WebContext, attach
from miniprogram_api.app import create_app as create_api

MEMBER_ID = 1
_CREATE = {Face.API: create_api, Face.CONSOLE: create_console}
_TEXT = {"form": "svg", "code": "x" * 20}


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a face by one method, with a path that leads to it."""

    face: Face
    endpoint: str
    method: str
    path: str


def authenticate(db: Connection, *, token: str, now: datetime, face: Face) -> Actor:
    """Takes any token for that of a member who holds every role."""
    assert not db.closed
    assert token
    assert now.tzinfo
    roles = tuple(Role) if face is Face.CONSOLE else ()
    grants = tuple(Grant(role) for role in roles)
    return Actor(MEMBER_ID, "小林", MemberKind.STAFF, grants, None, None)


def face_app(backend: Backend, face: Face) -> Flask:
    """The application of a face whose callers may call everything."""
    app = _CREATE[face](backend)
    habits = {"prefers_pages": face is Face.CONSOLE}
    attach(app, WebContext(backend, face, authenticate, **habits))
    return app


def client_of(app: Flask, face: Face) -> FlaskClient:
    """A client that shows a token in every way a route may ask for."""
    client = app.test_client()
    client.set_cookie(f"tanpuhui_{face.value}", "token")
    client.environ_base["HTTP_AUTHORIZATION"] = "Bearer token"
    return client


def routes(app: Flask, face: Face) -> Iterator[Route]:
    """Every route by every method, with ids that lead to nothing."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Route(face, rule.endpoint, method, _path(app, rule, method))


def _path(app: Flask, rule: Rule, method: str) -> str:
    """A path of a rule: texts where it takes texts, else numbers."""
    urls = app.url_map.bind("localhost")
    texts: dict[str, Any] = {name: _TEXT.get(name, "1") for name in rule.arguments}
    for values in (dict.fromkeys(rule.arguments, 1), texts):
        try:
            return urls.build(rule.endpoint, values, method=method)
        except (BuildError, ValueError):
            continue
    raise AssertionError(f"no path leads to {rule}")
