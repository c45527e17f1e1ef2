"""What the tree costs those who post, and how fast it grows.

Two databases of one server: one as it is, one without the column and the index the builder reads
by, and without a builder. Each has writers of its own, and the two sides take turns of a fraction
of a second, so that a slow moment of the machine hits both. What is compared is the CPU time of an
award over the writers, their sessions, the builder and its session: on a machine that is full,
throughput follows from it. What the server does in the background, for both, is not counted.
"""

import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, create_engine, make_url, text

from backend.actions.claims import ClaimInput
from backend.actions.drop_offs import KIND
from backend.actions.service import record
from backend.clock import SystemClock
from backend.db.engine import make_engine
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from benchmarks.installation import MEMBERS, BenchInstallation, screen_code
from benchmarks.row import BenchRow
from benchmarks.workers import Work, Worker, worker
from credit_rules import load_rulebook

WRITERS = 4
TURNS = 80
AWARDS = 200
# As in the product, in the time in which there are writers; the rest is taken in at the end.
TICK_SECONDS = 15.0
LEAVES = 100_000
_WARM_UP = 4
_SIGNER = Signer("tanpuhui.bench/ledger", bytes(32))
_RULEBOOK = load_rulebook()  # before the writers are forked
_KEYS = KeyRing("a secret of the benchmarks, 32 characters")
_NUMBERS = itertools.count()

_MANY = text("""
WITH made AS (
    INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest)
    SELECT 'award', a.member_id, a.id, a.occurred_on, sha256(int8send(n))
      FROM generate_series(1, :count) AS n JOIN (SELECT * FROM action LIMIT 1) AS a ON true
    RETURNING id, member_id
)
INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
SELECT id, s, member_id, -s, (member_id << 16) | (s << 12), u, 1000
  FROM made, (VALUES (1, 'mg'), (2, 'mpt')) AS x(s, u)
""")


@dataclass(frozen=True, slots=True)
class TamperFigures:
    """Sums over all turns.

    Attributes:
        cpu_ratio: CPU time of an award without the tree to that with it.
        wall_ratio: awards per second with the tree to those without.
        leaves_per_second: appended to the tree in one run.
    """

    cpu_ratio: float
    wall_ratio: float
    leaves_per_second: float


def rows(where: BenchInstallation) -> list[BenchRow]:
    """The figures with their targets."""
    found = measure(where)
    name = "tamper evidence: CPU an award without/with"
    return [
        BenchRow(name, found.cpu_ratio, "x", 0.97, at_least=True),
        BenchRow("  awards per second with / without", found.wall_ratio, "x", None, at_least=True),
        BenchRow("  leaves appended", found.leaves_per_second, "/s", 10_000, at_least=True),
    ]


class _Side:
    """The writers of one database, with a builder of its tree or without."""

    def __init__(self, writers: Sequence[Worker], builder: Worker | None) -> None:
        self._writers = writers
        self._builder = builder
        self.begin()

    def begin(self) -> None:
        """Counts from here on."""
        self.seconds = 0.0
        self._unsealed = 0.0
        self._cpu_before = self._cpu()

    def turn(self) -> None:
        """Has its share of awards written, beside the builder when that is due."""
        at_work = list(self._writers)
        if self._builder is not None and self._unsealed > TICK_SECONDS:
            at_work.append(self._builder)
            self._unsealed = 0.0
        numbers = list(itertools.islice(_NUMBERS, AWARDS))
        begun = time.perf_counter()
        for place, each in enumerate(at_work):
            each.begin(numbers[place::WRITERS] if place < WRITERS else ())
        for each in at_work:
            each.end()
        taken = time.perf_counter() - begun
        self.seconds += taken
        self._unsealed += taken

    def seal(self) -> None:
        """Has the rest taken into the tree, if there is one."""
        if self._builder is not None:
            self._builder.begin(())
            self._builder.end()

    def cpu_seconds(self) -> float:
        """CPU time of writers, builder and their sessions since it began to count."""
        return self._cpu() - self._cpu_before

    def _cpu(self) -> float:
        builders = [] if self._builder is None else [self._builder]
        return sum(each.cpu_seconds() for each in (*self._writers, *builders))


def measure(where: BenchInstallation) -> TamperFigures:
    """Lets the two sides take turns, then appends a backlog."""
    with ExitStack() as running:

        def side(url: str, *, builder: bool) -> _Side:
            write = _writing(where.codes)
            writers = [running.enter_context(worker(write, url)) for _ in range(WRITERS)]
            return _Side(writers, running.enter_context(worker(_build, url)) if builder else None)

        without = side(_copy_without_tree(where.database_url), builder=False)
        with_tree = side(where.database_url, builder=True)
        for sides in (without, with_tree):
            for _ in range(_WARM_UP):
                sides.turn()
            sides.seal()
            sides.begin()
        for _ in range(TURNS):
            without.turn()
            with_tree.turn()
        with_tree.seal()
        cpu_ratio = without.cpu_seconds() / with_tree.cpu_seconds()
    return TamperFigures(
        cpu_ratio=cpu_ratio,
        wall_ratio=without.seconds / with_tree.seconds,
        leaves_per_second=_append_backlog(where.database_url),
    )


def _writing(codes: Sequence[str]) -> Work:
    """Drop-offs through the service, a transaction each."""

    def write(engine: Engine, numbers: Sequence[int]) -> None:
        for number in numbers:
            now = datetime.now(UTC)
            shown = screen_code(_KEYS, codes, number, now)
            with engine.begin() as db:
                claim = ClaimInput(
                    member_id=number % MEMBERS + 1,
                    reference=f"bench-tree-{number:010d}",
                    kind=KIND,
                    occurred_at=shown.at,
                    facts={"material": "cardboard", "mass": "1.25"},
                    code=shown.code,
                )
                record(db, _RULEBOOK, _KEYS, claim, now=now)

    return write


def _build(engine: Engine, _: Sequence[int]) -> None:
    """Takes in what was written since."""
    jobs.build(engine.begin, _SIGNER, SystemClock())


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
