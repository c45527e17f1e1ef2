"""Processes with one session of the database each, which work when told and know what it cost."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe

import psutil
from sqlalchemy import Engine, text

from backend.db.engine import make_engine

Work = Callable[[Engine, Sequence[int]], None]
_FORK = get_context("fork")


class Worker:
    """A process that does one kind of work on one database, over one session."""

    def __init__(self, pipe: Pipe, process_id: int) -> None:
        """Waits until the session stands.

        Args:
            pipe: to the process, which first sends the process id of its session.
            process_id: of the process.
        """
        self._pipe = pipe
        self._processes = (psutil.Process(process_id), psutil.Process(pipe.recv()))

    def begin(self, numbers: Sequence[int]) -> None:
        """Lets it work on these numbers; returns at once."""
        self._pipe.send(list(numbers))

    def end(self) -> None:
        """Waits until it has done what it was told.

        Raises:
            EOFError: it has ended instead.
        """
        self._pipe.recv()

    def cpu_seconds(self) -> float:
        """CPU time of the process and its session so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self._processes)


@contextmanager
def worker(work: Work, url: str) -> Iterator[Worker]:
    """A worker; ended at the end.

    Args:
        work: done with the engine and the numbers of each turn.
        url: of the database.
    """
    here, there = _FORK.Pipe()
    process = _FORK.Process(target=_serve, args=(work, url, here, there))
    process.start()
    there.close()
    try:
        assert process.pid is not None
        yield Worker(here, process.pid)
    finally:
        here.close()
        process.join()


def _serve(work: Work, url: str, teller: Pipe, pipe: Pipe) -> None:
    # Otherwise this end would keep the pipe open, and the process would never be told to end.
    teller.close()
    engine = make_engine(url, pool_size=1)
    with engine.connect() as db:
        pipe.send(db.scalar(text("SELECT pg_backend_pid()")))
    while True:
        try:
            numbers = pipe.recv()
        except EOFError:
            break
        work(engine, numbers)
        pipe.send(None)
    engine.dispose()
