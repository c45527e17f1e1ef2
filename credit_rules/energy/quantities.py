"""Reading quantities: known items, plain decimals, units that fit; errors name their line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from credit_rules.energy.choices import Basis
from credit_rules.energy.errors import EnergyRefused, shown
from credit_rules.energy.items import GREEN_POWER, ITEMS, ON_A_BASIS, Item
from credit_rules.energy.measures import (
    CARBON,
    COAL,
    MASS,
    MOST_DIGITS,
    PLAIN_NUMBER,
    VOLUME,
    Measure,
    Rate,
    measure,
    offered,
    parse_rate,
)
from credit_rules.energy.plausible import implausible
from credit_rules.energy.tables import EnergyTables
from credit_rules.errors import FieldProblem, nearest

_MOST_LINES: Final = 10_000
_LONGEST_SOURCE: Final = 200
_NO_SOURCE: Final = f"来源须是 {_LONGEST_SOURCE} 字以内的一行文字，不含不可见字符，请改正。"
_PLAIN = re.compile(PLAIN_NUMBER, re.ASCII)
_FULL_WIDTH = re.compile(r"[０-９．，－]")
_KEYS: Final = ("item", "quantity", "unit", "factor")
_FACTOR_KEYS: Final = ("co2", "tce", "basis", "source")


OwnValues = tuple[Fraction | None, Fraction | None]
"""Exact values of the own CO2 factor and coefficient of a line; None where the tables' are used."""


@dataclass(frozen=True, slots=True)
class OwnFactor:
    """Factors that the institution itself brings for one line, with their source.

    Args:
        carbon: its CO2 factor.
        coal: its standard-coal coefficient.
        basis: the calculation basis of a coefficient of electricity; None for anything else.
        source: where they come from.
    """

    carbon: Rate | None
    coal: Rate | None
    basis: Basis | None
    source: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """One line as read.

    Args:
        index: position in the list, from 0.
        item: what was used, or taken off where it was resold.
        number: how much, as written.
        unit: its unit.
        own: the institution's own factors, if any.
    """

    index: int
    item: Item
    number: Decimal
    unit: Measure
    own: OwnFactor | None

    @property
    def amount(self) -> Fraction:
        """The quantity in the base unit of what its unit measures: kg, L, kWh or kgce."""
        return Fraction(self.number) * self.unit.ratio

    @property
    def own_values(self) -> OwnValues:
        """The values of the institution's own factors."""
        if self.own is None:
            return None, None
        carbon, coal = self.own.carbon, self.own.coal
        return carbon.value if carbon else None, coal.value if coal else None


def read_quantities(
    tables: EnergyTables, lines: Sequence[Mapping[str, object]]
) -> tuple[Quantity, ...]:
    """Read the lines of a form.

    Args:
        tables: for the densities that let litres stand for kilograms.
        lines: mappings of ``item``, ``quantity``, ``unit`` and, optionally, ``factor``
            (``co2``, ``tce``: texts such as ``0.305 kgce/kWh``; ``source``; for the ``tce`` of
            electricity ``basis``).

    Raises:
        EnergyRefused: with every problem of every line.
    """
    problems: list[FieldProblem] = []
    if not lines:
        problems.append(FieldProblem("lines", "没有数据，请至少填写一行。", "missing"))
    if len(lines) > _MOST_LINES:
        sentence = f"超过 {_MOST_LINES} 行，请分批换算。"
        raise EnergyRefused([FieldProblem("lines", sentence, "too_many")])
    found = [_LineReader(index, tables, problems).read(line) for index, line in enumerate(lines)]
    if problems:
        raise EnergyRefused(problems)
    return tuple(quantity for quantity in found if quantity is not None)


@dataclass(frozen=True, slots=True)
class _LineReader:
    index: int
    tables: EnergyTables
    problems: list[FieldProblem]

    def fail(self, field: str, sentence: str, code: str) -> None:
        """Add a problem of one field of the line."""
        where = f"lines[{self.index}].{field}" if field else f"lines[{self.index}]"
        self.problems.append(FieldProblem(where, f"第 {self.index + 1} 行：{sentence}", code))

    def read(self, line: object) -> Quantity | None:
        """The line; None where a problem was added."""
        before = len(self.problems)
        if not isinstance(line, Mapping):
            self.fail("", "须是 item、quantity、unit 组成的对象，请改正。", "not_an_object")
            return None
        for key in line:
            if key not in _KEYS:
                self.fail(
                    shown(key), f"不认识这个键。{nearest(shown(key), _KEYS)}", "unknown_field"
                )
        item = self._item(line.get("item"))
        number = self._number(line.get("quantity"))
        unit = self._unit(line.get("unit"), item)
        own = self._own(line["factor"], item) if "factor" in line and item else None
        if len(self.problems) > before or item is None or number is None or unit is None:
            return None
        return Quantity(self.index, item, number, unit, own)

    def _item(self, value: object) -> Item | None:
        found = ITEMS.get(value) if isinstance(value, str) else None
        if found is None and value is None:
            self.fail("item", "缺少品目，请填写 item。", "missing")
        elif found is None:
            labels = {item.label: key for key, item in ITEMS.items()}
            text = shown(value)
            meant = f"请写“{labels[text]}”。" if text in labels else nearest(text, ITEMS)
            self.fail("item", f"不认识品目“{text}”。{meant}", "unknown_item")
        return found

    def _number(self, value: object) -> Decimal | None:
        text = _text_of(value)
        if value is None:
            self.fail("quantity", "缺少数量，请填写 quantity。", "missing")
        elif text.startswith("-") and _PLAIN.fullmatch(text[1:]):
            self.fail("quantity", "数量不能是负数；转供部分请用转供的品目填写正数。", "negative")
        elif _FULL_WIDTH.search(text):
            self.fail("quantity", f"“{shown(text)}”含全角字符，请改用半角数字。", "full_width")
        elif not _PLAIN.fullmatch(text):
            self.fail(
                "quantity",
                f"“{shown(text or value)}”不是普通小数，请写成例如 1234.5，"
                "不用指数、千分位或空格。",
                "not_a_number",
            )
        elif sum(c.isdigit() for c in text) > MOST_DIGITS:
            self.fail("quantity", f"超过 {MOST_DIGITS} 位数字，请核对数量和单位。", "too_long")
        else:
            return Decimal(text)
        return None

    def _unit(self, value: object, item: Item | None) -> Measure | None:
        if value is None or value == "":
            self.fail("unit", "缺少单位，请填写 unit。", "missing")
            return None
        kinds = self._kinds(item) if item else ()
        try:
            found = measure(shown(value), kinds)
        except ValueError as error:
            self.fail("unit", str(error), "unknown_unit")
            return None
        if item is None:
            return None
        if found.kind not in kinds:
            self.fail(
                "unit",
                f"“{item.label}”不能用单位“{found.text}”，请改用：{offered(*kinds)}。",
                "wrong_unit",
            )
            return None
        return found

    def _kinds(self, item: Item) -> tuple[str, ...]:
        if self.tables.density(item.key) is not None:
            return (MASS, VOLUME)
        return (item.kind,)

    def _own(self, value: object, item: Item) -> OwnFactor | None:
        if not isinstance(value, Mapping) or not value:
            self.fail("factor", "须是 co2、tce、source 组成的对象，请改正。", "not_an_object")
            return None
        if item.key == GREEN_POWER:
            self.fail("factor", "绿电不能自带因子，请删除。", "not_allowed")
            return None
        for key in value:
            if key not in _FACTOR_KEYS:
                known = nearest(shown(key), _FACTOR_KEYS)
                self.fail(f"factor.{shown(key)}", f"不认识这个键。{known}", "unknown_field")
        source = value.get("source")
        if not isinstance(source, str) or not source.strip():
            self.fail("factor.source", "自带因子须写明来源，请填写 source。", "missing")
            return None
        if not source.strip().isprintable() or len(source) > _LONGEST_SOURCE:
            self.fail("factor.source", _NO_SOURCE, "not_plain_text")
            return None
        basis = self._own_basis(value, item)
        carbon = self._own_rate("co2", value, item, CARBON, basis)
        coal = self._own_rate("tce", value, item, COAL, basis)
        return OwnFactor(carbon, coal, basis, source.strip())

    def _own_basis(self, value: Mapping[object, object], item: Item) -> Basis | None:
        """The basis of an own coefficient of electricity: 0.305 is no calorific value."""
        said, needed = value.get("basis"), item.key in ON_A_BASIS and value.get("tce") is not None
        if said is None and not needed:
            return None
        if needed and isinstance(said, str) and said in set(Basis):
            return Basis(said)
        if not needed:
            self.fail("factor.basis", "只有电力的折标系数分口径，请删除 basis。", "not_allowed")
        else:
            names = "、".join(f"{each.value}（{each.label}）" for each in Basis)
            self.fail(
                "factor.basis", f"电力自带折标系数须写明口径，basis 填 {names}。", "unknown_basis"
            )
        return None

    def _own_rate(
        self, key: str, value: Mapping[object, object], item: Item, of: str, basis: Basis | None
    ) -> Rate | None:
        text = value.get(key)
        if text is None:
            return None
        try:
            found = parse_rate(shown(text))
        except ValueError as error:
            self.fail(f"factor.{key}", str(error), "not_a_factor")
            return None
        if found.of != of:
            self.fail(
                f"factor.{key}", f"单位 {found.unit} 不是 {key} 的因子，请改正。", "wrong_unit"
            )
            return None
        why = implausible(item, found, self.tables.density(item.key), basis)
        if why:
            self.fail(f"factor.{key}", why, "implausible")
        return found


def _text_of(value: object) -> str:
    """Texts, whole numbers and decimals as written; anything else is no number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10 ** (MOST_DIGITS + 2) else "9" * (MOST_DIGITS + 1)
    return str(value) if isinstance(value, Decimal) else ""
