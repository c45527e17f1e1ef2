"""Counters that caps and tiers read: what a member has used of a period, exactly.

A counter holds what was claimed *before* the cap, in billionths of a base unit, so that the award
of an action is floor(F(used + x)) - floor(F(used)): splitting an action or changing the order of
arrival cannot change a day's total. Taking back the last action is a plain subtraction; when an
earlier one is taken back, the others may be entitled to more, never to less (but for a rounding
of one mg or milli-point), and the actions of the period that remain are assessed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from operator import add, sub
from typing import Final, Literal, NamedTuple

from credit_rules.units import (
    CO2E,
    COUNTED,
    POINT,
    DecimalForm,
    Dimension,
    Unit,
    decimal_form,
)

UsedMeasure = Literal["reduction_ng", "points_npt", "activity_nano", "count_nano"]
Period = Literal["day", "week", "month", "year"]
Scope = Literal["member", "place"]

MEASURES: Final[tuple[UsedMeasure, ...]] = (
    "reduction_ng",
    "points_npt",
    "activity_nano",
    "count_nano",
)
PERIOD_LABELS: Final[dict[str, str]] = {
    "day": "每日",
    "week": "每周",
    "month": "每月",
    "year": "每年",
}
SCOPE_LABELS: Final[dict[str, str]] = {"member": "每人", "place": "每个点位"}

NANO: Final = 10**9
"""Counter units per base unit (g of CO2e, point, kg, km, kWh, L, min, one thing counted)."""
NANO_PER_MILLI: Final = 10**6
"""Counter units per mg of CO2e and per milli-point: the one place where results are rounded."""
COUNTER_LIMIT: Final = 2**62
"""No amount and no counter may pass this, so that sums of two fit a signed 64-bit integer."""


class Used(NamedTuple):
    """State of one counter row before an action, or what one action adds to it.

    Args:
        reduction_ng: reduction claimed, in ng of CO2e (10^-9 g), before the cap.
        points_npt: points claimed, in 10^-9 point, before the cap.
        activity_nano: basis of tiers in 10^-9 of its base unit (kg, km, kWh, L, min).
        count_nano: basis of tiers that count (times, floors, sheets …), in 10^-9 of one.
    """

    reduction_ng: int = 0
    points_npt: int = 0
    activity_nano: int = 0
    count_nano: int = 0

    def plus(self, other: Used) -> Used:
        """The row after `other` was added to it."""
        return Used(*map(add, self, other))

    def minus(self, other: Used) -> Used:
        """The row after `other` was taken back from it, as a reversal does."""
        return Used(*map(sub, self, other))


NOTHING: Final = Used()


@dataclass(frozen=True)
class CapSpec:
    """A counter that a cap or tiers read within a period.

    Args:
        kind: ``cap`` for a limit; ``tiers`` where the rate falls as the counter grows.
        name: name of the step that applies it.
        label: what is limited, in Chinese.
        key: name of the counter row, such as ``recycling.drop_off:day``.
        scope: whose counter it is.
        period: how long it counts; a period begins at the day `period_start` gives.
        measure: the field of `Used` it reads.
        limit_nano: the limit in 10^-9 of the base unit; for tiers, where the last one begins.
        unit: the unit in which the limit is shown.
        tiers: tiers of evidence it applies to; empty means all.
    """

    kind: Literal["cap", "tiers"]
    name: str
    label: str
    key: str
    scope: Scope
    period: Period
    measure: UsedMeasure
    limit_nano: int
    unit: Unit
    tiers: tuple[str, ...]

    def left_nano(self, used: Used) -> int:
        """What is left under this limit, in 10^-9 of the base unit."""
        return max(0, self.limit_nano - int(getattr(used, self.measure)))

    @cached_property
    def form(self) -> DecimalForm:
        """What one counter unit is in the unit the limit is shown in."""
        return decimal_form(Fraction(1, NANO) / self.unit.ratio)

    def shown(self, nano: int) -> str:
        """An amount of this counter with its unit in Chinese, such as `2.5 分`."""
        return f"{self.form.text(nano)} {self.unit.label}".strip()


def measure_of(dimension: Dimension) -> UsedMeasure:
    """The field of `Used` in which a quantity of this dimension is counted."""
    if dimension == CO2E:
        return "reduction_ng"
    if dimension == POINT:
        return "points_npt"
    if len(dimension) == 1 and dimension[0][0] in COUNTED:
        return "count_nano"
    return "activity_nano"


def counter_key(counter: str, scope: Scope, period: Period) -> str:
    """The stable name of a counter row: `name:day`, or `name:place:day` for a place's own."""
    return f"{counter}:{period}" if scope == "member" else f"{counter}:{scope}:{period}"


def period_start(period: Period, on: date) -> date:
    """The first day of the period that holds `on`; weeks begin on Monday."""
    if period == "week":
        return on - timedelta(days=on.weekday())
    if period == "month":
        return on.replace(day=1)
    if period == "year":
        return on.replace(month=1, day=1)
    return on
