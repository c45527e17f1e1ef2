"""Runs every check over one snapshot, and keeps what it found."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from redis import Redis
from sqlalchemy import Connection, Engine, MetaData, delete, insert, select
from sqlalchemy.exc import DataError, DBAPIError, ProgrammingError

from backend.actions import checks as actions
from backend.db.snapshot import snapshot
from backend.donations import checks as donations
from backend.errors import DomainError
from backend.invariants import Books, Check, Finding
from backend.ledger import checks as ledger
from backend.ledger import history_checks as ledger_history
from backend.ledger.queries import extent
from backend.proofs import checks as proofs
from backend.rankings import checks as rankings
from backend.rewards import checks as rewards
from backend.verification import guards
from backend.verification.models import VerificationResult, VerificationRun
from credit_rules import Rulebook

# Boards first: they are read as they are, the database as it was when the snapshot was taken.
CHECKS: tuple[Check, ...] = (
    *rankings.CHECKS,
    *guards.CHECKS,
    *ledger.CHECKS,
    *ledger_history.CHECKS,
    *rewards.CHECKS,
    *donations.CHECKS,
    *actions.CHECKS,
    *proofs.CHECKS,
)
# Of each check so many findings are kept; the others are counted.
KEPT = 100
_RUNS_KEPT = 400
_LINE = "\n"

# What may come of content that nobody wrote so, and of tables that are gone. A database out of
# reach is none of it.
_UNREADABLE = (
    *(ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
    *(DomainError, DataError, ProgrammingError),
)

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CheckFindings:
    """What one check found.

    Attributes:
        check: which one.
        found: how many findings.
        findings: the first of them.
        elapsed_ms: how long it took, in ms.
    """

    check: Check
    found: int
    findings: tuple[Finding, ...]
    elapsed_ms: int


@dataclass(frozen=True, slots=True)
class Verification:
    """One run of all checks.

    Attributes:
        started_at: the instant of the snapshot.
        elapsed_ms: how long the run took, in ms.
        entries: entries in the snapshot.
        last_entry_id: the newest of them; 0 when there is none.
        results: one a check, in the order they ran.
    """

    started_at: datetime
    elapsed_ms: int
    entries: int
    last_entry_id: int
    results: tuple[CheckFindings, ...]

    @property
    def found(self) -> int:
        """How many findings in all."""
        return sum(result.found for result in self.results)


@contextmanager
def open_books(
    engine: Engine,
    redis: Redis,
    *,
    rulebook: Rulebook,
    metadata: MetaData,
    now: datetime,
    advance: Callable[[int], None] = lambda _rows: None,
) -> Iterator[Books]:
    """The books as they are at this instant, for as long as the block runs."""
    with snapshot(engine) as db:
        yield Books(db, redis, rulebook, metadata, now, advance)


def verify(
    books: Books, *, checks: tuple[Check, ...] = CHECKS, report: Report = lambda _line: None
) -> Verification:
    """Runs the checks one after the other.

    Args:
        books: what they look at.
        checks: all that are registered, unless told otherwise.
        report: told one line a check, as soon as it is done.
    """
    begun = time.monotonic()
    entries, last_entry_id = extent(books.db)
    results = []
    for number, check in enumerate(checks, start=1):
        result = _run(books, check)
        results.append(result)
        verdict = "通过" if result.found == 0 else f"{result.found} 处不符"
        report(
            f"[{number}/{len(checks)}] {check.title}：{verdict}"
            f"（{result.elapsed_ms / 1000:.1f} 秒）"
        )
    return Verification(books.now, _ms_since(begun), entries, last_entry_id, tuple(results))


def _run(books: Books, check: Check) -> CheckFindings:
    begun = time.monotonic()
    found = 0
    kept: list[Finding] = []
    for finding in _findings(books, check):
        found += 1
        if found <= KEPT:
            kept.append(finding)
    return CheckFindings(check, found, tuple(kept), _ms_since(begun))


def _findings(books: Books, check: Check) -> Iterator[Finding]:
    """What a check finds; what it cannot read is a finding too, and the others go on."""
    with books.db.begin_nested() as savepoint:
        try:
            yield from check.find(books)
        except _UNREADABLE as error:
            said = error.orig if isinstance(error, DBAPIError) else error
            detail = (
                "检查没有做完，数据库里有无法解读或缺失的内容"
                f"（{type(said).__name__}：{str(said).partition(_LINE)[0]}）。"
            )
            # What it was reading from is let go of while it is still there to be closed.
            traceback.clear_frames(error.__traceback__)
            savepoint.rollback()
            yield Finding(check.invariants[0], f"check {check.name}", detail)


def _ms_since(begun: float) -> int:
    return int((time.monotonic() - begun) * 1000)


def store(db: Connection, verification: Verification, *, finished_at: datetime) -> None:
    """Keeps a run for the console, and lets go of runs older than the last few hundred."""
    run_id = db.execute(
        insert(VerificationRun)
        .values(
            started_at=verification.started_at,
            finished_at=finished_at,
            entries=verification.entries,
            last_entry_id=verification.last_entry_id,
        )
        .returning(VerificationRun.id)
    ).scalar_one()
    db.execute(
        insert(VerificationResult),
        [
            {
                "run_id": run_id,
                "position": position,
                "name": result.check.name,
                "title": result.check.title,
                "found": result.found,
                "elapsed_ms": result.elapsed_ms,
                "findings": [asdict(finding) for finding in result.findings],
            }
            for position, result in enumerate(verification.results)
        ],
    )
    newest = select(VerificationRun.id).order_by(VerificationRun.id.desc()).limit(_RUNS_KEPT)
    db.execute(delete(VerificationRun).where(VerificationRun.id.not_in(newest)))
