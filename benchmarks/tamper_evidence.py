"""What the tree costs those who post, and how fast it grows.

Two databases of one server: one as it is, one without the column and the index the builder reads
by, and without a builder. Rounds alternate between them. What is compared is the CPU time of an
award over all processes, writers', server's and builder's: on a machine that is full, throughput
follows from it, and it does not depend on who else is at work meanwhile.
"""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median

import psutil
from sqlalchemy import Engine, create_engine, make_url, text

from backend.clock import SystemClock
from backend.db.engine import make_engine
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from backend.recycling.service import DropOff, log_drop_off
from benchmarks.installation import MEMBERS, Installation
from benchmarks.row import Row
from credit_rules import load_rulebook

WRITERS = 4
ROUNDS = 5
AWARDS = 4_000
# As in the product; at the end of a round the rest is taken in.
TICK_SECONDS = 15.0
LEAVES = 100_000
_SIGNER = Signer("tanpuhui.bench/ledger", bytes(32))
_RULEBOOK = load_rulebook()  # before the writers are forked
_NUMBERS = itertools.count()
_FORK = get_context("fork")

_MANY = text("""
WITH made AS (
    INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest)
    SELECT 'award', a.member_id, a.id, a.occurred_on, sha256(int8send(n))
      FROM generate_series(1, :count) AS n JOIN (SELECT * FROM action LIMIT 1) AS a ON true
    RETURNING id, member_id
)
INSERT INTO transfer (entry_id, seq, debit, credit, unit, amount)
SELECT id, s, -s, (member_id << 16) | (s << 12), u, 1000
  FROM made, (VALUES (1, 'mg'), (2, 'mpt')) AS x(s, u)
""")


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds.

    Attributes:
        cpu_ratio: CPU time of an award without the tree to that with it.
        wall_ratio: awards per second with the tree to those without.
        leaves_per_second: appended to the tree in one run.
    """

    cpu_ratio: float
    wall_ratio: float
    leaves_per_second: float


def rows(where: Installation) -> list[Row]:
    """The figures with their targets."""
    found = measure(where)
    name = "tamper evidence: CPU an award without/with"
    return [
        Row(name, found.cpu_ratio, "x", 0.97, at_least=True),
        Row("  awards per second with / without", found.wall_ratio, "x", None, at_least=True),
        Row("  leaves appended", found.leaves_per_second, "/s", 10_000, at_least=True),
    ]


def measure(where: Installation) -> Result:
    """Alternates rounds with and without the tree, then appends a backlog."""
    plain = _copy_without_tree(where.database_url)
    server = _postmaster(where.database_url)
    _round(server, plain, where, builder=False)
    _round(server, where.database_url, where, builder=True)
    without, with_tree = [], []
    for _ in range(ROUNDS):
        without.append(_round(server, plain, where, builder=False))
        with_tree.append(_round(server, where.database_url, where, builder=True))
    pairs = list(zip(without, with_tree, strict=True))
    return Result(
        cpu_ratio=median(a.cpu_seconds / b.cpu_seconds for a, b in pairs),
        wall_ratio=median(a.seconds / b.seconds for a, b in pairs),
        leaves_per_second=_append_backlog(where.database_url),
    )


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a round took until every entry was in the tree: CPU of all processes, and wall time."""

    cpu_seconds: float
    seconds: float


def _round(server: psutil.Process, url: str, where: Installation, *, builder: bool) -> _Cost:
    numbers = list(itertools.islice(_NUMBERS, AWARDS))
    written = _FORK.Event()
    before = _cpu(server)
    begun = time.perf_counter()
    writers = [_started(_write, url, where.codes, numbers[n::WRITERS]) for n in range(WRITERS)]
    growing = [_started(_build, url, written)] if builder else []
    for writer in writers:
        writer.join()
    written.set()
    for process in growing:
        process.join()
    seconds = time.perf_counter() - begun
    assert all(process.exitcode == 0 for process in (*writers, *growing))
    return _Cost(_cpu(server) - before, seconds)


def _started(target: Callable[..., None], *args: object) -> BaseProcess:
    process = _FORK.Process(target=target, args=args)
    process.start()
    return process


def _write(url: str, codes: Sequence[str], numbers: Sequence[int]) -> None:
    """Logs drop-offs through the service, a transaction each."""
    engine = make_engine(url)
    keys = KeyRing("a secret of the benchmarks, 32 characters")
    for number in numbers:
        now = datetime.now(UTC)
        with engine.begin() as db:
            log_drop_off(
                db,
                rulebook=_RULEBOOK,
                keys=keys,
                member_id=number % MEMBERS + 1,
                drop_off=DropOff(
                    reference=f"bench-tree-{number:010d}",
                    occurred_at=now - timedelta(hours=number // MEMBERS),
                    code=codes[number % len(codes)],
                    facts={"material": "cardboard", "mass": "1.25"},
                    position=None,
                ),
                now=now,
            )
    engine.dispose()


def _build(url: str, written: Event) -> None:
    """Grows the tree while entries are written, and takes in the rest at the end."""
    engine = make_engine(url)
    done = False
    while not done:
        done = written.wait(TICK_SECONDS)
        jobs.build(engine.begin, _SIGNER, SystemClock())
    engine.dispose()


def _cpu(server: psutil.Process) -> float:
    """CPU seconds so far of the server, its sessions that ended, and our children that ended."""
    own, children = os.times(), server.children()
    with_sessions = server.cpu_times()
    return (
        own.children_user
        + own.children_system
        + with_sessions.children_user
        + with_sessions.children_system
        + sum(sum(child.cpu_times()[:2]) for child in children)
    )


def _postmaster(url: str) -> psutil.Process:
    with _owner(url) as engine, engine.connect() as db:
        folder = db.scalar(text("SHOW data_directory"))
    return psutil.Process(int((Path(folder) / "postmaster.pid").read_text().split()[0]))


def _copy_without_tree(url: str) -> str:
    """A copy of the database as it would be without tamper evidence."""
    name = "without_tree"
    maintenance = make_url(url).set(drivername="postgresql+psycopg", database="postgres")
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name} TEMPLATE {make_url(url).database}"))
    engine.dispose()
    copy = make_url(url).set(database=name).render_as_string(hide_password=False)
    with _owner(copy) as owner, owner.begin() as db:
        db.execute(text("ALTER TABLE entry DROP COLUMN txid"))
    return copy


def _append_backlog(url: str) -> float:
    """Entries of two transfers each, with their actions, appended per second."""
    with _owner(url) as owner, owner.begin() as db:
        db.execute(_MANY, {"count": LEAVES})
    engine = make_engine(url)
    begun = time.perf_counter()
    appended = jobs.build(engine.begin, _SIGNER, SystemClock())
    seconds = time.perf_counter() - begun
    engine.dispose()
    assert appended == LEAVES
    return appended / seconds


@contextmanager
def _owner(url: str) -> Iterator[Engine]:
    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        yield engine
    finally:
        engine.dispose()
