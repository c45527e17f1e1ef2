"""Which standard-coal coefficient applies, on the calculation basis that was chosen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from credit_rules.energy.areas import region_named
from credit_rules.energy.choices import Basis, Choices
from credit_rules.energy.errors import refused
from credit_rules.energy.grid import Applied
from credit_rules.energy.items import (
    CALORIFIC_VALUES,
    ELECTRICITY,
    NATURAL_GAS,
    OTHER,
    Item,
)
from credit_rules.energy.measures import MASS, rate, rounded
from credit_rules.energy.tables import EnergyFactor, EnergyTables, Row
from credit_rules.errors import nearest

CALORIFIC: Final = "tce.gbt2589.electricity_calorific"
EQUIVALENT: Final = "tce.electricity_equivalent."
GAS: Final = "tce.gbt2589.natural_gas_13300"
GASES: Final = (GAS, "tce.natural_gas_12143", "tce.natural_gas_sh")
# Equivalent values are set province by province. Where a province has none, the newest of them
# stands in: DB31/T 783-2026 (Shanghai); the result says so.
_EQUIVALENT_OF: Final = {
    "上海": f"{EQUIVALENT}sh783",
    "山东": f"{EQUIVALENT}sd",
}
# 1 kgce is 7,000 kcal, GB/T 2589-2020; coefficients have four decimals there.
_COAL: Final = (Decimal("29307.6"), "kJ/kgce")
_NEWEST_EQUIVALENT: Final = f"{EQUIVALENT}sh783"


def coefficient(tables: EnergyTables, choices: Choices, item: Item) -> Applied:
    """The standard-coal coefficient of an item.

    Args:
        tables: the factor tables.
        choices: basis, area and named values.
        item: what was used.

    Raises:
        EnergyRefused: the tables have none; field ``item``.
    """
    if item.key == ELECTRICITY:
        return _of_electricity(tables, choices)
    if item.key == NATURAL_GAS:
        chosen = [key for key in choices.factors if key in GASES]
        return Applied(_row(tables, chosen[0] if chosen else GAS))
    if item.key == OTHER:
        return Applied(_identity())
    for key in (f"tce.gbt2589.{item.key}", f"tce.{item.key}"):
        if key in tables.coal:
            return Applied(tables.coal[key])
    return _from_calorific_value(tables, item)


def _row(tables: EnergyTables, key: str) -> EnergyFactor:
    found = tables.coal.get(key)
    if found is None:
        raise refused(
            "factors", f"因子表中没有“{key}”。{nearest(key, tables.coal)}", "unknown_factor"
        )
    return found


def _of_electricity(tables: EnergyTables, choices: Choices) -> Applied:
    chosen = [key for key in choices.factors if key.startswith(EQUIVALENT)]
    if choices.basis is Basis.CALORIFIC:
        if chosen:
            raise refused(
                "factors", f"当量值口径不能使用“{chosen[0]}”，请改口径或因子。", "wrong_basis"
            )
        return Applied(_row(tables, CALORIFIC))
    if chosen:
        return Applied(_row(tables, chosen[0]))
    region = region_named(choices.region) if choices.region is not None else ""
    own = _EQUIVALENT_OF.get(region)
    if own is not None:
        return Applied(_row(tables, own))
    factor = _row(tables, _NEWEST_EQUIVALENT)
    whose = f"“{region}”没有收录等价值" if region else "没有指定地区"
    return Applied(factor, (f"{whose}，采用 {factor.label}",))


def _identity() -> EnergyFactor:
    row = Row("identity.tce", "其他能源", "tce/tce", "1", "", "填报数量即为标准煤", "", "", "")
    return EnergyFactor(row.key, row.label, rate(Decimal(1), row.unit), row)


def _from_calorific_value(tables: EnergyTables, item: Item) -> Applied:
    """GB/T 2589: the net calorific value over that of standard coal, whatever the set of CO2."""
    found = CALORIFIC_VALUES.get(item.key)
    published = tables.sets.get(found.set_name, {}).get(item.key) if found else None
    if found is None or published is None:
        raise refused("item", f"“{item.label}”没有折标系数，请在 factor.tce 中自带。", "no_factor")
    whole, of_coal = rate(Decimal(found.number), found.unit), rate(*_COAL)
    shown = "kgce/kg" if whole.per == MASS else "kgce/m3"
    ratio = whole.value / of_coal.value / rate(Decimal(1), shown).value
    factor = rate(Decimal(rounded(ratio, 4)), shown)
    row = replace(
        published.row,
        key=f"ncv.{published.id}",
        unit=shown,
        value=str(factor.number),
        source_title=f"低位发热量 {found.number} {found.unit} ÷ {_COAL[0]} {_COAL[1]}，取四位小数",
    )
    reason = f"折标系数表没有收录，按 {found.set_name} 的低位发热量折算"
    return Applied(EnergyFactor(row.key, item.label, factor, row), (reason,))
