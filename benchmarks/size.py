"""What a book of millions of transfers costs: balances, balances as of then, posting.

`python -m benchmarks.size TRANSFERS [--verify]` prints the figures; `make drill` runs it at ten
million. Postings are measured after everybody has posted once, so that what they need has been read
from disk as in a book in use, and right after a checkpoint, when each page they touch is written
whole once more.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from redis import Redis
from sqlalchemy import Engine, make_url, text

from backend.clock import SystemClock
from backend.db.engine import make_engine
from backend.ledger.batches import MOST, post_awards
from backend.ledger.queries import balance_at, balance_of
from backend.ledger.service import Outcome, post_award
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import Signer
from backend.proofs import jobs as proofs
from backend.rankings import jobs
from backend.schema import METADATA
from backend.verification.service import open_books, verify
from benchmarks.bare_award import bare_award
from benchmarks.installation import MEMBERS, BenchInstallation, installation
from benchmarks.loading import PER_DAY, live, repeat
from credit_rules import load_rulebook

_READS = 2_000
_ROUNDS = 15
_POSTINGS = 200
# A drop-off moves a reduction and points.
_TRANSFERS_PER_DAY = MEMBERS * PER_DAY * 2


@dataclass(frozen=True, slots=True)
class SizeFigures:
    """What was measured.

    Attributes:
        transfers: in the book.
        load_seconds: how long filling it took.
        balance_ms: median of reading a member's balance.
        as_of_ms: median of reading it as of an instant of its history.
        as_of_p99_ms: 99th percentile of the same.
        posting_ratio: postings per second in the book, of those in an empty one beside it.
        posting_us: median time of a posting in the book, with its commit.
        verify_seconds: how long every check of the ledger took; 0 when it was not asked for.
    """

    transfers: int
    load_seconds: float
    balance_ms: float
    as_of_ms: float
    as_of_p99_ms: float
    posting_ratio: float
    posting_us: float
    verify_seconds: float


def measure(
    transfers: int, *, report: Callable[[str], None], verify_too: bool = False
) -> SizeFigures:
    """Fills a book of at least so many transfers and measures it.

    Args:
        transfers: rounded up to whole days of all members.
        report: told how far it is.
        verify_too: builds the tree and runs every check on the book before measuring.

    Raises:
        RuntimeError: a check found something.
    """
    days = -(-transfers // _TRANSFERS_PER_DAY)
    with installation() as where:
        url = make_url(where.database_url)
        empty = url.set(database="empty")
        _copy(url.render_as_string(hide_password=False))
        owner = make_engine(where.database_url, owner=True, statement_timeout_ms=0)
        book = make_engine(where.database_url)
        beside = make_engine(empty.render_as_string(hide_password=False))
        now = datetime.now(UTC)
        begun = time.perf_counter()
        _live(book, where, now, days)
        loaded = repeat(owner, like=1, report=report)
        seconds = time.perf_counter() - begun
        report(f"{loaded:,} transfers in {seconds:.0f} s")
        _run(owner, "VACUUM (ANALYZE)")
        verified = _verified(where, report) if verify_too else 0.0
        balances, as_of = _reads(book, now, days)
        for engine in (book, beside):
            _everybody_once(engine)
        _run(owner, "CHECKPOINT")
        ratio, posting = _postings(book, beside)
        for engine in (owner, book, beside):
            engine.dispose()
    return SizeFigures(
        transfers=loaded,
        load_seconds=seconds,
        balance_ms=statistics.median(balances) * 1000,
        as_of_ms=statistics.median(as_of) * 1000,
        as_of_p99_ms=sorted(as_of)[int(len(as_of) * 0.99)] * 1000,
        posting_ratio=ratio,
        posting_us=posting * 1e6,
        verify_seconds=verified,
    )


def _live(book: Engine, where: BenchInstallation, now: datetime, days: int) -> None:
    """The history that is repeated: one member's, through the service."""
    live(
        book,
        rulebook=load_rulebook(),
        keys=KeyRing(where.environment["TANPUHUI_SECRET_KEY"]),
        member_id=1,
        code=where.codes[0],
        until=now,
        days=days,
    )


def _verified(where: BenchInstallation, report: Callable[[str], None]) -> float:
    """Brings tree and roll-ups up to date, then times every check.

    Raises:
        RuntimeError: a check found something.
    """
    engine = make_engine(where.database_url, owner=True, statement_timeout_ms=0)
    redis = Redis.from_url(where.environment["TANPUHUI_REDIS_URL"])
    signer = Signer.generate("size.example")
    while proofs.build(engine.begin, signer, SystemClock()):
        report("the tree grows")
    with engine.begin() as db:
        jobs.rebuild(db)
        db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))
    with open_books(
        engine, redis, rulebook=load_rulebook(), metadata=METADATA, now=datetime.now(UTC)
    ) as books:
        verification = verify(books, report=report)
    engine.dispose()
    redis.close()
    if verification.found:
        raise RuntimeError(f"{verification.found} findings in the loaded book")
    return verification.elapsed_ms / 1000


def _copy(url: str) -> None:
    """An empty book with the same members, on the same server."""
    maintenance = make_engine(
        make_url(url).set(database="postgres").render_as_string(hide_password=False), owner=True
    )
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(f"CREATE DATABASE empty TEMPLATE {make_url(url).database}")
    maintenance.dispose()


def _run(owner: Engine, statement: str) -> None:
    """Runs what no transaction may hold."""
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql(statement)


def _everybody_once(engine: Engine) -> None:
    """Posts an award for every member."""
    now = datetime.now(UTC)
    awards = [bare_award(member, f"once-{member}", now) for member in range(2, MEMBERS)]
    for first in range(0, len(awards), MOST):
        with engine.begin() as db:
            if None in post_awards(db, awards[first : first + MOST]):
                raise RuntimeError("a batch was not posted whole")


def _reads(book: Engine, now: datetime, days: int) -> tuple[list[float], list[float]]:
    """Times of balances, and of balances as of instants of the history, of random members."""
    dice = random.Random(1)  # noqa: S311 - chance, not secrecy
    balances, as_of = [], []
    with book.connect() as db:
        for _ in range(_READS):
            member = dice.randrange(2, MEMBERS)
            at = now - timedelta(days=dice.uniform(0, days))
            balances.append(_least(lambda: balance_of(db, member_id=member)))  # noqa: B023 - called at once
            as_of.append(_least(lambda: balance_at(db, member_id=member, at=at)))  # noqa: B023 - called at once
    return balances, as_of


def _least(read: Callable[[], object]) -> float:
    """The least time of a read in three: other work on the machine only ever adds to it."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        read()
        times.append(time.perf_counter() - begun)
    return min(times)


def _postings(book: Engine, beside: Engine) -> tuple[float, float]:
    """The rate in the book of the rate beside it, round by round, and the time of a posting."""
    dice = random.Random(2)  # noqa: S311 - chance, not secrecy
    ratios, times = [], []
    for number in range(_ROUNDS):
        members = [dice.randrange(2, MEMBERS) for _ in range(_POSTINGS)]
        small = _post_all(beside, members, number)
        large = _post_all(book, members, number)
        ratios.append(small / large)
        times.append(large / _POSTINGS)
    # The first round warms both up.
    return statistics.median(ratios[1:]), statistics.median(times[1:])


def _post_all(engine: Engine, members: list[int], round_number: int) -> float:
    """Posts an award for each member, in a transaction each; returns the seconds."""
    now = datetime.now(UTC)
    begun = time.perf_counter()
    for number, member in enumerate(members):
        with engine.begin() as db:
            award = bare_award(member, f"sized-{round_number}-{number}", now)
            posting = post_award(db, award)
        if posting.outcome is not Outcome.POSTED:
            raise RuntimeError(posting.outcome)
    return time.perf_counter() - begun


def main() -> None:
    """Measures at the size given and prints the figures."""
    figures = measure(
        int(sys.argv[1]),
        report=lambda line: print(f"  {line}", file=sys.stderr),
        verify_too="--verify" in sys.argv,
    )
    print(f"{figures.transfers:,} transfers, loaded in {figures.load_seconds:.0f} s")
    print(f"balance                 {figures.balance_ms:8.3f} ms")
    print(f"balance as of           {figures.as_of_ms:8.3f} ms, p99 {figures.as_of_p99_ms:.3f} ms")
    print(f"posting                 {figures.posting_us:8.0f} µs")
    print(f"  of the rate at empty  {figures.posting_ratio:8.2f}")
    if figures.verify_seconds:
        print(f"every check             {figures.verify_seconds:8.1f} s")


if __name__ == "__main__":
    main()
