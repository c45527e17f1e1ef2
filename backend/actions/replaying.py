"""Recomputing an award, as for its receipt.

An action is stored with all that its award came from: facts, tier, day, counters, and the version
and digest it was assessed under. From these the same integers and the same trace must come out;
what the time of day decided is among the facts.
"""

from backend.actions.assessing import Readings
from backend.actions.queries import Recorded
from backend.actions.versions import stored_methodology
from credit_rules import Assessment, Facts, Rulebook, assess


class ReplayMismatchError(Exception):
    """A stored action no longer leads to its stored award: the rulebook was tampered with."""


def reassess(rulebook: Rulebook, recorded: Recorded) -> Assessment:
    """What a recorded action leads to now, whatever is stored as its award.

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
            boost=readings.multiplied,
        ),
    )


def replay(rulebook: Rulebook, recorded: Recorded) -> Assessment:
    """Assesses a recorded action again, from its stored facts under its stored version.

    Raises:
        UnknownMethodology: the rulebook does not hold that version.
        ReplayMismatchError: the award differs from the one that is stored.
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
