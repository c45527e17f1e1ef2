"""PostgreSQL goes and comes back: 503 in time, never 500, and no restart of ours is needed."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text

from backend.bootstrap import Backend
from backend.db import migrate
from backend.db.engine import APPLICATION_ROLE, make_engine
from backend.runtime.postgres import EmbeddedPostgres
from backend.web.application import Application

ROLES = Path(migrate.__file__).parents[1] / "migrations/sql/0017_role.sql"
PLAIN = {"no_parameters": True}


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A server of this test's own, with the one table the test writes to."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("outage"), durable=False) as server:
        owner = create_engine(make_url(server.url).set(drivername="postgresql+psycopg"))
        with owner.begin() as db:
            db.exec_driver_sql(ROLES.read_text(encoding="utf-8"), execution_options=PLAIN)
            db.execute(text("CREATE TABLE note (id bigserial PRIMARY KEY, body text)"))
            db.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {APPLICATION_ROLE}"))
            db.execute(text(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {APPLICATION_ROLE}"))
        owner.dispose()
        yield server


def _post(client: FlaskClient) -> tuple[int, float]:
    started = time.perf_counter()
    answer = client.post("/api/v1/outcomes/done")
    if answer.status_code != 200:
        assert answer.json is not None
        assert answer.json["code"] == "unavailable"
        assert answer.headers["Retry-After"] == "2"
    return answer.status_code, time.perf_counter() - started


def test_an_outage_is_a_503_and_ends_by_itself(
    notes_backend: Backend, make_app: Callable[..., Application], server: EmbeddedPostgres
) -> None:
    engine = make_engine(server.url)
    app = make_app(backend=replace(notes_backend, engine=engine))
    client = app.test_client()
    assert _post(client)[0] == 200
    server.stop()
    for _ in range(3):
        status, seconds = _post(client)
        assert (status, seconds < 15) == (503, True)
    server.start()
    assert _post(client)[0] == 200
    engine.dispose()


def test_an_exhausted_pool_is_a_503_in_time(
    notes_backend: Backend, make_app: Callable[..., Application]
) -> None:
    engine = make_engine(notes_backend.settings.database_url, pool_size=1)
    held = [engine.connect() for _ in range(3)]
    status, seconds = _post(make_app(backend=replace(notes_backend, engine=engine)).test_client())
    assert (status, seconds < 15) == (503, True)
    for connection in held:
        connection.close()
    engine.dispose()
