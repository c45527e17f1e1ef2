"""Which version of a methodology an action has, and which counters it reads and leaves."""

from collections.abc import Mapping
from datetime import date, datetime

from backend.actions.exclusions import Exclusions, exclusions_of
from backend.actions.queries import Recorded
from backend.clock import minute_of_day
from backend.errors import DomainError, ErrorKind, FieldError
from backend.ledger.queries import CounterKey
from credit_rules import Methodology, NotInForce, Rulebook, period_start


class KindUnknownError(DomainError):
    """No methodology of this kind is in force on the day of the action."""

    code = "kind_unknown"
    kind = ErrorKind.INVALID


def methodology_of(rulebook: Rulebook, kind: str, on: date) -> Methodology:
    """The methodology of a kind of action in force on a day.

    Raises:
        KindUnknownError: there is none.
    """
    try:
        return rulebook.methodology(kind, on)
    except NotInForce as error:
        sentence = "没有这类行为，或当天尚未生效，请在“可记录的行为”里选择。"
        raise KindUnknownError(
            sentence, fields=[FieldError("kind", "unknown", sentence)]
        ) from error


def stored_methodology(rulebook: Rulebook, recorded: Recorded) -> Methodology:
    """The version an action was assessed under, though a later one may hold on its day by now.

    Raises:
        UnknownMethodology: the rulebook no longer has that version.
    """
    found = rulebook.version(recorded.methodology_id, recorded.methodology_version)
    return found if found.holds(recorded.occurred_on) else found.until(None)


def caps_of(methodology: Methodology, *, scope: str, subject_id: int, on: date) -> list[CounterKey]:
    """The counters of one scope (`member` or `place`) that a methodology reads on a day."""
    return [
        CounterKey(subject_id, spec.key, period_start(spec.period, on))
        for spec in {spec.key: spec for spec in methodology.caps if spec.scope == scope}.values()
    ]


def facts_under(
    methodology: Methodology, facts: Mapping[str, str], *, occurred_at: datetime
) -> Mapping[str, str]:
    """The facts of an action with what the time of day decides, whatever was told of it.

    They are stored so: an action is assessed again from its facts, and known by its meal. What the
    day decides follows from the day, which is stored anyway.
    """
    if not methodology.decided:
        return facts
    return {**facts, **methodology.by_time(minute_of_day(occurred_at))}


def exclusions_under(methodology: Methodology, recorded: Recorded) -> Exclusions:
    """The marks that an action reads and leaves under a version of its methodology."""
    return exclusions_of(
        methodology,
        member_id=recorded.member_id,
        occurred_at=recorded.occurred_at,
        facts=recorded.facts,
    )
