"""An installation of real processes whose parts can be killed and started again, one by one."""

import os
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import pytest

from backend.bootstrap import prepare
from backend.runtime.postgres import EmbeddedPostgres
from backend.runtime.redis import EmbeddedRedis
from backend.runtime.waiting import until
from backend.settings import Settings
from tests.conftest import PATIENCE_SECONDS, SECRET

API, RELAY, WORKER = "api", "relay", "worker"
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    API: ("api",),
    RELAY: ("relay",),
    WORKER: ("worker", "rankings"),
}


class Installation:
    """PostgreSQL (durable), Redis, the API, the relay and the worker of the boards.

    A context manager: leaving it ends everything. Processes are started by the thread that uses
    it, and die with that thread.

    Args:
        folder: of the servers, logs and metrics.
        monkeypatch: sets the installation's environment for the test.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.redis = EmbeddedRedis(folder / "redis")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self._processes: dict[str, psutil.Popen] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            stack.enter_context(self.redis)
            stack.callback(self._end_all)
            self._set_environment()
            prepare(Settings.from_env())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _set_environment(self) -> None:
        """What the processes of the installation find, and this one too."""
        for name, value in (
            ("DATA_DIR", str(self.folder)),
            ("DATABASE_URL", self.postgres.url),
            ("OWNER_DATABASE_URL", self.postgres.url),
            ("REDIS_URL", self.redis.url),
            ("SECRET_KEY", SECRET),
            ("API_PORT", str(self.port)),
            ("LOG_LEVEL", "ERROR"),
            ("WECHAT_APP_ID", "wx0123456789abcdef"),
            ("WECHAT_APP_SECRET", "app-secret-of-the-tests"),
            ("WECHAT_BASE_URL", "http://127.0.0.1:9"),
        ):
            self._monkeypatch.setenv(f"TANPUHUI_{name}", value)

    def start(self, *names: str) -> None:
        """Starts processes that do not run."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self._processes[name] = psutil.Popen(
                    [sys.executable, "-m", "backend.cli", *_COMMANDS[name]],
                    stdout=log,
                    stderr=log,
                )

    def revive(self) -> None:
        """Starts again what has ended by itself, as a supervisor does.

        A worker ends when Redis answers that it is still loading what it kept.
        """
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        self.start(*ended)

    @property
    def serves(self) -> bool:
        """Whether the API takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def children(self, name: str) -> list[psutil.Process]:
        """The processes a process has started: granian's workers, RQ's jobs."""
        try:
            found: list[psutil.Process] = self._processes[name].children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        return found

    def kill(self, name: str) -> None:
        """Kills a process and what it has started, and waits until they are gone."""
        for process in [*self.children(name), self._processes[name]]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._processes[name].wait(timeout=PATIENCE_SECONDS)

    def kill_postgres(self) -> None:
        """Kills the postmaster as the kernel would, and starts it again over what it left."""
        _kill_server(self.postgres)

    def kill_redis(self) -> None:
        """Kills Redis and starts it again over its append-only file."""
        _kill_server(self.redis)

    def _end_all(self) -> None:
        for name in self._processes:
            self.kill(name)


def _kill_server(server: EmbeddedPostgres | EmbeddedRedis) -> None:
    os.kill(server.pid, signal.SIGKILL)
    for _ in until(PATIENCE_SECONDS):
        if server.poll() is not None:
            break
    server.start()
