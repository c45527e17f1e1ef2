"""Which CO2 factor applies: the set's own; with an explicit allowance, the nearest stand-in."""

from __future__ import annotations

from credit_rules.energy import grid
from credit_rules.energy.choices import Choices
from credit_rules.energy.errors import refused
from credit_rules.energy.grid import Applied
from credit_rules.energy.items import ELECTRICITY, OTHER, RAW_COAL, Item
from credit_rules.energy.tables import EnergyFactor, EnergyTables, year_of_set


def carbon_factor(tables: EnergyTables, choices: Choices, item: Item) -> Applied:
    """The CO2 factor of an item.

    Args:
        tables: the factor tables.
        choices: set, area, day and whether a stand-in is allowed.
        item: what was used.

    Raises:
        EnergyRefused: there is none; field ``item``, or the choice at fault.
    """
    if item.key == ELECTRICITY:
        return grid.average(tables, choices)
    found = tables.sets[choices.set_name].get(item.key)
    reasons = []
    if found is None:
        found = _stand_in(tables, choices, item)
        reasons.append(f"因子集 {choices.set_name} 没有“{item.label}”，改用 {found.id}")
    name = found.id.partition(".")[0]
    year = year_of_set(name)
    if year is not None and year > choices.on.year:
        reasons.append(f"因子集 {name} 是 {year} 年的，晚于 {choices.on}，属于追溯使用")
    return Applied(found, tuple(reasons))


def _stand_in(tables: EnergyTables, choices: Choices, item: Item) -> EnergyFactor:
    """The same item of another set, where the choices allow it."""
    name = choices.set_name
    found = next((other[item.key] for other in tables.sets.values() if item.key in other), None)
    if found is not None and choices.allow_inexact:
        return found
    if item.key == OTHER:
        remedy = "请在 factor.co2 中填写每吨标准煤的排放因子并写明来源。"
    elif item.key == RAW_COAL:
        remedy = "请按实际煤种（烟煤、无烟煤、褐煤）填报，或在 factor.co2 中自带因子并写明来源。"
    elif found is None:
        remedy = "请在 factor.co2 中自带因子并写明来源。"
    else:
        remedy = (
            f"最接近的是 {found.id}；如确认改用，请明确允许近似因子（allow-inexact），"
            "结果会标明不精确。"
        )
    raise refused("item", f"因子集 {name} 没有“{item.label}”的碳排放因子。{remedy}", "no_factor")
