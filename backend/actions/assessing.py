"""A claim's assessment: what it reads, how that is stored for replay, refusals by field. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.actions.exclusions import Exclusions
from backend.campaigns.queries import ActiveBoost
from backend.clock import business_day, minute_of_day
from backend.errors import FieldError, InvalidInputError
from credit_rules import Assessment, Boost, Facts, FactsRefused, Methodology, Used, assess


@dataclass(frozen=True, slots=True)
class Readings:
    """What an assessment reads beside the facts; with them it can be made again.

    Attributes:
        used: the counters of the methodology, by key.
        credited: (methodology, period) pairs credited before, of those that exclude it.
        boost: what a campaign multiplies it by, and the budget it read.
    """

    used: Mapping[str, Used]
    credited: frozenset[tuple[str, str]] = frozenset()
    boost: ActiveBoost | None = None

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
        boost = context.get("boost")
        return cls(
            {key: Used(*counted) for key, counted in context["used"].items()},
            frozenset((other, period) for other, period in context.get("credited", ())),
            None if boost is None else _stored_boost(*boost),
        )

    def boosted_by(self, methodology: Methodology, active: ActiveBoost | None) -> "Readings":
        """The same with a campaign's boost, as far as the methodology lets campaigns add."""
        bonus = methodology.bonus
        if active is None or bonus is None or active.multiplier > bonus.maximum:
            return self
        return replace(self, boost=active)

    @property
    def multiplied(self) -> Boost | None:
        """The boost as an assessment takes it."""
        if self.boost is None:
            return None
        return Boost(self.boost.title, self.boost.multiplier, self.boost.budget_left_mpt)

    def context(self, methodology: Methodology) -> dict[str, Any]:
        """The readings as they are stored with an action, without what stood at nothing."""
        used = {key: _without_zeros(counted) for key, counted in self.used.items() if any(counted)}
        context: dict[str, Any] = {"used": used}
        if methodology.excludes:
            context["credited"] = sorted(map(list, self.credited))
        if self.boost is not None:
            campaign_id, title, multiplier, left = self.boost
            context["boost"] = [campaign_id, title, str(multiplier), left]
        return context


def _stored_boost(campaign_id: int, title: str, multiplier: str, left_mpt: int) -> ActiveBoost:
    return ActiveBoost(campaign_id, title, Decimal(multiplier), left_mpt)


def _without_zeros(counted: Used) -> list[int]:
    last = max(at for at, amount in enumerate(counted) if amount)
    return list(counted[: last + 1])


def assess_claim(
    methodology: Methodology,
    inputs: Mapping[str, str],
    *,
    at: datetime,
    tier: str,
    readings: Readings,
) -> Assessment:
    """Assesses the facts of a claim that nothing excludes.

    Args:
        methodology: the one in force on that day.
        inputs: its inputs, as text, as they were told.
        at: when it happened; aware. Its day and its minute decide what nobody chooses.
        tier: tier of the evidence.
        readings: what else it reads.

    Raises:
        InvalidInputError: a fact is wrong, or not what the clock says; fields named.
    """
    facts = Facts(
        methodology_id=methodology.id,
        on=business_day(at),
        tier=tier,
        inputs=inputs,
        used=readings.used,
        boost=readings.multiplied,
        minute=minute_of_day(at),
    )
    try:
        return assess(methodology, facts)
    except FactsRefused as refused:
        fields = [FieldError(f"facts.{p.field}", p.code, p.sentence) for p in refused.problems]
        raise InvalidInputError(fields[0].message, fields=fields) from refused
