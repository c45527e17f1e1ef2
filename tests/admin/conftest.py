"""The console over a committed organisation: three institutions, points, members, every role."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from admin.app import create_app
from backend.bootstrap import Backend
from backend.people.models import Face, Role
from backend.people.service import open_session
from backend.rankings.jobs import publish_current, rebuild
from tests.builders.drop_offs import drop
from tests.builders.scene import Point
from tests.builders.town import Town, a_town


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Sequence[Mapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
def town(backend: Backend) -> Town:
    """A committed town on this test's database."""
    return a_town(backend)


@pytest.fixture
def app(backend: Backend) -> Flask:
    return create_app(backend)


@pytest.fixture
def login(app: Flask, backend: Backend) -> Callable[[int], FlaskClient]:
    """Gives a browser in which a member is logged in."""

    def log_in(member_id: int) -> FlaskClient:
        with backend.engine.begin() as db:
            session = open_session(
                db, member_id=member_id, face=Face.CONSOLE, now=backend.clock.now()
            )
        client = app.test_client()
        client.set_cookie("tanpuhui_console", session.token)
        return client

    return log_in


@pytest.fixture
def as_role(town: Town, login: Callable[[int], FlaskClient]) -> Callable[[Role], FlaskClient]:
    """Gives a browser in which the officer of a role is logged in."""
    return lambda role: login(town.officers[role])


@pytest.fixture
def admin(as_role: Callable[[Role], FlaskClient]) -> FlaskClient:
    """The city administrator's browser."""
    return as_role(Role.CITY_ADMIN)


@pytest.fixture
def drop_off(backend: Backend) -> Callable[..., int]:
    """Logs and commits a drop-off and returns its id; roll-ups and boards follow at once."""

    def log(point: Point, member_id: int, **facts: Any) -> int:
        now = backend.clock.now()
        with backend.engine.begin() as db:
            receipt = drop(
                db,
                rulebook=backend.rulebook,
                keys=backend.keys,
                member_id=member_id,
                code=point.url,
                now=now,
                **facts,
            )
            rebuild(db)
            publish_current(db, backend.redis, now=now)
        return receipt.action.id

    return log
