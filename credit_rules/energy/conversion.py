"""From quantities to tonnes of standard coal and of CO2, exact, each line with its factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from credit_rules.energy import coal
from credit_rules.energy.areas import region_named
from credit_rules.energy.carbon import carbon_factor
from credit_rules.energy.choices import Basis, Choices
from credit_rules.energy.errors import EnergyRefused, refused, shown
from credit_rules.energy.grid import Applied
from credit_rules.energy.items import (
    DEDUCTED,
    ELECTRICITY_RESOLD,
    GREEN_POWER,
    HEAT_RESOLD,
    ITEMS,
    Item,
)
from credit_rules.energy.market import green_deducted, market_electricity
from credit_rules.energy.measures import Rate, rate
from credit_rules.energy.plausible import per_kind
from credit_rules.energy.quantities import OwnValues, Quantity, read_quantities
from credit_rules.energy.results import Conversion, ConvertedLine
from credit_rules.energy.tables import EnergyFactor, EnergyTables, Row
from credit_rules.errors import FieldProblem, nearest

# The densities are those that the factors of this set imply.
_SET_OF_DENSITIES: Final = "js_t_303_2026"
_PER_TONNE: Final = 1000
_TAKEN_TOGETHER: Final = ((ELECTRICITY_RESOLD, GREEN_POWER), (HEAT_RESOLD,))


def convert(
    tables: EnergyTables, lines: Sequence[Mapping[str, object]], choices: Choices
) -> Conversion:
    """Convert the quantities of a form; pure and exact.

    ``electricity`` is all electricity bought; ``green_power`` is the contracted part of it, and
    ``electricity_resold`` and ``heat_resold`` are taken off: E = Σ FC·EF + (in − resold)·EF, the
    formula of JS/T 303-2026.

    Args:
        tables: the factor tables.
        lines: mappings of ``item``, ``quantity`` (plain decimal text), ``unit`` and, optionally,
            ``factor`` with the institution's own factors.
        choices: set, basis, area, day.

    Raises:
        EnergyRefused: with every problem; nothing was computed.
    """
    if choices.set_name not in tables.sets:
        remedy = nearest(choices.set_name, tables.sets)
        raise refused("set", f"没有因子集“{shown(choices.set_name)}”。{remedy}", "unknown_set")
    _check_basis(choices.basis)
    if choices.region is not None:
        region_named(choices.region)
    _check_named(tables, choices)
    quantities = read_quantities(tables, lines)
    for parts in _TAKEN_TOGETHER:
        _check_balance(quantities, parts)
    _check_resold(quantities)
    _check_own_basis(quantities, choices.basis)
    converted = _Converter(tables, choices).all(quantities)
    market = market_electricity(tables, choices, converted) if choices.market else None
    result = Conversion(choices, converted, market, green_deducted(converted))
    _check_all_used(result)
    return result


def _check_basis(basis: object) -> None:
    """A text that looks like a basis is none: it would be taken for the other one."""
    if not isinstance(basis, Basis):
        names = "、".join(f"{each.label}（{each.value}）" for each in Basis)
        raise refused("basis", f"电力的折标口径须明确选择：{names}。", "unknown_basis")


def _check_named(tables: EnergyTables, choices: Choices) -> None:
    """Every factor named must be one that can be named."""
    named_coal = {k for k in tables.coal if k in coal.GASES or k.startswith(coal.EQUIVALENT)}
    for key in choices.factors:
        if key in tables.grid:
            tables.grid[key].usable()
        elif key not in named_coal:
            remedy = nearest(key, (*tables.grid, *named_coal))
            raise refused(
                "factors", f"“{shown(key)}”不是可以指定的因子。{remedy}", "unknown_factor"
            )


def _check_all_used(result: Conversion) -> None:
    """A factor that was named and did not act would be believed to have acted."""
    used = {factor.id for line in result.lines for factor in (line.carbon, line.coal)}
    if result.market is not None:
        used.add(result.market.residual.id)
    for key in result.choices.factors:
        if key not in used:
            raise refused("factors", f"指定的因子“{key}”没有用到，请去掉。", "unused_factor")


def _check_balance(quantities: Sequence[Quantity], parts: tuple[str, ...]) -> None:
    """What is resold or green is a part of what was bought."""

    def amount(*items: str) -> Fraction:
        return sum((q.amount for q in quantities if q.item.key in items), Fraction(0))

    whole = ITEMS[DEDUCTED[parts[0]]]
    if amount(*parts) <= amount(whole.key):
        return
    first = next(q for q in quantities if q.item.key in parts)
    labels = "与".join(ITEMS[part].label for part in parts)
    raise refused(
        f"lines[{first.index}].quantity",
        f"第 {first.index + 1} 行：{labels}合计超过“{whole.label}”；"
        f"“{whole.label}”须填全部购入量，请核对。",
        "more_than_bought",
    )


def _check_resold(quantities: Sequence[Quantity]) -> None:
    """E = (in - resold)·EF: what is resold leaves with a factor it came in with, and no more."""
    left: dict[tuple[str, OwnValues], Fraction] = {}
    for quantity in quantities:
        key = (quantity.item.key, quantity.own_values)
        left[key] = left.get(key, Fraction(0)) + quantity.amount
    bought = {item for item, _ in left}
    for quantity in quantities:
        whole = DEDUCTED.get(quantity.item.key)
        if whole not in bought:  # nothing is taken off, or with nothing bought only zero
            continue
        key = (whole, quantity.own_values)
        where, place = f"lines[{quantity.index}]", f"第 {quantity.index + 1} 行："
        if key not in left:
            raise refused(
                f"{where}.factor",
                f"{place}“{quantity.item.label}”须与“{ITEMS[whole].label}”"
                "用同样的因子，请填写同样的 factor，或都不填。",
                "factor_differs",
            )
        left[key] -= quantity.amount
        if left[key] < 0:
            raise refused(
                f"{where}.quantity",
                f"{place}“{quantity.item.label}”超过了用同一因子购入的“{ITEMS[whole].label}”，"
                "请核对数量，或按购入时的因子分行填写。",
                "more_than_bought",
            )


def _check_own_basis(quantities: Sequence[Quantity], basis: Basis) -> None:
    """An own coefficient of electricity belongs to the basis it was measured on, not to ours."""
    for quantity in quantities:
        own = quantity.own.basis if quantity.own is not None else None
        if own not in (None, basis):
            raise refused(
                f"lines[{quantity.index}].factor.basis",
                f"第 {quantity.index + 1} 行：自带的折标系数是{own.label}，本次换算用"
                f"{basis.label}，不能混用；请改用同一口径的系数，或改口径。",
                "wrong_basis",
            )


class _Converter:
    """Converts lines; looks the factors of an item up once."""

    def __init__(self, tables: EnergyTables, choices: Choices) -> None:
        self._tables, self._choices = tables, choices
        self._carbon: dict[str, Applied] = {}
        self._coal: dict[str, Applied] = {}

    def all(self, quantities: Iterable[Quantity]) -> tuple[ConvertedLine, ...]:
        """Every line; raises with the problems of all of them."""
        found: list[ConvertedLine] = []
        problems: dict[FieldProblem, None] = {}
        for quantity in quantities:
            try:
                found.append(self._line(quantity))
            except EnergyRefused as error:
                problems |= dict.fromkeys(_at_line(quantity, p) for p in error.problems)
        if problems:
            raise EnergyRefused(problems)
        return tuple(found)

    def _line(self, quantity: Quantity) -> ConvertedLine:
        if quantity.item.key == GREEN_POWER:
            return self._green(quantity)
        item = ITEMS[DEDUCTED.get(quantity.item.key, quantity.item.key)]
        sign = -1 if quantity.item.key in DEDUCTED else 1
        carbon, standard = self._factors(quantity, item)
        tco2, carbon_reasons = self._times(quantity, carbon)
        tce, coal_reasons = self._times(quantity, standard)
        reasons = tuple(dict.fromkeys((*carbon_reasons, *coal_reasons)))
        return ConvertedLine(
            quantity, carbon.factor, standard.factor, sign * tco2, sign * tce, reasons
        )

    def _green(self, quantity: Quantity) -> ConvertedLine:
        """Green power is a part of electricity: its own line adds nothing a second time."""
        published = [
            found[GREEN_POWER] for found in self._tables.sets.values() if GREEN_POWER in found
        ]
        included = _included("kgce/kWh")
        carbon = published[0] if published else _included("kgCO2/kWh")
        return ConvertedLine(quantity, carbon, included, Fraction(0), Fraction(0), ())

    def _factors(self, quantity: Quantity, item: Item) -> tuple[Applied, Applied]:
        own = quantity.own
        if own is not None and own.carbon is not None:
            carbon = _brought(quantity.item, own.carbon, own.source)
        else:
            if item.key not in self._carbon:
                self._carbon[item.key] = carbon_factor(self._tables, self._choices, item)
            carbon = self._carbon[item.key]
        if own is not None and own.coal is not None:
            return carbon, _brought(quantity.item, own.coal, own.source)
        if item.key not in self._coal:
            self._coal[item.key] = coal.coefficient(self._tables, self._choices, item)
        return carbon, self._coal[item.key]

    def _times(self, quantity: Quantity, applied: Applied) -> tuple[Fraction, tuple[str, ...]]:
        factor, kind = applied.factor.rate, quantity.unit.kind
        value = per_kind(factor, kind, self._tables.density(quantity.item.key))
        reasons = applied.reasons
        if factor.per != kind and self._choices.set_name != _SET_OF_DENSITIES:
            reasons = (*reasons, "因子集没有密度，采用 JS/T 303-2026 的密度")
        return quantity.amount * value / _PER_TONNE, reasons


def _at_line(quantity: Quantity, problem: FieldProblem) -> FieldProblem:
    """A problem of an item belongs to its line; one of a choice is the same for all."""
    if problem.field != "item":
        return problem
    return FieldProblem(
        f"lines[{quantity.index}].item",
        f"第 {quantity.index + 1} 行：{problem.sentence}",
        problem.code,
    )


def _brought(item: Item, factor: Rate, source: str) -> Applied:
    number = f"{factor.number:f}"
    row = Row(f"own.{item.key}", item.label, factor.unit, number, "", source, "", "", "own")
    return Applied(EnergyFactor(row.key, row.label, factor, row), ("使用了填报单位自带的因子",))


def _included(unit: str) -> EnergyFactor:
    row = Row("included.electricity", "含在电力中", unit, "0", "", "已计入电力一行", "", "", "")
    return EnergyFactor(row.key, row.label, rate(Decimal(0), unit), row)
