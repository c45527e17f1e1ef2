"""A tiny demo city, built once for the tests that only look at it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from backend.bootstrap import Backend, build
from backend.clock import FixedClock
from backend.demo.seed import seed
from backend.settings import Settings
from tests.builders.databases import copy_database

# A Wednesday, 10:00 in Shanghai.
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_backends(
    postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Backend]]:
    """Makes a backend on a database of its own that lives as long as the session."""
    built: list[Backend] = []

    def make(name: str) -> Backend:
        with pytest.MonkeyPatch.context() as patch:
            for key, value in (
                ("DATABASE_URL", copy_database(postgres_url, name)),
                ("REDIS_URL", redis_url),
                ("SECRET_KEY", "a secret of the tests, 32 characters"),
                ("DATA_DIR", str(tmp_path_factory.mktemp(name))),
            ):
                patch.setenv(f"TANPUHUI_{key}", value)
            built.append(build(Settings.from_env(), clock=FixedClock(NOW)))
        return built[-1]

    yield make
    for backend in built:
        backend.engine.dispose()
        backend.redis.close()


@pytest.fixture(scope="session")
def tiny(empty_backends: Callable[[str], Backend]) -> Backend:
    """The tiny city; tests leave it as it is."""
    backend = empty_backends("demo_tiny")
    seed(backend, scale="tiny", report=lambda _line: None)
    return backend


@pytest.fixture
def lines() -> list[str]:
    """What was reported or printed."""
    return []
