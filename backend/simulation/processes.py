"""A run over the history, spread over processes by member.

Every process has a connection of its own and sees the same snapshot. The shares are dealt out like
cards, share k to process k modulo their number, and each process sends one result a share in its
order. So results are taken in the order of the shares by asking one process after the other, and
what a run comes to does not depend on how many there are.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import TypeVar

from sqlalchemy import Connection

from backend.db.engine import make_engine
from backend.db.snapshot import exported, snapshot
from backend.errors import DomainError, ErrorKind
from backend.simulation.queries import Share

_Result = TypeVar("_Result")
Work = Callable[[Connection, Iterable[Share]], Iterator[_Result]]
"""Goes through shares and gives one result for each; it and its results can be pickled."""


class HistoryProcessError(DomainError):
    """A process that goes through a share of the history ended before its work was done."""

    code = "history_process_failed"
    kind = ErrorKind.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("有一个计算进程中途退出，请按上面的错误信息处理后重新运行。")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a run is spread.

    Attributes:
        database_url: PostgreSQL, for the connections of other processes.
        processes: how many at most; with one, or one share, this process does all of it.
        actions: about how many actions make a share.
    """

    database_url: str = ""
    processes: int = 1
    actions: int = 20_000


ALONE = Spread()


def every_core(database_url: str) -> Spread:
    """A run on every core that this process may use."""
    return Spread(database_url, len(os.sched_getaffinity(0)))


def results(
    db: Connection, work: Work[_Result], shares: Sequence[Share], spread: Spread
) -> Iterator[_Result]:
    """The result of every share, in the order of the shares, as they come.

    Args:
        db: a transaction; of `snapshot` where other processes are to see the same.
        work: what is done.
        shares: on what.
        spread: over which processes.

    Raises:
        HistoryProcessError: a process ended before its work was done; its traceback is on stderr.
    """
    count = min(spread.processes, len(shares))
    if count < 2:
        yield from work(db, shares)
        return
    name = exported(db)
    with ExitStack() as stack:
        pipes = []
        for number in range(count):
            # Not forked: a fork would share this process's connections and threads.
            receiver, sender = get_context("spawn").Pipe(duplex=False)
            mine = shares[number::count]
            process = get_context("spawn").Process(
                target=_work, args=(spread.database_url, name, work, mine, sender), daemon=True
            )
            process.start()
            # From here on only the process holds this end: when it dies, the pipe ends.
            sender.close()
            stack.callback(_end, process)
            pipes.append(stack.enter_context(receiver))
        for number in range(len(shares)):
            try:
                yield pipes[number % count].recv()
            except EOFError as error:
                raise HistoryProcessError from error


def _end(process: BaseProcess) -> None:
    process.terminate()
    process.join()


def _work(
    database_url: str, name: str, work: Work[_Result], mine: Sequence[Share], sender: Pipe
) -> None:
    """What a process does; when its starter is gone, the next result cannot be sent and it ends."""
    # Ctrl-C reaches the starter too, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = make_engine(database_url, pool_size=1)
    try:
        with snapshot(engine, name=name) as db:
            for result in work(db, mine):
                sender.send(result)
    except BrokenPipeError:
        return
    finally:
        engine.dispose()
