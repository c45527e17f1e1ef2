"""Two installations, each built once a test process: one of everything, and an empty one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from backend.bootstrap import Backend, build
from backend.clock import FixedClock
from backend.settings import Settings
from tests.builders.databases import copy_database
from tests.conftest import SECRET, SIGNING_KEY
from tests.scenes.world import World, a_full_world, an_empty_world

# A Wednesday, 10:00 in Shanghai, more than a year after the first points.
NOW = datetime(2027, 3, 17, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def scene_backend(
    postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, int], Backend]]:
    """Makes a backend on a database of its own, with a database of Redis of its own."""
    built: list[Backend] = []

    def make(name: str, redis_number: int) -> Backend:
        with pytest.MonkeyPatch.context() as patch:
            for key, value in (
                ("DATABASE_URL", copy_database(postgres_url, name)),
                ("REDIS_URL", f"{redis_url}{'&' if '?' in redis_url else '?'}db={redis_number}"),
                ("SECRET_KEY", SECRET),
                ("LEDGER_SIGNING_KEY", SIGNING_KEY),
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
def full_world(scene_backend: Callable[[str, int], Backend]) -> World:
    """The city with everything in every state."""
    return a_full_world(scene_backend("scenes_full", 14))


@pytest.fixture(scope="session")
def empty_world(scene_backend: Callable[[str, int], Backend]) -> World:
    """An installation on its first day."""
    return an_empty_world(scene_backend("scenes_empty", 15))


@pytest.fixture
def log_lines() -> Iterator[Sequence[Mapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with structlog.testing.capture_logs() as lines:
        yield lines
