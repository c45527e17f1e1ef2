"""Loads the parts of a demo city side by side, each in a process of its own.

A part is one transaction; all commit when all have come to their end, so that an interrupted seed
leaves nothing behind.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final

from backend.bootstrap import Backend
from backend.demo.loading import LoadingSpan, Part, Progress
from backend.demo.part_process import COMMIT, READY, arguments, read
from backend.demo.scale import Scale
from backend.errors import DomainError, ErrorKind
from backend.runtime.children import ISOLATED

_PROGRESS_SECONDS: Final = 5.0

_Child = subprocess.Popen[str]


class PartFailedError(DomainError):
    """A process that loads a part of the city ended before its work was done."""

    code = "demo_part_failed"
    kind = ErrorKind.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("演示数据没有载入成功，请按上面的错误信息处理后重试。")


def load_side_by_side(
    backend: Backend,
    scale: Scale,
    span: LoadingSpan,
    *,
    processes: int,
    tell: Callable[[Progress], None],
) -> int:
    """Loads a scale and commits it; returns how many actions were logged.

    Args:
        backend: the installation; its districts and systems are committed.
        scale: how large.
        span: the time the history covers.
        processes: how many work side by side.
        tell: told from time to time how far the whole has come.

    Raises:
        PartFailedError: a process failed; the others were stopped and nothing is committed,
            unless the scale commits on the way.
    """
    children = [
        _start(backend, Part(scale, number, processes), span) for number in range(processes)
    ]
    reached = [Progress()] * processes

    def follow(number: int) -> None:
        for line in children[number].stdout or ():
            if line.strip() == READY:
                return
            reached[number] = read(line)
        raise PartFailedError

    with ThreadPoolExecutor(processes) as threads:
        try:
            pending = {threads.submit(follow, number) for number in range(processes)}
            while pending:
                done, pending = wait(pending, _PROGRESS_SECONDS, FIRST_EXCEPTION)
                for each in done:
                    each.result()
                if pending:
                    tell(_together(reached))
            _commit(children)
        finally:
            for child in children:
                child.kill()
                child.communicate()
    return _together(reached).actions


def _together(parts: Sequence[Progress]) -> Progress:
    """How far all parts are together; the day is that of the slowest."""
    days = [part.day for part in parts]
    return Progress(
        sum(part.members for part in parts),
        sum(part.actions for part in parts),
        None if None in days else min(day for day in days if day is not None),
    )


def _start(backend: Backend, part: Part, span: LoadingSpan) -> _Child:
    return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
        [sys.executable, *ISOLATED, "-m", "backend.demo.part_process", *arguments(part, span)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | backend.settings.environment(),
        text=True,
        # Ctrl-C reaches this process alone, which then stops the others.
        process_group=0,
    )


def _commit(children: Sequence[_Child]) -> None:
    """Lets the children commit and end.

    Raises:
        PartFailedError: one could not.
    """
    for child in children:
        if child.stdin is not None:
            child.stdin.write(f"{COMMIT}\n")
            child.stdin.flush()
    if any(child.wait() for child in children):
        raise PartFailedError
