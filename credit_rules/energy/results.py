"""What a conversion gives: exact tonnes, line by line, with factors, choices and exactness."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credit_rules.energy.choices import Choices
from credit_rules.energy.quantities import Quantity
from credit_rules.energy.tables import EnergyFactor


@dataclass(frozen=True, slots=True)
class ConvertedLine:
    """One line converted.

    Args:
        quantity: the line as read.
        carbon: the CO2 factor applied.
        coal: the standard-coal coefficient applied.
        tco2: tonnes of CO2, location-based, exact; below zero where it is taken off.
        tce: tonnes of standard coal, exact; below zero where it is taken off.
        reasons: why the line is not exact; empty where it is.
    """

    quantity: Quantity
    carbon: EnergyFactor
    coal: EnergyFactor
    tco2: Fraction
    tce: Fraction
    reasons: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether every factor is the one published for this item, area and year."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class MarketElectricity:
    """Market-based electricity: contracted green power at 0, the rest at the residual factor.

    Args:
        bought_kwh: all electricity bought, green power included.
        resold_kwh: what was passed on to others.
        green_kwh: contracted green power.
        rest_kwh: what is left for the residual factor.
        residual: the residual factor.
        electricity_tco2: tonnes of CO2 of electricity.
        tco2: tonnes of CO2 of all lines, electricity market-based.
        reasons: why the residual factor is not exact; empty where it is.
    """

    bought_kwh: Fraction
    resold_kwh: Fraction
    green_kwh: Fraction
    rest_kwh: Fraction
    residual: EnergyFactor
    electricity_tco2: Fraction
    tco2: Fraction
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GreenDeducted:
    """The convention of JS/T 303: green power is taken off before the area's factor.

    The area's average already holds the green power that was sold to others, so that the green
    share counts twice; it stands beside ours because the standard's form asks for it.

    Args:
        green_kwh: contracted green power.
        electricity_tco2: tonnes of CO2 of electricity.
        tco2: tonnes of CO2 of all lines.
    """

    green_kwh: Fraction
    electricity_tco2: Fraction
    tco2: Fraction


@dataclass(frozen=True, slots=True)
class Conversion:
    """All lines converted, with the choices they were converted under.

    Args:
        choices: set, basis, area, day: carried on every result.
        lines: in the order given.
        market: market-based electricity, where it was asked for.
        green_deducted: with green power deducted as in JS/T 303, where there is any.
    """

    choices: Choices
    lines: tuple[ConvertedLine, ...]
    market: MarketElectricity | None
    green_deducted: GreenDeducted | None

    @property
    def tce(self) -> Fraction:
        """Tonnes of standard coal: the exact sum of the lines."""
        return sum((line.tce for line in self.lines), Fraction(0))

    @property
    def tco2(self) -> Fraction:
        """Tonnes of CO2, location-based: the exact sum of the lines."""
        return sum((line.tco2 for line in self.lines), Fraction(0))

    @property
    def exact(self) -> bool:
        """Whether every line is exact."""
        return all(line.exact for line in self.lines)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not exact, each reason once, in the order of the lines."""
        return tuple(dict.fromkeys(why for line in self.lines for why in line.reasons))
