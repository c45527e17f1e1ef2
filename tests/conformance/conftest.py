"""A small book that was kept well, and copies of it that are broken on purpose."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, make_url

from backend.bootstrap import build
from backend.clock import FixedClock
from backend.db.engine import make_engine
from backend.rankings.service import withdraw
from backend.settings import Settings
from tests.builders.city import a_city
from tests.conformance.book import Book
from tests.conftest import SECRET

_NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def kept(
    copy_of_database: Callable[[], str],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Book:
    """The book all copies are made of; nobody is connected to it any more."""
    url = copy_of_database()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("DATABASE_URL", url),
            ("REDIS_URL", redis_url),
            ("SECRET_KEY", SECRET),
            ("DATA_DIR", str(tmp_path_factory.mktemp("conformance"))),
        ):
            patch.setenv(f"TANPUHUI_{name}", value)
        settings = Settings.from_env()
    backend = build(settings, clock=FixedClock(datetime.now(UTC)))
    book = Book(backend, a_city(backend, members=14).scene, url)
    for member in range(2):
        book.drop_off(member, minutes_ago=40 + member)
    book.grow_tree()
    book.follow_up()
    backend.engine.dispose()
    backend.redis.close()
    return book


@pytest.fixture
def book(kept: Book) -> Iterator[Book]:
    """A copy of the book, to be broken."""
    server = make_url(kept.owner_url)
    name = f"broken_{next(_NUMBERS)}"
    maintenance = make_engine(_text(server.set(database="postgres")), owner=True)
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} TEMPLATE {server.database} STRATEGY file_copy"
        )
    maintenance.dispose()
    url = _text(server.set(database=name))
    backend = build(replace(kept.backend.settings, database_url=url), clock=kept.backend.clock)
    yield Book(backend, kept.scene, url)
    withdraw(backend.redis)
    backend.engine.dispose()
    backend.redis.close()


def _text(url: object) -> str:
    return make_url(url).render_as_string(hide_password=False)  # type: ignore[arg-type]  # a URL


@pytest.fixture
def owner(book: Book) -> Iterator[Connection]:
    """Whoever owns the tables; commits at the end of the sabotage."""
    engine = make_engine(book.owner_url, owner=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
