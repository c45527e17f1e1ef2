"""Recomputing awards: one for its receipt, or every one ever made.

An action is stored with all that its award came from: facts, tier, day, counters, and the version
and digest it was assessed under. From these the same integers and the same trace must come out.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection

from backend.actions import book
from backend.actions.assessing import Readings
from backend.actions.book import Booked
from backend.actions.queries import Recorded
from backend.actions.versions import stored_methodology
from credit_rules import (
    Assessment,
    Facts,
    FactsRefused,
    NotInForce,
    Rulebook,
    UnknownMethodology,
    assess,
)


class ReplayMismatchError(Exception):
    """A stored action no longer leads to its stored award: the rulebook was tampered with."""


class Fault(StrEnum):
    """What differs between an action in the book and the same action recomputed."""

    VERSION_MISSING = "version_missing"
    NOT_IN_FORCE = "not_in_force"
    CONTEXT_UNREADABLE = "context_unreadable"
    FACTS_REFUSED = "facts_refused"
    AWARD_MISSING = "award_missing"
    RULEBOOK_DIGEST = "rulebook_digest"
    METHODOLOGY_DIGEST = "methodology_digest"
    REDUCTION = "reduction_mg"
    POINTS = "points_mpt"
    RANKED = "ranked"
    TRACE_DIGEST = "trace_digest"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that differs: what the book says, and what recomputing gives (texts, or empty)."""

    fault: Fault
    stored: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class Difference:
    """An action whose award does not come out again.

    Attributes:
        action_id: the action.
        occurred_on: its Asia/Shanghai day.
        methodology: id and version it was assessed under, such as `recycling.drop_off@1`.
        findings: what differs.
    """

    action_id: int
    occurred_on: date
    methodology: str
    findings: tuple[Finding, ...]


def reassess(rulebook: Rulebook, recorded: Recorded) -> Assessment:
    """What a recorded action leads to now, whatever the book says.

    Raises:
        NotInForce: the rulebook lacks the version it was assessed under.
        FactsRefused: that version does not take the stored facts.
        LookupError, TypeError, AttributeError: its context is not one that a posting wrote.
    """
    methodology = stored_methodology(rulebook, recorded)
    readings = Readings.of_context(recorded.context)
    return assess(
        methodology,
        Facts(
            methodology_id=recorded.methodology_id,
            on=recorded.occurred_on,
            tier=recorded.tier,
            inputs=recorded.facts,
            used=readings.used,
            credited=readings.credited,
        ),
    )


def replay(rulebook: Rulebook, recorded: Recorded) -> Assessment:
    """Assesses a recorded action again, from its stored facts under its stored version.

    Raises:
        UnknownMethodology: the rulebook does not hold that version.
        ReplayMismatchError: the award differs from the one in the book.
    """
    assessment = reassess(rulebook, recorded)
    same = (
        bytes.fromhex(assessment.digest) == recorded.methodology_digest
        and assessment.reduction_mg == recorded.reduction_mg
        and assessment.points_mpt == recorded.points_mpt
    )
    if not same:
        raise ReplayMismatchError(f"action {recorded.id} replays to another award")
    return assessment


@dataclass(frozen=True, slots=True)
class Replayed:
    """A batch that was recomputed: how many actions, and those that differ."""

    actions: int
    differences: tuple[Difference, ...]


def replay_book(
    db: Connection, rulebook: Rulebook, *, rulebooks: Collection[bytes], since: date | None = None
) -> Iterator[Replayed]:
    """Recomputes every award in the book, in the order of posting, batch by batch.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        rulebook: holds every version ever credited under.
        rulebooks: digests of the rulebooks this installation has credited under.
        since: actions of this Asia/Shanghai day and later; None for all.
    """
    for batch in book.booked(db, since=since):
        compared = (_compared(rulebook, rulebooks, booked) for booked in batch)
        yield Replayed(len(batch), tuple(found for found in compared if found is not None))


def _compared(
    rulebook: Rulebook, rulebooks: Collection[bytes], booked: Booked
) -> Difference | None:
    recorded = booked.action
    findings = [] if recorded.rulebook_digest in rulebooks else [_unknown_rulebook(recorded)]
    try:
        assessment = reassess(rulebook, recorded)
    except UnknownMethodology as error:
        findings.append(Finding(Fault.VERSION_MISSING, _version_of(recorded), error.sentence))
    except NotInForce as error:
        findings.append(Finding(Fault.NOT_IN_FORCE, str(recorded.occurred_on), error.sentence))
    except FactsRefused as refused:
        problem = refused.problems[0]
        findings.append(Finding(Fault.FACTS_REFUSED, problem.field, problem.sentence))
    except (LookupError, TypeError, AttributeError) as error:
        findings.append(Finding(Fault.CONTEXT_UNREADABLE, "used", repr(error)))
    else:
        findings += _findings(booked, assessment)
    if not findings:
        return None
    return Difference(recorded.id, recorded.occurred_on, _version_of(recorded), tuple(findings))


def _version_of(recorded: Recorded) -> str:
    return f"{recorded.methodology_id}@{recorded.methodology_version}"


def _unknown_rulebook(recorded: Recorded) -> Finding:
    return Finding(Fault.RULEBOOK_DIGEST, recorded.rulebook_digest.hex(), "")


def _findings(booked: Booked, assessment: Assessment) -> list[Finding]:
    recorded = booked.action
    trace = "" if booked.trace_digest is None else booked.trace_digest.hex()
    pairs = (
        (Fault.METHODOLOGY_DIGEST, recorded.methodology_digest.hex(), assessment.digest),
        (Fault.REDUCTION, str(recorded.reduction_mg), str(assessment.reduction_mg)),
        (Fault.POINTS, str(recorded.points_mpt), str(assessment.points_mpt)),
        (Fault.RANKED, str(recorded.ranked).lower(), str(assessment.ranked).lower()),
        (
            Fault.TRACE_DIGEST if trace else Fault.AWARD_MISSING,
            trace,
            assessment.trace.digest(),
        ),
    )
    return [Finding(fault, stored, again) for fault, stored, again in pairs if stored != again]
