"""Reading factors with their ranges: every figure is a row of a factor table, or spread from one.

An alternative row gives the low or high end where there is one; elsewhere the end is the middle
row less or plus the relative uncertainty of its confidence and origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from credit_rules.errors import nearest
from credit_rules.factors import FactorReader, FactorRow
from credit_rules.footprint.model import Bound, FactorRange, Origin, RadiativeForcing
from credit_rules.model import Factor
from credit_rules.reading import Reader
from credit_rules.standards_model import Legacy
from credit_rules.units import CO2E, Unit, decimal_text, parse_quantity, parse_unit

# The alternatives of one factor describe the same thing: further apart, a unit is wrong.
_WIDEST = 10
_REFUSED_ROWS = {
    "legacy.": "这是已经过期的因子，只作警示。",
    "anchor.": "这是总量，不是因子。",
}


def countable_rows(rows: Mapping[str, FactorRow]) -> dict[str, FactorRow]:
    """The factor tables with devices (台) counted as items (件), a unit that formulas know."""
    return {key: replace(row, unit=row.unit.replace("/台", "/件")) for key, row in rows.items()}


def read_legacy(at: Reader) -> Legacy:
    """Read an outdated value and the sentence that says what to use instead."""
    text = at.text("value")
    legacy = Legacy(Fraction(-1), parse_unit("1"), at.text("remedy"))
    at.done()
    try:
        value, unit = parse_quantity(text)
    except ValueError as error:
        at.fail("value", str(error), "请写成“数字 单位”。")
        return legacy
    return replace(legacy, value=value, unit=unit)


def read_origin(at: Reader, confidences: Mapping[str, str]) -> Origin:
    """Read the country of factors: how its rows are known, and how uncertain they are here."""
    spread = at.table("uncertainty")
    origin = Origin(
        at.name("name"),
        at.text("label"),
        at.words("source_contains", required=False),
        at.words("keys", required=False),
        {word: Fraction(spread.decimal(word)) for word in confidences if word != "policy"},
    )
    spread.done()
    at.done()
    for confidence, share in origin.uncertainty.items():
        if not 0 < share < 1:
            spread.fail(confidence, "相对不确定度须大于 0 且小于 1。", "例如 0.15。")
    return origin


@dataclass(frozen=True, slots=True)
class RangeReader:
    """Reads factors with their ranges.

    Args:
        factors: reads single numbers and holds them against the factor tables.
        origins: countries in the order in which a row is held against them; the last takes the
            rows that no other claims.
        legacy: outdated values that are refused.
    """

    factors: FactorReader
    origins: tuple[Origin, ...]
    legacy: tuple[Legacy, ...]

    def read(self, key: str, at: Reader) -> FactorRange | None:
        """Read `[factors.<key>]`; None after an error."""
        before = len(at.problems)
        label, unit = at.text("label"), at.unit("unit")
        if dict(unit.dimension).get("co2e") != dict(CO2E)["co2e"]:
            at.fail("unit", f"“{unit.text}”不是排放因子的单位。", "例如 kgCO2e/km。")
        forcing = self._forcing(at.table("forcing"), unit) if at.has("forcing") else None
        boundary = at.text("boundary") if at.has("boundary") else ""
        year = at.integer("year") if at.has("year") else 0
        found = self.bounds(at, key, label, unit)
        at.done()
        if found is None or len(at.problems) > before:
            return None
        return replace(found, forcing=forcing, boundary=boundary, year=year)

    def bounds(self, at: Reader, key: str, label: str, unit: Unit) -> FactorRange | None:
        """Read `mid` and, where there are alternatives, `low` and `high`; None after an error."""
        mid = self._row(at, "mid", unit)
        low = self._row(at, "low", unit) if at.has("low") else None
        high = self._row(at, "high", unit) if at.has("high") else None
        if mid is None:
            return None
        centre = self._exact(mid)
        found = FactorRange(
            key,
            label,
            unit,
            self._exact(low) if low else self._spread(centre, -1),
            centre,
            self._exact(high) if high else self._spread(centre, 1),
            "",
            0,
            None,
        )
        _check_order(at, found)
        return found

    def _row(self, at: Reader, key: str, unit: Unit) -> Factor | None:
        inner = at.table(key)
        factor = self.factors.read(inner, unit)
        if factor is None:
            return None
        if not factor.key:
            inner.fail("factor", "因子必须取自因子表。", '请写 factor = "因子键"。')
            return None
        known = self.origins[-1].uncertainty
        if factor.confidence not in known:
            inner.fail(
                "factor",
                f"因子“{factor.key}”的可信度“{factor.confidence}”没有对应的不确定度。",
                nearest(factor.confidence, known),
            )
            return None
        for prefix, fault in _REFUSED_ROWS.items():
            if factor.key.startswith(prefix):
                inner.fail("factor", f"不能使用“{factor.key}”：{fault}", "请换一个因子。")
        for old in self.legacy:
            if old.unit.dimension == unit.dimension and old.value == factor.base:
                inner.fail("value", f"{factor.text} {unit.text} 是过期的因子。", old.remedy)
        return factor

    def _exact(self, factor: Factor) -> Bound:
        return Bound(factor.base, factor, None, self._origin(factor))

    def _spread(self, centre: Bound, sign: int) -> Bound:
        share = centre.origin.uncertainty[centre.factor.confidence]
        return replace(centre, value=centre.value * (1 + sign * share), spread=sign * share)

    def _origin(self, factor: Factor) -> Origin:
        for origin in self.origins:
            if factor.key in origin.keys:
                return origin
        for origin in self.origins:
            if any(text in factor.source for text in origin.source_contains):
                return origin
        return self.origins[-1]

    def _forcing(self, at: Reader, unit: Unit) -> RadiativeForcing | None:
        including, excluding = self._row(at, "including", unit), self._row(at, "excluding", unit)
        at.done()
        if including is None or excluding is None:
            return None
        if not 0 < excluding.base <= including.base:
            at.fail("including", "计入非二氧化碳效应的因子不能更小。", "请核对两行是否写反。")
            return None
        return RadiativeForcing(including, excluding)


def _check_order(at: Reader, found: FactorRange) -> None:
    low, mid, high = (bound.value for bound in found.bounds)
    if low > mid:
        at.fail("low", "下限大于中值。", "请换成更小的因子，或删除 low。")
    if high < mid:
        at.fail("high", "上限小于中值。", "请换成更大的因子，或删除 high。")
    if high > _WIDEST * low and (low or found.mid.factor.base):
        at.fail(
            "high",
            f"上限 {_text(high)} 是下限 {_text(low)}（g）的十倍以上。",
            "请检查小数点和单位（例如 g 与 kg），或换成同类因子。",
        )


def _text(value: Fraction) -> str:
    return decimal_text(Fraction(round(value * 1000), 1000))
