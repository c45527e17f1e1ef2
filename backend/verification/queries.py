"""The ledger's health as the last verification left it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from backend.invariants import Finding, Invariant
from backend.ledger.queries import tail_after
from backend.verification.models import VerificationResult, VerificationRun


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found: how much, in how many ms, and the first findings."""

    name: str
    title: str
    found: int
    elapsed_ms: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One verification.

    Attributes:
        id: its number.
        started_at: the instant whose state it looked at.
        finished_at: when it was through.
        entries: how many entries it looked at.
        found: how many findings.
    """

    id: int
    started_at: datetime
    finished_at: datetime
    entries: int
    found: int


@dataclass(frozen=True, slots=True)
class Health:
    """How far the ledger is verified, and what is wrong with it.

    Attributes:
        last: the last run.
        results: what its checks found, in the order they ran.
        entries: how many entries there are now.
        oldest_unverified: when the oldest entry that the run did not see was written; None when
            it saw all.
    """

    last: Run
    results: tuple[CheckResult, ...]
    entries: int
    oldest_unverified: datetime | None

    @property
    def verified_percent(self) -> Decimal:
        """Share of the entries the last run looked at, in percent, rounded down to 0.01."""
        if self.entries == 0:
            return Decimal(100)
        return Decimal(self.last.entries * 10_000 // self.entries) / 100


def health(db: Connection) -> Health | None:
    """The health by the last run; None before the first."""
    runs = recent_runs(db, limit=1)
    if not runs:
        return None
    last_entry_id = db.execute(
        select(VerificationRun.last_entry_id).where(VerificationRun.id == runs[0].id)
    ).scalar_one()
    since = tail_after(db, entry_id=last_entry_id)
    results = tuple(
        CheckResult(
            row.name,
            row.title,
            row.found,
            row.elapsed_ms,
            tuple(_finding(finding) for finding in row.findings),
        )
        for row in db.execute(
            select(VerificationResult)
            .where(VerificationResult.run_id == runs[0].id)
            .order_by(VerificationResult.position)
        )
    )
    return Health(runs[0], results, runs[0].entries + since.entries, since.first_at)


def _finding(kept: dict[str, object]) -> Finding:
    invariant = kept["invariant"]
    return Finding(Invariant(int(str(invariant))), str(kept["subject"]), str(kept["detail"]))


def recent_runs(db: Connection, *, limit: int) -> list[Run]:
    """The last runs, newest first."""
    found = (
        select(func.coalesce(func.sum(VerificationResult.found), 0))
        .where(VerificationResult.run_id == VerificationRun.id)
        .scalar_subquery()
    )
    rows = db.execute(
        select(
            VerificationRun.id,
            VerificationRun.started_at,
            VerificationRun.finished_at,
            VerificationRun.entries,
            found,
        )
        .order_by(VerificationRun.id.desc())
        .limit(limit)
    )
    return [Run(row[0], row[1], row[2], row[3], int(row[4])) for row in rows]
