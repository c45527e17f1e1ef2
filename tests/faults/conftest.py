"""Real processes of the product over a test's own database and Redis, ended with the test."""

import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from backend.bootstrap import Backend, build
from backend.runtime.redis import EmbeddedRedis
from backend.settings import Settings
from tests.builders.city import City, a_city
from tests.conftest import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API said."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Api:
    """The API, served."""

    port: int
    process: psutil.Popen

    def post_action(self, token: str, body: dict[str, Any]) -> Answer:
        """Logs one action; raises OSError or HTTPException when the connection breaks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(
                "POST",
                "/api/v1/actions",
                json.dumps(body),
                {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            return Answer(response.status, json.loads(response.read()))
        finally:
            connection.close()

    def kill_a_worker(self) -> None:
        """Kills one of its workers as the kernel would."""
        with suppress(psutil.NoSuchProcess, IndexError):
            self.process.children()[0].kill()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[EmbeddedRedis]:
    """A Redis that a test may stop and start."""
    with EmbeddedRedis(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def city(
    settings: Settings, own_redis: EmbeddedRedis, monkeypatch: pytest.MonkeyPatch
) -> Iterator[City]:
    """A committed scene with the real clock, because other processes have no other."""
    monkeypatch.setenv("TANPUHUI_REDIS_URL", own_redis.url)
    backend: Backend = build(replace(settings, redis_url=own_redis.url))
    yield a_city(backend, members=60)
    backend.engine.dispose()
    backend.redis.close()


@pytest.fixture
def start() -> Iterator[Callable[..., psutil.Popen]]:
    """Starts `tanpuhui COMMAND` and ends it, with its children, after the test."""
    started: list[psutil.Popen] = []

    def run(*command: str, **environment: str) -> psutil.Popen:
        program = [sys.executable, "-m", "backend.cli", *command]
        started.append(psutil.Popen(program, env=os.environ | environment))
        return started[-1]

    yield run
    for process in started:
        with suppress(psutil.NoSuchProcess):
            for each in [*process.children(recursive=True), process]:
                with suppress(psutil.NoSuchProcess):
                    each.kill()
        process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def api(city: City, start: Callable[..., psutil.Popen], tmp_path: Path) -> Api:
    """The API on a free port, ready, over the database and Redis of the city."""
    assert city.scene.members
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = start("api", TANPUHUI_API_PORT=str(port), TANPUHUI_DATA_DIR=str(tmp_path))
    until(lambda: _answers(port), "the API serves")
    return Api(port, process)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until something holds; fails naming it after so many seconds."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, f"waited {seconds} s until {what}"
        time.sleep(0.02)


@pytest.fixture(name="until")
def _until() -> Callable[..., None]:
    return until
