"""The console over a committed organisation: three institutions, points, members, every role."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from admin.app import create_app
from backend.bootstrap import Backend
from backend.clock import Clock
from backend.db.engine import make_engine
from backend.people.models import Face, Role
from backend.people.service import open_session
from backend.rankings.jobs import publish_current, rebuild
from credit_rules import load_rulebook
from tests.builders.drop_offs import drop
from tests.builders.scene import Point
from tests.builders.town import Town, a_town
from tests.conftest import NOW


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[Sequence[Mapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture(scope="session")
def usual_town(copy_of_database: Callable[..., str]) -> tuple[str, Town]:
    """A database with the town, that is only ever copied from, and who is in it."""
    url = copy_of_database()
    engine = make_engine(url)
    with engine.begin() as db:
        town = a_town(db, load_rulebook(), NOW)
    engine.dispose()
    return url, town


@pytest.fixture
def template(
    request: pytest.FixtureRequest, usual_town: tuple[str, Town], postgres_url: str, clock: Clock
) -> str:
    """The town for tests that want it at the usual time; else what is migrated."""
    usual = "town" in request.fixturenames and clock.now() == NOW
    return usual_town[0] if usual else postgres_url


@pytest.fixture
def town(template: str, usual_town: tuple[str, Town], backend: Backend) -> Town:
    """The town, committed."""
    if template == usual_town[0]:
        return usual_town[1]
    with backend.engine.begin() as db:
        return a_town(db, backend.rulebook, backend.clock.now())


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
