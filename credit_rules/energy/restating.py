"""Closing a year with the factors known then, and restating it when a later factor is published.

Grid factors arrive up to two years late: every year is first closed with an older one. Closing
keeps the keys of the factors used; a restatement shows old, new and the difference, and leaves the
closed figures as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from credit_rules.energy.choices import Choices
from credit_rules.energy.conversion import convert
from credit_rules.energy.errors import refused
from credit_rules.energy.results import Conversion
from credit_rules.energy.tables import EnergyTables


@dataclass(frozen=True, slots=True)
class ClosedYear:
    """A year as it was closed.

    Args:
        year: the year in which the energy was used.
        lines: the quantities as given.
        result: the conversion on the day of closing; its choices hold that day.
        factor_ids: per line the keys of its CO2 factor and of its standard-coal coefficient.
        residual_id: key of the residual factor; empty where it was not used.
    """

    year: int
    lines: tuple[Mapping[str, object], ...]
    result: Conversion
    factor_ids: tuple[tuple[str, str], ...]
    residual_id: str


@dataclass(frozen=True, slots=True)
class RestatedLine:
    """One line before and after: keys of the CO2 factors and tonnes of CO2, exact."""

    item: str
    old_factor: str
    new_factor: str
    old_tco2: Fraction
    new_tco2: Fraction

    @property
    def difference(self) -> Fraction:
        """New less old, in tonnes of CO2."""
        return self.new_tco2 - self.old_tco2


@dataclass(frozen=True, slots=True)
class Restatement:
    """A closed year under the factors known on a later day.

    Args:
        closed: the year as closed; unchanged.
        new: the conversion of the same quantities on the later day.
        lines: line by line.
    """

    closed: ClosedYear
    new: Conversion
    lines: tuple[RestatedLine, ...]

    @property
    def tce_difference(self) -> Fraction:
        """New less old, in tonnes of standard coal."""
        return self.new.tce - self.closed.result.tce

    @property
    def tco2_difference(self) -> Fraction:
        """New less old, in tonnes of CO2, location-based."""
        return self.new.tco2 - self.closed.result.tco2

    @property
    def market_difference(self) -> Fraction | None:
        """New less old, in tonnes of CO2, market-based; None where that was not computed."""
        old, new = self.closed.result.market, self.new.market
        return new.tco2 - old.tco2 if old is not None and new is not None else None


def close_year(
    tables: EnergyTables, lines: Sequence[Mapping[str, object]], choices: Choices, year: int
) -> ClosedYear:
    """Convert a year and freeze the keys of the factors used.

    Args:
        tables: the factor tables.
        lines: the quantities of the year.
        choices: set, basis, area; ``on`` is the day of closing.
        year: the year in which the energy was used; no factor of a later year is taken.

    Raises:
        EnergyRefused: as for a conversion.
    """
    result = convert(tables, lines, replace(choices, year=year))
    return ClosedYear(year, tuple(dict(line) for line in lines), result, *_ids(result))


def _ids(result: Conversion) -> tuple[tuple[tuple[str, str], ...], str]:
    """The keys of the factors of every line, and of the residual factor where it was used."""
    residual = result.market.residual.id if result.market is not None else ""
    return tuple((line.carbon.id, line.coal.id) for line in result.lines), residual


def _figures(result: Conversion) -> tuple[list[tuple[Fraction, Fraction]], Fraction | None]:
    """Tonnes of CO2 and of standard coal of every line, and of CO2 market-based."""
    market = result.market.tco2 if result.market is not None else None
    return [(line.tco2, line.tce) for line in result.lines], market


def restate(tables: EnergyTables, closed: ClosedYear, on: date) -> Restatement:
    """Convert a closed year anew with the factors known on a later day.

    Args:
        tables: the factor tables as they are now.
        closed: the year as closed.
        on: the later day.

    Raises:
        EnergyRefused: the day lies before the closing, or the tables no longer give the closed
            figures: rows may be added to them, never changed.
    """
    before = closed.result.choices
    if on < before.on:
        raise refused("on", f"重述日期不能早于结账日 {before.on}，请换一个日期。", "too_early")
    was, frozen = closed.result, (closed.factor_ids, closed.residual_id)
    again = convert(tables, closed.lines, before)
    if _figures(again) != _figures(was) or _ids(again) != frozen or _ids(was) != frozen:
        raise refused(
            "factors",
            f"因子表已被改动，{closed.year} 年的结账结果无法重现；因子只可新增，请恢复原有的行。",
            "not_reproducible",
        )
    new = convert(tables, closed.lines, replace(before, on=on))
    lines = tuple(
        RestatedLine(old.quantity.item.key, old.carbon.id, later.carbon.id, old.tco2, later.tco2)
        for old, later in zip(was.lines, new.lines, strict=True)
    )
    return Restatement(closed, new, lines)
