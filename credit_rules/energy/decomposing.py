"""How a change of emissions between two years splits into activity, mix and factor effects.

Emissions are the sum over items of A·s·f: A all standard coal (tce), s an item's share of it, f its
tCO2 per tce. The split is the Shapley value of the three, the average over all orders in which they
may change: for the first, Δx·[(y0·z0 + y1·z1)/3 + (y0·z1 + y1·z0)/6]. It adds up exactly in
fractions, needs no logarithm, and does not depend on the order of the years but for the sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from credit_rules.energy.choices import Basis
from credit_rules.energy.errors import refused
from credit_rules.energy.items import DEDUCTED, GREEN_POWER, ITEMS
from credit_rules.energy.results import Conversion

_Use = tuple[Fraction, Fraction]
_NONE: _Use = (Fraction(0), Fraction(0))


@dataclass(frozen=True, slots=True)
class Effects:
    """The parts of a change, in tonnes of CO2, exact."""

    activity: Fraction
    mix: Fraction
    factor: Fraction

    @property
    def total(self) -> Fraction:
        """The whole change."""
        return self.activity + self.mix + self.factor


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A change of emissions between two conversions, location-based.

    Args:
        before: tonnes of CO2 of the first.
        after: tonnes of CO2 of the second.
        basis: calculation basis of both; on the other one, activity and mix come out otherwise.
        by_item: the effects of every item that stood in either.
    """

    before: Fraction
    after: Fraction
    basis: Basis
    by_item: Mapping[str, Effects]

    @property
    def whole(self) -> Effects:
        """The effects of all items together; their total is `after` less `before`."""
        parts = self.by_item.values()
        return Effects(
            sum((part.activity for part in parts), Fraction(0)),
            sum((part.mix for part in parts), Fraction(0)),
            sum((part.factor for part in parts), Fraction(0)),
        )


def decompose(before: Conversion, after: Conversion) -> Decomposition:
    """Split the change from one conversion to another.

    What was resold is taken off its item. An item that stands in one year only keeps that year's
    factor: its coming or going is mix. Where one year has no energy at all, everything is activity.

    Raises:
        EnergyRefused: the two are on different calculation bases, or an item has emissions without
            any energy.
    """
    if before.choices.basis is not after.choices.basis:
        raise refused(
            "basis",
            f"两年的口径不同（{before.choices.basis.label}、{after.choices.basis.label}），"
            "不能比较；请用同一口径重新换算。",
            "different_basis",
        )
    first, second = _by_item(before), _by_item(after)
    total = [sum((tce for tce, _ in uses.values()), Fraction(0)) for uses in (first, second)]
    effects = {
        item: _effects(first.get(item, _NONE), second.get(item, _NONE), total[0], total[1])
        for item in dict.fromkeys((*first, *second))
    }
    return Decomposition(before.tco2, after.tco2, before.choices.basis, effects)


def _by_item(result: Conversion) -> dict[str, _Use]:
    uses: dict[str, _Use] = {}
    for line in result.lines:
        key = line.quantity.item.key
        if key == GREEN_POWER:
            continue
        item = DEDUCTED.get(key, key)
        tce, tco2 = uses.get(item, _NONE)
        uses[item] = (tce + line.tce, tco2 + line.tco2)
    for item, (tce, tco2) in uses.items():
        if not tce and tco2:
            raise refused(
                "lines",
                f"“{ITEMS[item].label}”有排放而没有能耗，无法分解，请核对数量与转供。",
                "no_energy",
            )
    return uses


def _effects(first: _Use, second: _Use, total0: Fraction, total1: Fraction) -> Effects:
    share0 = first[0] / total0 if total0 else None
    share1 = second[0] / total1 if total1 else None
    factor0 = first[1] / first[0] if first[0] else None
    factor1 = second[1] / second[0] if second[0] else None
    shares = _both(share0, share1)
    factors = _both(factor0, factor1)
    totals = (total0, total1)
    return Effects(
        _shapley(totals, shares, factors),
        _shapley(shares, totals, factors),
        _shapley(factors, totals, shares),
    )


def _both(first: Fraction | None, second: Fraction | None) -> _Use:
    """What is not defined in one year is as in the other; where in neither, nothing."""
    known = first if first is not None else second
    if known is None:
        return _NONE
    return known, second if second is not None else known


def _shapley(x: _Use, y: _Use, z: _Use) -> Fraction:
    straight = y[0] * z[0] + y[1] * z[1]
    crossed = y[0] * z[1] + y[1] * z[0]
    return (x[1] - x[0]) * (straight / 3 + crossed / 6)
