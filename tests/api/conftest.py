"""The API on a real backend, with a small city and a token for each member."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection
from werkzeug.test import TestResponse

from backend.bootstrap import Backend
from backend.clock import Clock
from backend.db.engine import make_engine
from backend.people.models import Face
from backend.people.service import open_session
from miniprogram_api.app import create_app
from tests.builders.drop_offs import POSITION_SENT
from tests.builders.scene import Scene, a_scene
from tests.conftest import NOW


class Documentation:
    """The OpenAPI document of an application, to hold its answers against.

    Objects with documented members may have no others: what is not documented leaks.
    """

    def __init__(self, app: Flask) -> None:
        document = app.test_client().get("/api/v1/openapi.json").get_json()
        self._paths = document["paths"]
        self._components = document["components"]
        for schema in self._components["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)

    def check(self, rule: str, method: str, answer: TestResponse) -> None:
        """Fails where an answer is not what the document says."""
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule)
        responses = self._paths[path][method.lower()]["responses"]
        described = responses.get(str(answer.status_code)) or responses["default"]
        if "$ref" in described:
            described = self._components["responses"][described["$ref"].rsplit("/", 1)[-1]]
        if "content" not in described:
            assert answer.data == b""
            return
        (schema,) = (content["schema"] for content in described["content"].values())
        assert answer.mimetype in described["content"]
        validator = jsonschema_rs.validator_for({**schema, "components": self._components})
        assert [str(error) for error in validator.iter_errors(answer.get_json())] == []


class DocumentedClient(FlaskClient):
    """A client that holds every answer of the API against its documentation."""

    documentation: Documentation

    def open(self, *args: Any, **kwargs: Any) -> Any:
        answer = super().open(*args, **kwargs)
        path, method = answer.request.path, answer.request.method
        urls = self.application.url_map.bind("localhost")
        if urls.test(path, method=method):
            rule, _ = urls.match(path, method=method, return_rule=True)
            self.documentation.check(rule.rule, method, answer)
        return answer


@pytest.fixture(scope="session")
def small_city(copy_of_database: Callable[..., str]) -> tuple[str, Scene]:
    """A database with the small city, that is only ever copied from, and who is in it."""
    url = copy_of_database()
    engine = make_engine(url)
    with engine.begin() as db:
        scene = a_scene(db, NOW)
    engine.dispose()
    return url, scene


@pytest.fixture
def template(
    request: pytest.FixtureRequest, small_city: tuple[str, Scene], postgres_url: str, clock: Clock
) -> str:
    """The small city for tests that want it at the usual time; else what is migrated."""
    usual = "scene" in request.fixturenames and clock.now() == NOW
    return small_city[0] if usual else postgres_url


@pytest.fixture
def scene(template: str, small_city: tuple[str, Scene], backend: Backend) -> Scene:
    """The small city, committed."""
    if template == small_city[0]:
        return small_city[1]
    with backend.engine.begin() as db:
        return a_scene(db, backend.clock.now())


@pytest.fixture
def app(backend: Backend) -> Flask:
    return create_app(backend)


@pytest.fixture(scope="session")
def documentation() -> list[Documentation]:
    """Holds the documentation once some test has asked for it: all applications share it."""
    return []


@pytest.fixture
def client(app: Flask, documentation: list[Documentation]) -> FlaskClient:
    """A client; every answer it gets is checked against the OpenAPI document."""
    if not documentation:
        documentation.append(Documentation(app))
    client = DocumentedClient(app, app.response_class)
    (client.documentation,) = documentation
    return client


@pytest.fixture
def stored(backend: Backend) -> Iterator[Connection]:
    """A connection that sees what requests have committed."""
    with backend.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        yield db


@pytest.fixture
def bearer(backend: Backend) -> Callable[[int], dict[str, str]]:
    """Logs a member in and gives the header that says so."""

    def log_in(member_id: int) -> dict[str, str]:
        with backend.engine.begin() as db:
            session = open_session(db, member_id=member_id, face=Face.API, now=backend.clock.now())
        return {"Authorization": f"Bearer {session.token}"}

    return log_in


@pytest.fixture
def member(scene: Scene, bearer: Callable[[int], dict[str, str]]) -> dict[str, str]:
    """The header of the first member."""
    return bearer(scene.members[0])


@pytest.fixture
def drop_off(scene: Scene, backend: Backend) -> Callable[..., dict[str, Any]]:
    """The body of a drop-off at the attended point; keyword arguments replace parts of it."""

    def body(**changed: Any) -> dict[str, Any]:
        evidence: dict[str, Any] = {"code": changed.pop("code", scene.attended.url)}
        position = changed.pop("position", POSITION_SENT)
        if position is not None:
            evidence["position"] = position
        facts = {
            "material": changed.pop("material", "paper"),
            "mass": changed.pop("mass", "2"),
        }
        return {
            "reference": "reference-of-tests-1",
            "kind": "recycling.drop_off",
            "occurred_at": backend.clock.now().isoformat(),
            "facts": facts,
            "evidence": evidence,
            **changed,
        }

    return body
