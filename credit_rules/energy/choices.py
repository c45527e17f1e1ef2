"""What a conversion is asked to use: every choice is explicit and is carried on its result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Basis(StrEnum):
    """Calculation basis of electricity in standard coal; the two never mix in one series."""

    CALORIFIC = "calorific"
    EQUIVALENT = "equivalent"

    @property
    def label(self) -> str:
        """当量值 or 等价值."""
        return {"calorific": "当量值", "equivalent": "等价值"}[self.value]


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices of one conversion.

    Args:
        on: the day whose published factors count; a factor published later is not known yet.
        set_name: the set of CO2 factors, such as ``js_t_303_2026``.
        basis: calculation basis of electricity.
        region: Chinese name of the province, regional grid or 全国; needed for electricity.
        market: whether to compute market-based electricity beside location-based.
        year: the year in which the energy was used; no grid factor of a later year is taken.
            None takes the newest published.
        factors: keys of named values to use instead of the default: a grid factor, a residual
            factor, an equivalent value of electricity, a coefficient of natural gas.
        allow_inexact: whether a factor of another year, area, set or item may stand in; what it
            stood in for is said on the line.
    """

    on: date
    set_name: str
    basis: Basis
    region: str | None = None
    market: bool = False
    year: int | None = None
    factors: tuple[str, ...] = ()
    allow_inexact: bool = False
