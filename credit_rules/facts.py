"""What is known about one action when it is assessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from credit_rules.counters import Used
from credit_rules.inputs import InputValue


@dataclass(frozen=True, slots=True)
class Boost:
    """A campaign's multiplier for this action, paid from the campaign's own budget.

    Args:
        campaign: name of the campaign, for the trace.
        multiplier: more than 1, at most two decimals, such as ``Decimal("1.5")``.
        budget_left_mpt: what is left of the campaign's budget, in milli-points.
    """

    campaign: str
    multiplier: Decimal
    budget_left_mpt: int


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one action.

    Args:
        methodology_id: which methodology it is claimed under.
        on: the day in Asia/Shanghai on which it happened.
        tier: tier of evidence, ``T0`` … ``T4``.
        inputs: value per input: a text, an int or a Decimal.
        used: counter rows before this action, by key; a missing key is a fresh counter.
        credited: (methodology id, period) pairs already credited in the same period.
        boost: a campaign's multiplier, if any.
        minute: minute of the Asia/Shanghai day at which it happened, 0 to 1439; None leaves what
            the time decides to the inputs.
        happened_on: the day that decides months and kinds of day, where a draft judges the action
            as of a later one; None for `on`.
    """

    methodology_id: str
    on: date
    tier: str
    inputs: Mapping[str, InputValue]
    used: Mapping[str, Used] = field(default_factory=dict)
    credited: frozenset[tuple[str, str]] = frozenset()
    boost: Boost | None = None
    minute: int | None = None
    happened_on: date | None = None
