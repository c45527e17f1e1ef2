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
from backend.people.models import Face
from backend.people.service import create_login_link
from miniprogram_api.app import create_app
from tests.builders.databases import copy_database, empty, filled_tables
from tests.builders.scene import Scene, a_scene


@pytest.fixture(scope="session")
def shared_database(postgres_url: str) -> tuple[str, list[str]]:
    """URL (owner) of one database for these tests, and the tables the migrations filled."""
    url = copy_database(postgres_url, "pages")
    return url, filled_tables(url)


@pytest.fixture
def database(shared_database: tuple[str, list[str]]) -> str:
    """The shared database, as the migrations left it."""
    url, filled = shared_database
    empty(url, but=filled)
    return url


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
