"""Results and factor tables as JSON: numbers as plain decimal text, rounded once, half to even.

JSON keeps 12 decimals of a tonne (one microgram); tables for people keep six (one gram). The exact
values stay in the results themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from credit_rules.canonical import JsonValue
from credit_rules.energy.measures import plain, rounded
from credit_rules.energy.results import (
    Conversion,
    ConvertedLine,
    GreenDeducted,
    MarketElectricity,
)
from credit_rules.energy.tables import (
    EnergyFactor,
    EnergyTables,
    GridFactor,
    Row,
    year_of_set,
)

JSON_DIGITS: Final = 12
SHOWN_DIGITS: Final = 6


def describe_conversion(result: Conversion) -> dict[str, JsonValue]:
    """A conversion as JSON: totals, lines, choices and exactness; tonnes as decimal text."""
    choices = result.choices
    market, deducted = result.market, result.green_deducted
    return {
        "tce": rounded(result.tce, JSON_DIGITS),
        "tco2": rounded(result.tco2, JSON_DIGITS),
        "on": choices.on.isoformat(),
        "set": choices.set_name,
        "basis": choices.basis.value,
        "basis_label": choices.basis.label,
        "region": choices.region,
        "year": choices.year,
        "exact": result.exact,
        "reasons": list(result.reasons),
        "lines": [_line(result, line) for line in result.lines],
        "market": None if market is None else _market(result, market),
        "green_deducted": None if deducted is None else _green_deducted(result, deducted),
    }


def _line(result: Conversion, line: ConvertedLine) -> dict[str, JsonValue]:
    return {
        "item": line.quantity.item.key,
        "label": line.quantity.item.label,
        "quantity": f"{line.quantity.number:f}",
        "unit": line.quantity.unit.text,
        "factor": plain(line.carbon.rate.number),
        "factor_unit": line.carbon.rate.unit,
        "factor_id": line.carbon.id,
        "source": line.carbon.source,
        "confidence": line.carbon.row.confidence,
        "tce_factor": plain(line.coal.rate.number),
        "tce_factor_unit": line.coal.rate.unit,
        "tce_factor_id": line.coal.id,
        "tce_source": line.coal.source,
        "tce_confidence": line.coal.row.confidence,
        "basis": result.choices.basis.value,
        "tce": rounded(line.tce, JSON_DIGITS),
        "tco2": rounded(line.tco2, JSON_DIGITS),
        "exact": line.exact,
        "reasons": list(line.reasons),
    }


def _market(result: Conversion, market: MarketElectricity) -> dict[str, JsonValue]:
    return {
        "location_tco2": rounded(result.tco2, JSON_DIGITS),
        "tco2": rounded(market.tco2, JSON_DIGITS),
        "electricity_tco2": rounded(market.electricity_tco2, JSON_DIGITS),
        "bought_kwh": rounded(market.bought_kwh, JSON_DIGITS),
        "resold_kwh": rounded(market.resold_kwh, JSON_DIGITS),
        "green_kwh": rounded(market.green_kwh, JSON_DIGITS),
        "rest_kwh": rounded(market.rest_kwh, JSON_DIGITS),
        "factor": plain(market.residual.rate.number),
        "factor_unit": market.residual.rate.unit,
        "factor_id": market.residual.id,
        "source": market.residual.source,
        "exact": not market.reasons,
        "reasons": list(market.reasons),
    }


def _green_deducted(result: Conversion, deducted: GreenDeducted) -> dict[str, JsonValue]:
    return {
        "method": "js_t_303",
        "location_tco2": rounded(result.tco2, JSON_DIGITS),
        "tco2": rounded(deducted.tco2, JSON_DIGITS),
        "electricity_tco2": rounded(deducted.electricity_tco2, JSON_DIGITS),
        "green_kwh": rounded(deducted.green_kwh, JSON_DIGITS),
    }


def describe_factors(tables: EnergyTables) -> dict[str, JsonValue]:
    """All factor sets as JSON: CO2 sets, standard coal, densities, and the grid year by year."""
    years = sorted({found.year for found in tables.grid.values()})
    return {
        "sets": [
            *(_set(name, "co2", found.values()) for name, found in sorted(tables.sets.items())),
            _set("tce", "standard_coal", tables.coal.values()),
            _set("density", "density", tables.densities.values()),
            *(_grid_year(tables, year) for year in years),
        ]
    }


def _set(name: str, kind: str, factors: Iterable[EnergyFactor]) -> dict[str, JsonValue]:
    listed = list(factors)
    return {
        "name": name,
        "kind": kind,
        "year": year_of_set(name),
        "published_on": None,
        "sources": _distinct(factor.source for factor in listed),
        "confidence": _distinct(factor.row.confidence for factor in listed),
        "factors": [
            {
                "id": factor.id,
                "item": factor.id.removeprefix(f"{name}."),
                **_as_published(factor.row),
            }
            for factor in listed
        ],
    }


def _grid_year(tables: EnergyTables, year: int) -> dict[str, JsonValue]:
    listed = [found for found in tables.grid.values() if found.year == year]
    published = listed[0].published_on
    return {
        "name": f"grid{year}",
        "kind": "grid",
        "year": year,
        "published_on": None if published is None else published.isoformat(),
        "sources": _distinct(found.row.source_title for found in listed),
        "confidence": _distinct(found.row.confidence for found in listed),
        "factors": [_grid(found) for found in listed],
    }


def _grid(found: GridFactor) -> dict[str, JsonValue]:
    return {
        "id": found.id,
        "item": "electricity",
        "region": found.region,
        "level": found.level,
        "series": found.series,
        "usable": not found.unusable,
        "unusable_because": found.unusable,
        **_as_published(found.row),
    }


def _as_published(row: Row) -> dict[str, JsonValue]:
    return {
        "label": row.label,
        "value": row.value,
        "unit": row.unit,
        "source": row.source_title,
        "source_ref": row.source_ref,
        "source_url": row.source_url,
        "confidence": row.confidence,
        "notes": row.notes,
    }


def _distinct(texts: Iterable[str]) -> list[JsonValue]:
    return [*dict.fromkeys(texts)]
