"""A claim's assessment: what it reads, how that is stored for replay, refusals by field. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from backend.actions.exclusions import Exclusions
from backend.errors import FieldError, InvalidInputError
from credit_rules import Assessment, Facts, FactsRefused, Methodology, Used, assess


@dataclass(frozen=True, slots=True)
class Readings:
    """What an assessment reads beside the facts; with them it can be made again.

    Attributes:
        used: the counters of the methodology, by key.
        credited: (methodology, period) pairs credited before, of those that exclude it.
    """

    used: Mapping[str, Used]
    credited: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of_counters(
        cls, methodology: Methodology, counters: Mapping[str, Used], exclusions: Exclusions
    ) -> "Readings":
        """The readings among all counters that were read for a claim."""
        if not exclusions.marks:
            return cls(counters)
        own = {key: used for key, used in counters.items() if key in methodology.cap_keys}
        return cls(own, exclusions.credited(counters))

    @classmethod
    def of_context(cls, context: Mapping[str, Any]) -> "Readings":
        """The readings as they were stored with an action."""
        return cls(
            {key: Used(*counted) for key, counted in context["used"].items()},
            frozenset((other, period) for other, period in context.get("credited", ())),
        )

    def context(self, methodology: Methodology) -> dict[str, Any]:
        """The readings as they are stored with an action, without what stood at nothing."""
        used = {key: _without_zeros(counted) for key, counted in self.used.items() if any(counted)}
        context: dict[str, Any] = {"used": used}
        if methodology.excludes:
            context["credited"] = sorted(map(list, self.credited))
        return context


def _without_zeros(counted: Used) -> list[int]:
    last = max(at for at, amount in enumerate(counted) if amount)
    return list(counted[: last + 1])


def assess_claim(
    methodology: Methodology,
    inputs: Mapping[str, str],
    *,
    on: date,
    tier: str,
    used: Mapping[str, Used],
) -> Assessment:
    """Assesses the facts of a claim that nothing excludes.

    Args:
        methodology: the one in force on that day.
        inputs: its inputs, as text.
        on: the Asia/Shanghai day of the action.
        tier: tier of the evidence.
        used: what is claimed of each counter of the methodology, by key.

    Raises:
        InvalidInputError: a fact is wrong; fields named.
    """
    facts = Facts(methodology_id=methodology.id, on=on, tier=tier, inputs=inputs, used=used)
    try:
        return assess(methodology, facts)
    except FactsRefused as refused:
        fields = [FieldError(f"facts.{p.field}", p.code, p.sentence) for p in refused.problems]
        raise InvalidInputError(fields[0].message, fields=fields) from refused
