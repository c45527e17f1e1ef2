"""Factor tables: the numbers of the trade with their sources, and how files refer to them.

A methodology repeats the value of the factor it names; both are held against each other, so that
a slip by a factor of ten or a thousand in either place is found when the rulebook is loaded.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from credit_rules.errors import Problem, nearest
from credit_rules.links import is_publishers
from credit_rules.model import Factor, Source
from credit_rules.reading import Reader, decimal_of
from credit_rules.units import Unit, parse_unit

_COLUMNS = (
    "key",
    "unit",
    "value",
    "source_title",
    "source_ref",
    "source_url",
    "confidence",
    "obtained",
)


@dataclass(frozen=True, slots=True)
class FactorRow:
    """A row of a factor table as published; the value may be text that is no number."""

    key: str
    unit: str
    value: str
    source_title: str
    source_ref: str
    source_url: str
    confidence: str
    obtained: str


def read_factor_rows(
    file: str, lines: Iterable[str], problems: list[Problem]
) -> dict[str, FactorRow]:
    """Read a factor table.

    Args:
        file: name of the file, for messages.
        lines: the lines of the CSV, header first.
        problems: where errors are added.

    Returns:
        The rows by key.
    """
    reader = csv.DictReader(lines)
    missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        problems.append(
            Problem(file, missing[0], "因子表缺少这一列。", f"表头应包含：{'、'.join(_COLUMNS)}。")
        )
        return {}
    rows: dict[str, FactorRow] = {}
    for line, record in enumerate(reader, start=2):
        row = FactorRow(*((record[name] or "").strip() for name in _COLUMNS))
        if row.key in rows:
            problems.append(Problem(file, row.key, f"第 {line} 行的因子重复。", "请只保留一行。"))
        rows[row.key] = row
    return rows


class FactorReader:
    """Reads the numbers of one methodology, each with its source.

    Args:
        rows: the factor tables.
        sources: the sources the file declares.
        hosts: the hosts that may be linked.
    """

    def __init__(
        self, rows: Mapping[str, FactorRow], sources: Mapping[str, Source], hosts: tuple[str, ...]
    ) -> None:
        self._rows, self._sources, self._hosts = rows, sources, hosts

    def read(self, at: Reader, unit: Unit) -> Factor | None:
        """Read `{ factor, value }` or `{ value, source }`; None after an error."""
        before = len(at.problems)
        value = at.decimal("value")
        key = at.text("factor", default="")
        source = at.text("source", default="")
        confidence = at.text("confidence", default="")
        at.done()
        if len(at.problems) > before:
            return None
        if key:
            return self._referenced(at, key, value, unit, confidence)
        if not source:
            at.fail(
                "source", "这个数字没有来源。", '请写 factor = "因子键"，或 source = "来源名"。'
            )
            return None
        return self.of_source(at, "source", source, value, unit)

    def of_source(
        self, at: Reader, key: str, name: str, value: Decimal, unit: Unit
    ) -> Factor | None:
        """A value that a source of the file gives; None after an error."""
        source = self._sources.get(name)
        if source is None:
            at.fail(key, f"找不到来源“{name}”。", nearest(name, self._sources))
            return None
        return Factor("", value, unit, source.title, source.clause, source.href, source.confidence)

    def _referenced(
        self, at: Reader, key: str, value: Decimal, unit: Unit, confidence: str
    ) -> Factor | None:
        row = self._rows.get(key)
        if row is None:
            at.fail("factor", f"因子表中没有“{key}”。", nearest(key, self._rows))
            return None
        wrong = _disagreement(row, value, unit, confidence)
        if wrong is not None:
            at.fail(*wrong)
            return None
        if not is_publishers(row.source_url, self._hosts):
            fault = f"因子“{key}”的链接“{row.source_url}”不在发布机构自己的网站上。"
            at.fail("factor", fault, "请在因子表中换成发布机构的网址，或留空。")
            return None
        return Factor(
            key,
            value,
            unit,
            row.source_title,
            row.source_ref,
            row.source_url,
            row.confidence,
            row.obtained,
        )


def _disagreement(
    row: FactorRow, value: Decimal, unit: Unit, confidence: str
) -> tuple[str, str, str] | None:
    """Key, fault and remedy where a file and the factor table do not say the same."""
    published = decimal_of(row.value)
    if published is None:
        return (
            "factor",
            f"因子“{row.key}”的数值“{row.value}”不是确定的数字。",
            "请换一个因子。",
        )
    try:
        row_unit = parse_unit(row.unit)
    except ValueError as error:
        return "factor", f"因子“{row.key}”的单位无法使用：{error}", "请换一个因子。"
    if row_unit.dimension != unit.dimension:
        return (
            "factor",
            f"单位不符：因子“{row.key}”是 {row.unit}，这里需要 {unit.text}。",
            "请换因子或改单位。",
        )
    if Fraction(published) * row_unit.ratio != Fraction(value) * unit.ratio:
        return ("value", *_mismatch(row, Fraction(value) * unit.ratio, row_unit))
    if confidence and confidence != row.confidence:
        return "confidence", f"因子表写的可信度是“{row.confidence}”。", "请照因子表改正。"
    return None


def _mismatch(row: FactorRow, written: Fraction, unit: Unit) -> tuple[str, str]:
    published = Fraction(row.value) * unit.ratio
    fault = f"与因子表不一致：“{row.key}”是 {row.value} {row.unit}。"
    if not written or not published:
        return fault, "请照因子表改正数值或单位。"
    ratio = max(written / published, published / written)
    for times in (10, 1000):
        if Fraction(times) * Fraction(9, 10) <= ratio <= Fraction(times) * Fraction(11, 10):
            return fault, f"相差约 {times} 倍，请检查小数点和单位（例如 g 与 kg）。"
    return fault, "请照因子表改正数值或单位。"
