"""Replay: every award recomputed from its stored facts, under its stored version."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection

from backend.actions.history import RecordedAward
from backend.actions.queries import Recorded
from backend.actions.replaying import reassess
from backend.simulation.processes import ALONE, Spread, results
from backend.simulation.queries import Days, Share, recorded_awards, shares
from credit_rules import Assessment, FactsRefused, NotInForce, Rulebook, UnknownMethodology


class ReplayFault(StrEnum):
    """What differs between an action as recorded and the same action recomputed."""

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
class ReplayFinding:
    """One thing that differs: what is stored, and what recomputing gives (texts, or empty)."""

    fault: ReplayFault
    stored: str
    recomputed: str


@dataclass(frozen=True, slots=True)
class ReplayDifference:
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
    findings: tuple[ReplayFinding, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """Actions that were recomputed: how many, and those that differ."""

    actions: int
    differences: tuple[ReplayDifference, ...]


@dataclass(frozen=True, slots=True)
class _Replaying:
    """The work of one process: shares of members recomputed.

    Attributes:
        rulebook: holds every version ever credited under.
        rulebooks: digests of the rulebooks this installation has credited under.
        days: the days read.
    """

    rulebook: Rulebook
    rulebooks: Collection[bytes]
    days: Days

    def __call__(self, db: Connection, mine: Iterable[Share]) -> Iterator[Replayed]:
        for share in mine:
            compared = [
                _compared(self.rulebook, self.rulebooks, award)
                for award in recorded_awards(db, self.days, share)
            ]
            differences = tuple(found for found in compared if found is not None)
            yield Replayed(len(compared), differences)


def replay_history(
    db: Connection,
    rulebook: Rulebook,
    *,
    rulebooks: Collection[bytes],
    since: date | None = None,
    spread: Spread = ALONE,
) -> Iterator[Replayed]:
    """Recomputes every award there is, member by member, in parts.

    Args:
        db: a transaction of its own; a snapshot, where posting goes on meanwhile.
        rulebook: holds every version ever credited under.
        rulebooks: digests of the rulebooks this installation has credited under.
        since: actions of this Asia/Shanghai day and later; None for all.
        spread: over which processes.

    Raises:
        HistoryProcessError: a process ended before its work was done.
    """
    days = Days(since)
    work = _Replaying(rulebook, rulebooks, days)
    return results(db, work, shares(db, days, actions=spread.actions), spread)


def _compared(
    rulebook: Rulebook, rulebooks: Collection[bytes], award: RecordedAward
) -> ReplayDifference | None:
    recorded = award.action
    findings = [] if recorded.rulebook_digest in rulebooks else [_unknown_rulebook(recorded)]
    try:
        assessment = reassess(rulebook, recorded)
    except UnknownMethodology as error:
        findings.append(
            ReplayFinding(ReplayFault.VERSION_MISSING, _version_of(recorded), error.sentence)
        )
    except NotInForce as error:
        findings.append(
            ReplayFinding(ReplayFault.NOT_IN_FORCE, str(recorded.occurred_on), error.sentence)
        )
    except FactsRefused as refused:
        problem = refused.problems[0]
        findings.append(ReplayFinding(ReplayFault.FACTS_REFUSED, problem.field, problem.sentence))
    except (LookupError, TypeError, AttributeError) as error:
        findings.append(ReplayFinding(ReplayFault.CONTEXT_UNREADABLE, "used", repr(error)))
    else:
        findings += _findings(award, assessment)
    if not findings:
        return None
    return ReplayDifference(
        recorded.id, recorded.occurred_on, _version_of(recorded), tuple(findings)
    )


def _version_of(recorded: Recorded) -> str:
    return f"{recorded.methodology_id}@{recorded.methodology_version}"


def _unknown_rulebook(recorded: Recorded) -> ReplayFinding:
    return ReplayFinding(ReplayFault.RULEBOOK_DIGEST, recorded.rulebook_digest.hex(), "")


def _findings(award: RecordedAward, assessment: Assessment) -> list[ReplayFinding]:
    recorded = award.action
    trace = "" if award.trace_digest is None else award.trace_digest.hex()
    pairs = (
        (ReplayFault.METHODOLOGY_DIGEST, recorded.methodology_digest.hex(), assessment.digest),
        (ReplayFault.REDUCTION, str(recorded.reduction_mg), str(assessment.reduction_mg)),
        (ReplayFault.POINTS, str(recorded.points_mpt), str(assessment.points_mpt)),
        (ReplayFault.RANKED, str(recorded.ranked).lower(), str(assessment.ranked).lower()),
        (
            ReplayFault.TRACE_DIGEST if trace else ReplayFault.AWARD_MISSING,
            trace,
            assessment.trace.digest(),
        ),
    )
    return [
        ReplayFinding(fault, stored, again) for fault, stored, again in pairs if stored != again
    ]
