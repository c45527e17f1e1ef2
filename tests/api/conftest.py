"""The API on a real backend, with a small city and a token for each member."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.people.service import open_session
from miniprogram_api.app import create_app
from tests.builders.scene import Scene, a_scene


@pytest.fixture
def scene(backend: Backend) -> Scene:
    """The small city, committed."""
    with backend.engine.begin() as db:
        return a_scene(db, backend.clock.now())


@pytest.fixture
def app(backend: Backend) -> Flask:
    return create_app(backend)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


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
        evidence = {"code": changed.pop("code", scene.attended.url)}
        if "position" in changed:
            evidence["position"] = changed.pop("position")
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
