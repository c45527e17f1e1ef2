"""Green power beside the location-based totals: market-based, and by the convention of JS/T 303."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from credit_rules.energy import grid
from credit_rules.energy.choices import Choices
from credit_rules.energy.items import DEDUCTED, ELECTRICITY, ELECTRICITY_RESOLD, GREEN_POWER
from credit_rules.energy.results import ConvertedLine, GreenDeducted, MarketElectricity
from credit_rules.energy.tables import EnergyTables

_PER_TONNE = 1000


def market_electricity(
    tables: EnergyTables, choices: Choices, lines: Sequence[ConvertedLine]
) -> MarketElectricity:
    """Compute electricity market-based: green power at 0, the rest at the residual factor.

    The rest takes the factor without market-traded non-fossil power: the plain grid average already
    holds the green power that was sold, and would count it a second time.

    Args:
        tables: the factor tables.
        choices: day, area and year.
        lines: all lines, converted.

    Raises:
        EnergyRefused: no residual factor is usable.
    """
    bought, resold, green = (
        _kwh(lines, item) for item in (ELECTRICITY, ELECTRICITY_RESOLD, GREEN_POWER)
    )
    rest = bought - resold - green
    applied = grid.residual(tables, choices)
    electricity = rest * applied.factor.rate.value / _PER_TONNE
    return MarketElectricity(
        bought_kwh=bought,
        resold_kwh=resold,
        green_kwh=green,
        rest_kwh=rest,
        residual=applied.factor,
        electricity_tco2=electricity,
        tco2=_tco2(lines, of_electricity=False) + electricity,
        reasons=applied.reasons,
    )


def green_deducted(lines: Sequence[ConvertedLine]) -> GreenDeducted | None:
    """Electricity by the convention of JS/T 303; None without green power.

    E = (bought - resold - green) · EF. Where lines brought factors of their own, EF is their mean.

    Args:
        lines: all lines, converted.
    """
    green = _kwh(lines, GREEN_POWER)
    if not green:
        return None
    net = _kwh(lines, ELECTRICITY) - _kwh(lines, ELECTRICITY_RESOLD)
    electricity = _tco2(lines, of_electricity=True) * (net - green) / net
    return GreenDeducted(green, electricity, _tco2(lines, of_electricity=False) + electricity)


def _kwh(lines: Sequence[ConvertedLine], item: str) -> Fraction:
    return sum(
        (line.quantity.amount for line in lines if line.quantity.item.key == item), Fraction(0)
    )


def _tco2(lines: Sequence[ConvertedLine], *, of_electricity: bool) -> Fraction:
    """Tonnes of CO2 of electricity less what was resold, or of everything else."""

    def electric(line: ConvertedLine) -> bool:
        item = line.quantity.item.key
        return DEDUCTED.get(item, item) == ELECTRICITY

    chosen = (line.tco2 for line in lines if electric(line) is of_electricity)
    return sum(chosen, Fraction(0))
