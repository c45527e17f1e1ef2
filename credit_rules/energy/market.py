"""Market-based electricity beside location-based: green power at 0, the rest at the residual."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from credit_rules.energy import grid
from credit_rules.energy.choices import Choices
from credit_rules.energy.items import DEDUCTED, ELECTRICITY, ELECTRICITY_RESOLD, GREEN_POWER
from credit_rules.energy.results import ConvertedLine, MarketElectricity
from credit_rules.energy.tables import EnergyTables

_PER_TONNE = 1000


def market_electricity(
    tables: EnergyTables, choices: Choices, lines: Sequence[ConvertedLine]
) -> MarketElectricity:
    """Compute electricity market-based.

    The rest takes the factor without market-traded non-fossil power: the plain grid average already
    holds the green power that was sold, and would count it a second time.

    Args:
        tables: the factor tables.
        choices: day, area and year.
        lines: all lines, converted.

    Raises:
        EnergyRefused: no residual factor is usable.
    """

    def kwh(item: str) -> Fraction:
        return sum(
            (line.quantity.amount for line in lines if line.quantity.item.key == item), Fraction(0)
        )

    bought, resold, green = kwh(ELECTRICITY), kwh(ELECTRICITY_RESOLD), kwh(GREEN_POWER)
    rest = bought - resold - green
    applied = grid.residual(tables, choices)
    electricity = rest * applied.factor.rate.value / _PER_TONNE
    others = sum(
        (
            line.tco2
            for line in lines
            if DEDUCTED.get(line.quantity.item.key, line.quantity.item.key) != ELECTRICITY
        ),
        Fraction(0),
    )
    return MarketElectricity(
        bought_kwh=bought,
        resold_kwh=resold,
        green_kwh=green,
        rest_kwh=rest,
        residual=applied.factor,
        electricity_tco2=electricity,
        tco2=others + electricity,
        reasons=applied.reasons,
    )
