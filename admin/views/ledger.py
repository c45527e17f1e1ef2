"""The ledger's health: what the last verification found, and how far it reached."""

from dataclasses import dataclass

from flask import Blueprint, render_template

from admin.auth import AUDIT_READERS
from backend.invariants import Finding, Invariant
from backend.verification.queries import Health, health, recent_runs
from backend.verification.service import CHECKS
from backend.web.access import console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("ledger", __name__)

_RUNS = 14


@dataclass(frozen=True, slots=True)
class ConservationRow:
    """One invariant with what speaks against it; `asked` where a check of it ran."""

    invariant: Invariant
    asked: bool
    findings: tuple[Finding, ...]


@pages.get("/ledger")
@console_roles(*AUDIT_READERS)
def state() -> str:
    """The last verification by invariant, and the runs before it."""
    db = connection()
    found = health(db)
    return render_template(
        "ledger/health.html",
        health=found,
        lines=_lines(found) if found else (),
        runs=recent_runs(db, limit=_RUNS),
        now=now(),
    )


def _lines(found: Health) -> tuple[ConservationRow, ...]:
    ran = {result.name for result in found.results}
    asked = {invariant for check in CHECKS if check.name in ran for invariant in check.invariants}
    findings = [finding for result in found.results for finding in result.findings]
    return tuple(
        ConservationRow(
            invariant,
            invariant in asked,
            tuple(finding for finding in findings if finding.invariant is invariant),
        )
        for invariant in Invariant
    )
