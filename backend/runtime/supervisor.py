"""Starts everything, restarts what dies, stops everything in order."""

import http.client
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from backend.runtime.children import StartError, last_lines, start_child, stop_child
from backend.runtime.logs import LogFollower, begin_log
from backend.runtime.waiting import until

_READY_SECONDS = 60.0
_STEADY_SECONDS = 60.0
_LONGEST_PAUSE = 30.0
_LOOK_SECONDS = 1.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Service(Protocol):
    """Something that is started, watched and stopped: a process or an embedded server."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    @property
    def log(self) -> Path | None:
        """The file it writes to; None when it writes to the console."""
        ...

    def start(self) -> object:
        """Starts it, or starts it again."""
        ...

    def poll(self) -> int | None:
        """None while it runs, else its exit code (negative: the signal that ended it)."""
        ...

    def begin_stop(self) -> None:
        """Asks it to stop; does not wait."""
        ...

    def stop(self) -> None:
        """Stops it and waits until it is gone."""
        ...


class Process:
    """A program under supervision.

    Args:
        name: what the operator calls it; names its log.
        argv: program and arguments.
        env: its whole environment.
        log: file it writes to; None leaves its output on our console.
        once: it does one job and ends; it is not started again.
        ready_url: http URL that answers 200 once it serves; None when it serves nothing.
    """

    def __init__(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        env: Mapping[str, str],
        log: Path | None,
        once: bool = False,
        ready_url: str | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.once = once
        self.ready_url = ready_url
        self._argv = argv
        self._env = env
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = False

    def start(self) -> None:
        """Starts the program."""
        if self.log is not None:
            begin_log(self.log)
        self._asked = False
        self._child = start_child(self._argv, log=self.log, env=self._env)

    def poll(self) -> int | None:
        """None while it runs (or was never started), else its exit code."""
        return None if self._child is None else self._child.poll()

    def begin_stop(self) -> None:
        """Sends SIGTERM, once: finish what you have begun, then end."""
        if self._child is not None and self._child.poll() is None and not self._asked:
            self._asked = True
            self._child.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Asks it to stop if nobody did, waits for the end, and forces it after 35 seconds."""
        if self._child is not None:
            stop_child(self._child, asked=self._asked)


@dataclass(slots=True)
class _Watched:
    service: Service
    once: bool
    follower: LogFollower | None
    started: float = field(default_factory=time.monotonic)
    deaths: int = 0
    restart_at: float | None = None
    over: bool = False


class Supervisor:
    """Watches services that stand on floors: what is higher is stopped first.

    Use as a context manager in the main thread: inside, SIGINT, SIGTERM and SIGHUP raise
    KeyboardInterrupt, and leaving stops everything that was started.

    Args:
        echo: prints one line for the operator.
    """

    def __init__(self, echo: Callable[[str], None]) -> None:
        self._echo = echo
        self._floors: dict[int, list[_Watched]] = {}
        self._bell, self._ringer = socket.socketpair()
        self._shielded = False
        self._asked_to_stop = False

    def __enter__(self) -> Self:
        for end in (self._bell, self._ringer):
            end.settimeout(0)
        signal.set_wakeup_fd(self._ringer.fileno(), warn_on_full_buffer=False)
        for number in _STOP_SIGNALS:
            signal.signal(number, self._on_stop_signal)
        # Any Python handler makes a child's death ring the bell.
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # stopping is under way already
        self._stop()
        signal.set_wakeup_fd(-1)
        self._bell.close()
        self._ringer.close()
        for number in (*_STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)

    def start(self, *services: Service, floor: int) -> None:
        """Starts services, one after the other.

        Args:
            services: what to start.
            floor: they are stopped after every higher floor and before every lower.

        Raises:
            StartError: one of them does not come up.
        """
        watched = self._floors.setdefault(floor, [])
        for service in services:
            follower = LogFollower(service.log) if service.log else None
            once = isinstance(service, Process) and service.once
            watched.append(_Watched(service, once, follower))
            with self._shield():
                service.start()

    def _on_stop_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Only the first raises: two may come at once, and the second would break off the stopping.
        again, self._asked_to_stop = self._asked_to_stop, True
        if not again and not self._shielded:
            raise KeyboardInterrupt

    @contextmanager
    def _shield(self) -> Iterator[None]:
        """Lets a start finish before a signal stops us: what is half started nobody could stop."""
        self._shielded = True
        try:
            yield
        finally:
            self._shielded = False
        if self._asked_to_stop:
            raise KeyboardInterrupt

    def wait_until_ready(self, *processes: Process) -> None:
        """Waits until each process answers 200 at its `ready_url`.

        Raises:
            StartError: one ended, or stayed unready for 60 seconds; says what it answered.
        """
        for process in processes:
            if process.ready_url is not None:
                _await_ready(process, process.ready_url)

    def run(self) -> None:
        """Restarts whatever dies and shows errors from the logs, until a signal ends it.

        Raises:
            KeyboardInterrupt: the signal came.
        """
        while not self._asked_to_stop:
            watched = chain.from_iterable(self._floors.values())
            pause = min(map(self._look, watched), default=_LOOK_SECONDS)
            select.select([self._bell], [], [], max(0.0, pause))
            self._silence_bell()
        raise KeyboardInterrupt

    def _silence_bell(self) -> None:
        try:
            while self._bell.recv(4096):
                pass
        except BlockingIOError:
            return

    def _look(self, watched: _Watched) -> float:
        """Looks after one service; returns the seconds until it wants to be looked after again."""
        if watched.follower is not None:
            for said in watched.follower.errors():
                self._echo(f"[{watched.service.name}] {said}")
        if watched.over or watched.service.poll() is None:
            return _LOOK_SECONDS
        now = time.monotonic()
        if watched.restart_at is None:
            self._note_death(watched, now)
        if watched.restart_at is not None and watched.restart_at <= now:
            self._restart(watched)
        return _LOOK_SECONDS if watched.restart_at is None else watched.restart_at - now

    def _note_death(self, watched: _Watched, now: float) -> None:
        name, code = watched.service.name, watched.service.poll()
        where = f"，详见 {watched.service.log}" if watched.service.log else ""
        if watched.once:
            watched.over = True
            if code != 0:
                self._echo(f"[{name}] 没有完成（{_ending(code)}）{where}")
            return
        if now - watched.started > _STEADY_SECONDS:
            watched.deaths = 0
        pause = min(_LONGEST_PAUSE, 2.0 ** (watched.deaths - 1)) if watched.deaths else 0.0
        watched.deaths += 1
        watched.restart_at = now + pause
        when = f"{pause:.0f} 秒后" if pause else "立即"
        self._echo(f"[{name}] 意外退出（{_ending(code)}），{when}重新启动{where}")

    def _restart(self, watched: _Watched) -> None:
        watched.restart_at = None
        watched.started = time.monotonic()
        try:
            with self._shield():
                watched.service.start()
        except (StartError, OSError) as error:
            self._echo(f"[{watched.service.name}] {error}")

    def _stop(self) -> None:
        for floor in sorted(self._floors, reverse=True):
            for watched in self._floors[floor]:
                watched.service.begin_stop()
            for watched in self._floors[floor]:
                watched.service.stop()


def _ending(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code < 0:
        return f"信号 {signal.Signals(-code).name}"
    return f"退出码 {code}"


def _await_ready(process: Process, url: str) -> None:
    answer = ""
    for _ in until(_READY_SECONDS, pause=0.05):
        if process.poll() is not None:
            said = last_lines(process.log) if process.log else ""
            raise StartError(f"{process.name} 没有启动（{_ending(process.poll())}）：\n{said}")
        status, answer = _get(url)
        if status == 200:
            return
    raise StartError(f"{process.name} 在 {_READY_SECONDS:.0f} 秒内没有就绪：{answer or url}")


def _get(url: str) -> tuple[int, str]:
    """Status and text of a URL; status 0 when nobody answers. No proxy, no redirect."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", parts.path)
        response = connection.getresponse()
        return response.status, response.read(2000).decode("utf-8", errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()
