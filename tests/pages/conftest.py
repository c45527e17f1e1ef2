"""The phone pages on a real backend, with a small city and login links for its members."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection
from werkzeug.serving import make_server

from backend.bootstrap import Backend
from backend.clock import Clock
from backend.db.engine import make_engine
from backend.people.models import Face
from backend.people.service import create_login_link
from miniprogram_api.app import create_app
from tests.builders.scene import Scene, a_scene
from tests.conftest import NOW


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


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser nobody has logged in with."""
    return app.test_client()


@pytest.fixture
def stored(backend: Backend) -> Iterator[Connection]:
    """A connection that sees what requests have committed."""
    with backend.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        yield db


@pytest.fixture
def login_code(backend: Backend) -> Callable[..., str]:
    """Makes a one-time login code for a member."""

    def make(member_id: int, purpose: Face = Face.API) -> str:
        with backend.engine.begin() as db:
            return create_login_link(
                db,
                member_id=member_id,
                purpose=purpose,
                ttl=timedelta(hours=1),
                now=backend.clock.now(),
            )

    return make


@pytest.fixture
def log_in(app: Flask, login_code: Callable[..., str]) -> Callable[[int], FlaskClient]:
    """A browser that a member has logged in with."""

    def browser(member_id: int) -> FlaskClient:
        client = app.test_client()
        answer = client.post(f"/login/link/{login_code(member_id)}")
        assert answer.status_code == 303
        return client

    return browser


@pytest.fixture
def member(scene: Scene, log_in: Callable[[int], FlaskClient]) -> FlaskClient:
    """The browser of the first member."""
    return log_in(scene.members[0])


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The address of the pages on a loopback port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
