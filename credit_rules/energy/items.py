"""The items of the energy forms of public institutions, and what a plausible factor of each is.

Item keys are those of the factor tables (``data/energy_factors.csv``). The bands refuse what is
wrong by a unit or by a decimal place, such as heat at 0.11 kg/GJ; they leave room for real
differences between sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from credit_rules.energy.choices import Basis
from credit_rules.energy.measures import COAL, ENERGY, MASS, VOLUME

ELECTRICITY: Final = "electricity"
ELECTRICITY_RESOLD: Final = "electricity_resold"
GREEN_POWER: Final = "green_power"
HEAT: Final = "heat"
HEAT_RESOLD: Final = "heat_resold"
NATURAL_GAS: Final = "natural_gas"
OTHER: Final = "other"
RAW_COAL: Final = "raw_coal"

Band = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the forms.

    Args:
        key: its key, as in the factor tables.
        label: its Chinese name on the forms.
        kind: in what its factors are compared: ``mass``, ``volume``, ``energy`` or ``coal``.
        carbon: lowest and highest plausible CO2 factor, and their unit.
        coal: lowest and highest plausible standard-coal factor, and their unit; None where the
            quantity is standard coal already.
    """

    key: str
    label: str
    kind: str
    carbon: Band
    coal: Band | None


def _fuel(key: str, label: str, carbon: tuple[str, str], coal: tuple[str, str]) -> Item:
    return Item(key, label, MASS, (*carbon, "kgCO2/kg"), (*coal, "kgce/kg"))


def _gas(key: str, label: str, carbon: tuple[str, str], coal: tuple[str, str]) -> Item:
    return Item(key, label, VOLUME, (*carbon, "kgCO2/m3"), (*coal, "kgce/m3"))


# 2021: 0.1235 (Yunnan) to 0.7901 (Hebei) kgCO2/kWh.
_GRID: Final = ("0.05", "0.9", "kgCO2/kWh")
# The calorific value of a kWh is physics, 3.6 MJ over 29.3076 MJ/kgce; equivalent values seen run
# from 0.28078 to 0.31.
POWER_BANDS: Final[Mapping[Basis, Band]] = {
    Basis.CALORIFIC: ("0.1228", "0.123", "kgce/kWh"),
    Basis.EQUIVALENT: ("0.25", "0.45", "kgce/kWh"),
}
_POWER: Final = ("0.1228", "0.45", "kgce/kWh")
_HEAT: Final = (("50", "150", "kgCO2/GJ"), ("33", "35", "kgce/GJ"))

_LISTED: Final = (
    Item(ELECTRICITY, "电力", ENERGY, _GRID, _POWER),
    Item(ELECTRICITY_RESOLD, "转供电力", ENERGY, _GRID, _POWER),
    Item(GREEN_POWER, "绿电（含在电力中）", ENERGY, ("0", "0", "kgCO2/kWh"), _POWER),
    _gas(NATURAL_GAS, "天然气", ("1.7", "2.4"), ("1.1", "1.4")),
    _gas("coke_oven_gas", "焦炉煤气", ("0.6", "1.1"), ("0.5", "0.75")),
    _gas("pipeline_gas", "管道煤气（人工煤气）", ("0.5", "1.1"), ("0.4", "0.75")),
    _fuel("lpg", "液化石油气", ("2.8", "3.4"), ("1.6", "1.8")),
    _fuel("lng", "液化天然气", ("2.5", "3.1"), ("1.6", "1.9")),
    _fuel(RAW_COAL, "原煤", ("1.5", "2.6"), ("0.6", "0.9")),
    _fuel("anthracite", "无烟煤", ("1.8", "2.9"), ("0.7", "1")),
    _fuel("bituminous", "烟煤", ("1.5", "2.6"), ("0.6", "0.95")),
    _fuel("lignite", "褐煤", ("0.9", "1.7"), ("0.3", "0.6")),
    _fuel("coke", "焦炭", ("2.6", "3.3"), ("0.9", "1.05")),
    _fuel("crude", "原油", ("2.8", "3.4"), ("1.35", "1.5")),
    _fuel("petrol", "汽油", ("2.7", "3.3"), ("1.4", "1.55")),
    _fuel("diesel", "柴油", ("2.9", "3.4"), ("1.4", "1.5")),
    _fuel("kerosene", "煤油", ("2.8", "3.3"), ("1.4", "1.55")),
    _fuel("fuel_oil", "燃料油", ("2.9", "3.5"), ("1.35", "1.5")),
    Item(HEAT, "外购热力", ENERGY, *_HEAT),
    Item(HEAT_RESOLD, "转供热力", ENERGY, *_HEAT),
    _fuel("steam", "蒸汽", ("0.1", "0.5"), ("0.08", "0.14")),
    Item(OTHER, "其他能源", COAL, ("0", "4", "tCO2/tce"), None),
)
ITEMS: Final[Mapping[str, Item]] = {item.key: item for item in _LISTED}

ON_A_BASIS: Final = frozenset({ELECTRICITY, ELECTRICITY_RESOLD})
"""Items whose standard coal depends on the calculation basis."""

# What is taken off, and from which item; its factors are those of that item.
DEDUCTED: Final[Mapping[str, str]] = {ELECTRICITY_RESOLD: ELECTRICITY, HEAT_RESOLD: HEAT}


class CalorificValue(NamedTuple):
    """The net calorific value of a fuel, and the set of CO2 factors that stands on it."""

    set_name: str
    number: str
    unit: str


# For fuels whose standard-coal coefficient the tables lack: one value each, so that the standard
# coal of an institution does not depend on the set of CO2 factors. JS/T 303 is the standard of
# public institutions and comes first; the rows' notes hold the values.
CALORIFIC_VALUES: Final[Mapping[str, CalorificValue]] = {
    "anthracite": CalorificValue("js_t_303_2026", "24.71", "GJ/t"),
    "bituminous": CalorificValue("js_t_303_2026", "22.98", "GJ/t"),
    "coke_oven_gas": CalorificValue("js_t_303_2026", "17.981", "MJ/m3"),
    "pipeline_gas": CalorificValue("js_t_303_2026", "15.758", "MJ/m3"),
    "lng": CalorificValue("provincial2025", "51.498", "GJ/t"),
    "lignite": CalorificValue("provincial2025", "11.9", "GJ/t"),
    "crude": CalorificValue("provincial2025", "41.816", "GJ/t"),
}
