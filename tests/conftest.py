"""Real PostgreSQL and Redis for every test: one pair of servers per test process.

`db` is a connection whose transaction is rolled back; `database` and everything built on it is a
fresh database of the test's own, for what commits, races or crashes.
"""

import itertools
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as property_settings
from redis import Redis
from sqlalchemy import URL, Connection, Engine, make_url

from backend.bootstrap import Backend, build
from backend.clock import FixedClock
from backend.db import migrate
from backend.db.engine import WEB_LOGIN, make_engine
from backend.ports.signed_notes import Signer
from backend.runtime.postgres import EmbeddedPostgres
from backend.runtime.redis import EmbeddedRedis
from backend.settings import PREFIX, Settings
from tests.set_time.sitecustomize import OFFSET

# A Wednesday, 10:00 in Shanghai.
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
SECRET = "a secret of the tests, 32 characters"
SIGNING_KEY = Signer("tanpuhui.test/ledger", bytes(range(32))).secret_text
# How long a test waits for what must happen: the machine may be busy with much else.
PATIENCE_SECONDS = 240.0
_NUMBERS = itertools.count()
# How fast examples are drawn depends on what else the machine does. What a fixture of a property
# test holds is rolled back, or only read.
property_settings.register_profile(
    "patient",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
property_settings.load_profile("patient")
_ROOM_BYTES = 6 * 2**30


def pytest_configure() -> None:
    """Refuses to set the time of a run that names somebody's database: they would disagree."""
    if OFFSET in os.environ and f"{PREFIX}DATABASE_URL" in os.environ:
        raise pytest.UsageError(
            f"{OFFSET} is for the tests' own servers: unset {PREFIX}DATABASE_URL"
        )


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Where the servers of this test process live.

    Not below pytest's own folder: as root PostgreSQL runs as another user, and every pytest that
    starts takes the way into that folder away from all others. In memory where there is room: a
    copy of the database is three hundred files, and most tests want one.
    """
    with TemporaryDirectory(prefix="tanpuhui-tests-", dir=_roomy_memory()) as folder:
        yield Path(folder)


def _roomy_memory() -> Path | None:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    if not os.access(memory, os.W_OK):
        return None
    room = os.statvfs(memory)
    return memory if room.f_bavail * room.f_frsize > _ROOM_BYTES else None


@pytest.fixture(scope="session")
def postgres_url(server_folder: Path) -> Iterator[str]:
    """URL (owner) of a migrated database that is only ever copied from."""
    with EmbeddedPostgres(server_folder / "postgres", durable=False) as server:
        migrate.upgrade(server.url)
        yield server.url


@pytest.fixture(scope="session")
def redis_url(server_folder: Path) -> Iterator[str]:
    """URL of a Redis server."""
    with EmbeddedRedis(server_folder / "redis", durable=False) as server:
        yield server.url


@pytest.fixture(scope="session")
def copy_of_database(postgres_url: str) -> Callable[..., str]:
    """Makes copies of a database, the migrated one if left out; returns the URL (owner) of each.

    Nobody may be connected to what is copied.
    """
    server = make_url(postgres_url)

    def copy(template: str = postgres_url) -> str:
        name = f"copy_{next(_NUMBERS)}"
        maintenance = make_engine(_rendered(server.set(database="postgres")), owner=True)
        with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(
                f"CREATE DATABASE {name} TEMPLATE {make_url(template).database} STRATEGY file_copy"
            )
        maintenance.dispose()
        return _rendered(server.set(database=name))

    return copy


def _rendered(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def _shared_engine(copy_of_database: Callable[[], str]) -> Iterator[Engine]:
    engine = make_engine(copy_of_database())
    yield engine
    engine.dispose()


@pytest.fixture
def db(_shared_engine: Engine) -> Iterator[Connection]:
    """A connection under a login of the program; all it did is rolled back."""
    with _shared_engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture(scope="session")
def _owner_engine(copy_of_database: Callable[[], str]) -> Iterator[Engine]:
    engine = make_engine(copy_of_database(), owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def breakable_db(_owner_engine: Engine) -> Iterator[Connection]:
    """The owner's connection, as the program until it says `SET LOCAL ROLE NONE`; rolled back."""
    with _owner_engine.connect() as connection:
        transaction = connection.begin()
        connection.exec_driver_sql(f"SET LOCAL ROLE {WEB_LOGIN}")
        yield connection
        transaction.rollback()


@pytest.fixture
def template(postgres_url: str) -> str:
    """What `database` is a copy of: folders whose tests want the same scene build it once."""
    return postgres_url


@pytest.fixture
def database(
    copy_of_database: Callable[..., str], template: str, postgres_url: str
) -> Iterator[str]:
    """URL (owner) of a fresh, migrated database of this test's own, dropped after it."""
    copied = copy_of_database(template)
    yield copied
    server = make_url(postgres_url).set(database="postgres")
    maintenance = make_engine(_rendered(server), owner=True)
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE {make_url(copied).database} WITH (FORCE)")
    maintenance.dispose()


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    client: Redis = Redis.from_url(redis_url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def clock() -> FixedClock:
    """Stands at Wednesday 2026-11-18, 10:00 in Shanghai, until a test moves it."""
    return FixedClock(NOW)


@pytest.fixture
def settings(
    database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of an installation on this test's servers."""
    for name, value in (
        ("DATABASE_URL", database),
        ("REDIS_URL", redis_url),
        ("SECRET_KEY", SECRET),
        ("LEDGER_SIGNING_KEY", SIGNING_KEY),
        ("DATA_DIR", str(tmp_path)),
        ("WECHAT_APP_ID", "wx0123456789abcdef"),
        ("WECHAT_APP_SECRET", "app-secret-of-the-tests"),
        ("WECHAT_BASE_URL", "http://127.0.0.1:9"),
    ):
        monkeypatch.setenv(f"TANPUHUI_{name}", value)
    return Settings.from_env()


@pytest.fixture
def backend(settings: Settings, clock: FixedClock, redis: Redis) -> Iterator[Backend]:
    """A backend on a fresh database and an empty Redis, with the fixed clock."""
    assert redis.dbsize() == 0
    built = build(settings, clock=clock)
    yield built
    built.engine.dispose()
    built.redis.close()


@pytest.fixture(autouse=True)
def _restored_logs() -> Iterator[None]:
    """Puts logging back as it was before a test that configured it, as commands do."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement this process sends to PostgreSQL from here on."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def recorded(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:
        sent.append(str(query).strip())
        return execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", recorded)
    return sent
