"""Starting processes that never outlive us."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backend.errors import DomainError, ErrorKind

ISOLATED: Final = ("-P",)
"""Options of every Python we start: a file in the working directory is no module of ours."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartError(DomainError):
    """Something the runtime starts does not come up; the sentence says why and what to do."""

    code = "start_failed"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class OsUser:
    """The operating-system user a child runs as."""

    uid: int
    gid: int


def start_child(
    argv: Sequence[str],
    *,
    log: Path | None,
    user: OsUser | None = None,
    env: Mapping[str, str] | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Starts a process in its own group that the kernel signals when we die, however we die.

    The kernel ties the signal to the thread that starts the child: call this from a thread that
    lives as long as the child should.

    Args:
        argv: program and arguments; no shell.
        log: file its output is appended to; None leaves it on our own output.
        user: runs it as another user (only root may).
        env: its whole environment; None hands ours on.
        death_signal: what it gets when we die.
    """
    output = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        return subprocess.Popen(  # noqa: S603 - argv comes from this package, never from a user
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            env=env,
            cwd="/" if user else None,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            # Its own group: Ctrl-C in the terminal reaches us alone, and we stop things in order.
            process_group=0,
            # Runs after setuid, which would clear the death signal, and calls nothing but prctl.
            preexec_fn=_arming(death_signal),  # noqa: PLW1509
        )
    finally:
        if output is not None:
            os.close(output)


def _arming(death_signal: signal.Signals) -> Callable[[], None] | None:
    if _LIBC is None:
        return None
    parent = os.getpid()
    return lambda: die_with_parent(death_signal, parent)


def die_with_parent(death_signal: signal.Signals, parent: int | None = None) -> None:
    """Has the kernel signal this process when its parent dies; nothing where no kernel does that.

    Args:
        death_signal: what it gets.
        parent: process id of the parent; None means whoever it is at this moment.
    """
    if _LIBC is None:
        return
    parent = os.getppid() if parent is None else parent
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)


def stop_child(
    child: subprocess.Popen[bytes],
    *,
    signals: Sequence[tuple[signal.Signals, float]] = ((signal.SIGTERM, 35.0),),
    asked: bool = False,
) -> None:
    """Sends each signal in turn, waiting its number of seconds, then kills the whole group.

    Args:
        child: what `start_child` returned; may already be gone.
        signals: pairs of signal and patience in seconds.
        asked: the first of them was sent before: to some a second one means to drop everything.
    """
    for turn, (number, patience) in enumerate(signals):
        if child.poll() is not None:
            break
        if turn or not asked:
            child.send_signal(number)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log file, for a message about what went wrong; empty when there is none."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-count:])
