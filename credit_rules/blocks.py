"""The building blocks of methodologies: each one checks its units and lowers itself.

A block is declared once: the settings it takes, and how it becomes operations and trace lines.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from credit_rules.conditions import require
from credit_rules.counters import NANO, CapSpec, measure_of
from credit_rules.lowering import PERIODS, Lowering, StepFailed, table_bounds
from credit_rules.model import StepDoc
from credit_rules.plan import (
    TIER_SLOT,
    Capped,
    Clamp,
    Pick,
    Product,
    Sum,
    Tiered,
    rising,
)
from credit_rules.units import COUNTED, PURE, Unit, base_unit, decimal_text, showable
from credit_rules.values import (
    Counted,
    CounterField,
    Formula,
    LookedUp,
    Value,
    Weighted,
    common_scale,
)

WEIGHTS = ("points", "reduction", "shown", "declared")
"""The weights of a tier; the last two split its points by whether something shows the action."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: the settings it needs, those it may take, and how it is lowered."""

    needs: tuple[str, ...]
    may: tuple[str, ...]
    lower: Callable[[Lowering, StepDoc], None]


def _multiply(work: Lowering, step: StepDoc, names: tuple[str, ...]) -> None:
    factors = tuple(work.value(step, name) for name in names)
    out = work.product(step, factors)
    work.effective(step, factors[1:])
    pattern = " × ".join(f"{{{index}}}" for index in range(len(factors)))
    work.show(Formula(step.key(), step.block, out, pattern, factors))


def _linear_difference(work: Lowering, step: StepDoc) -> None:
    activity = work.value(step, "activity")
    baseline, project = work.value(step, "baseline"), work.value(step, "project")
    saving = work.difference(step, baseline, project)
    out = work.product(step, (activity, saving))
    work.effective(step, (saving,))
    pattern = "{0} ×（基准 {1} − 项目 {2}）"
    work.show(Formula(step.key(), step.block, out, pattern, (activity, baseline, project)))


def _mass_by_material(work: Lowering, step: StepDoc) -> None:
    mass, table = work.value(step, "mass"), work.table(step, "table")
    work.dimension(step.key("mass"), mass, "kg")
    if table.keys != (work.text(step, "material"),):
        raise StepFailed(
            step.key("material"),
            f"表“{table.name}”按“{'、'.join(table.keys)}”查询。",
            "请让 material 与表的 key 一致。",
        )
    low, high, scale = table_bounds(table)
    factor = Value(table.name, table.label, work.slot(), table.unit, low, high, scale)
    chosen = work.pick(table, factor)
    work.show(LookedUp(step.key("table"), "lookup", factor, table, chosen))
    out = work.product(step, (mass, factor))
    work.effective(step, (factor,))
    work.show(Formula(step.key(), step.block, out, "{0} × {1}", (mass, factor)))


def _count_times(work: Lowering, step: StepDoc) -> None:
    number = work.value(step, "n")
    if len(number.dimension) != 1 or number.dimension[0][0] not in COUNTED:
        raise StepFailed(
            step.key("n"),
            f"“{number.name}”的单位 {number.unit.text} 不是计数单位。",
            "请换成次、餐、张等计数输入。",
        )
    _multiply(work, step, ("n", "factor"))


def _floors_climbed(work: Lowering, step: StepDoc) -> None:
    for name, unit in (("floors", "floor"), ("energy", "kWh/floor"), ("grid", "gCO2e/kWh")):
        work.dimension(step.key(name), work.value(step, name), unit)
    _multiply(work, step, ("floors", "energy", "grid"))


def _lookup(work: Lowering, step: StepDoc) -> None:
    table = work.table(step, "table")
    low, high, scale = table_bounds(table)
    out = work.define(step, table.unit, (low, high), scale)
    work.show(LookedUp(step.key(), step.block, out, table, work.pick(table, out)))


def _scale(work: Lowering, step: StepDoc) -> None:
    ratio = work.value(step, "ratio")
    if ratio.dimension != PURE:
        raise StepFailed(
            step.key("ratio"),
            f"比例“{ratio.name}”带有单位 {ratio.unit.text}。",
            "请用无单位的比例，或改用 convert。",
        )
    if step.settings["ratio"] not in work.doc.parameters and work.text(step, "ratio")[0].isdigit():
        work.sourced(step)
    _multiply(work, step, ("of", "ratio"))


def _convert(work: Lowering, step: StepDoc) -> None:
    _multiply(work, step, ("of", "rate"))
    if step.settings["of"] in work.declared:
        work.declared.add(step.out)


def _sum(work: Lowering, step: StepDoc) -> None:
    names = step.settings["parts"]
    if not isinstance(names, list) or len(names) < 2 or not all(isinstance(n, str) for n in names):
        raise StepFailed(step.key("parts"), "至少要有两个加数。", '例如 ["a", "b"]。')
    parts = tuple(work.operand(step.key("parts"), name) for name in names)
    if work.declared.issuperset(names):
        work.declared.add(step.out)
    for part in parts[1:]:
        work.same(step.key("parts"), part.dimension, parts[0])
    scale = common_scale(part.scale for part in parts)
    bounds = (sum((p.low for p in parts), Fraction(0)), sum((p.high for p in parts), Fraction(0)))
    out = work.define(step, parts[0].unit, bounds, scale, max(p.counted_over for p in parts))
    work.made.operations.append(
        Sum(out.slot, tuple((part.slot, int(part.scale / scale)) for part in parts))
    )
    pattern = " ＋ ".join(f"{{{index}}}" for index in range(len(parts)))
    work.show(Formula(step.key(), step.block, out, pattern, parts))


def _bound(work: Lowering, step: StepDoc) -> None:
    of = work.value(step, "of")
    work.uncounted(step, of)
    work.sourced(step)
    low = work.amount(step, "min", of)[0] if "min" in step.settings else Fraction(0)
    high = work.amount(step, "max", of)[0] if "max" in step.settings else of.high
    if low >= high:
        raise StepFailed(step.key("min"), "下限不小于上限。", "请调整 min 与 max。")
    if of.name in work.declared and not low:
        work.declared.add(step.out)
    names, applies = work.tiers(step)
    scale = common_scale((of.scale, low, high))
    bounds = (min(max(of.low, low), high), min(max(of.high, low), high))
    if applies is not None:
        bounds = (min(of.low, bounds[0]), max(of.high, bounds[1]))
    out = work.define(step, of.unit, bounds, scale)
    into = out.slot if applies is None else work.slot()
    work.made.operations.append(
        Clamp(into, of.slot, int(of.scale / scale), int(low / scale), int(high / scale))
    )
    if applies is not None:
        _for_tiers(work, out.slot, (into, 1), (of.slot, int(of.scale / scale)), applies)
    shown = [
        f"{word} {decimal_text(limit / out.unit.ratio)} {out.unit.label}".strip()
        for name, word, limit in (("min", "不低于", low), ("max", "不高于", high))
        if name in step.settings
    ]
    only = f"（只限 {'、'.join(names)}）" if names else ""
    work.show(Formula(step.key(), step.block, out, "、".join(("{0}", *shown)) + only, (of,)))


def _for_tiers(
    work: Lowering,
    out: int,
    bounded: tuple[int, int],
    whole: tuple[int, int],
    applies: frozenset[int],
) -> None:
    """`out` = the bounded amount for some tiers of evidence, the whole for the others."""
    every = range(len(work.doc.evidence.table.tiers))
    parts = []
    for (slot, times), chosen in ((bounded, True), (whole, False)):
        asked, part = work.slot(), work.slot()
        among = tuple(int((tier in applies) is chosen) for tier in every)
        work.made.operations.append(Pick(asked, (TIER_SLOT,), (len(among),), among))
        work.made.operations.append(Product(part, (slot, asked)))
        parts.append((part, times))
    work.made.operations.append(Sum(out, tuple(parts)))


def _evidence(work: Lowering, step: StepDoc) -> None:
    of = work.value(step, "of")
    which = work.one_of(step, "weight", WEIGHTS)
    weight = work.tier_weight(which)
    if which == "declared":
        work.declared.add(step.out)
    out = work.product(step, (of, weight), of.unit)
    work.show(Weighted(step.key(), step.block, out, of, weight))


def _spec(work: Lowering, step: StepDoc, basis: Value, limit: int, unit: Unit) -> CapSpec:
    key, scope, period = work.counter(step)
    names, _ = work.tiers(step)
    return CapSpec(
        "cap" if step.block == "cap" else "tiers",
        step.out,
        step.label,
        key,
        scope,
        period,
        measure_of(basis.dimension),
        limit,
        showable(unit, Fraction(1, NANO)),
        names,
    )


def _cap(work: Lowering, step: StepDoc) -> None:
    basis = work.value(step, "on")
    work.sourced(step)
    amount, unit = work.amount(step, "amount", basis)
    limit = amount * NANO
    if limit.denominator != 1 or limit <= 0:
        raise StepFailed(step.key("amount"), "上限必须大于零，且最多九位小数。", "请调整上限。")
    multiplier, (_, applies) = work.nano(step, basis), work.tiers(step)
    spec = _spec(work, step, basis, int(limit), unit)
    rank = PERIODS.index(spec.period) + 1
    # What only the member's word fills is nothing for other tiers: its counters may follow.
    alone = applies is None or basis.name in work.declared
    work.uncounted(step, basis, rank if alone else 0)
    if basis.name in work.declared:
        work.declared.add(step.out)
    used, claimed, before = work.slot(), work.slot(), work.slot()
    high = basis.high if applies is not None else min(basis.high, amount)
    out = work.define(step, unit, (Fraction(0), high), Fraction(1, NANO), rank)
    work.made.operations.append(
        Capped(out.slot, basis.slot, multiplier, used, claimed, before, int(limit), applies)
    )
    work.made.counters.append(
        CounterField(
            spec.key, spec.measure, basis.dimension, used, claimed, ((int(limit),), (1, 0), 1)
        )
    )
    work.show(Counted(step.key(), step.block, out, spec, basis, used, claimed, before, (), applies))


@dataclass(slots=True)
class _Rows:
    bounds: list[Fraction]
    rates: list[Fraction]
    texts: list[str]
    unit: Unit


def _rows(work: Lowering, step: StepDoc, basis: Value) -> _Rows:
    rows = step.settings["rows"]
    if not isinstance(rows, list) or not rows or not all(_is_row(row) for row in rows):
        raise StepFailed(
            step.key("rows"),
            "分档必须是“[上限, 单价]”的列表。",
            '例如 [["1 kg", "10 point/kg"], ["*", "0 point/kg"]]。',
        )
    found = _Rows([], [], [], basis.unit)
    for index, (upper, rate) in enumerate(rows):
        key = step.key(f"rows[{index}]")
        last = index == len(rows) - 1
        if (upper == "*") != last:
            raise StepFailed(
                key, "最后一档、且只有最后一档的上限写“*”。", "请调整分档，否则有的档永远到不了。"
            )
        price = _rate(work, key, rate, basis, found)
        if last:
            found.texts.append(f"其余 {price}")
            continue
        bound, unit = work.quantity(key, upper)
        work.same(key, unit.dimension, basis)
        found.bounds.append(bound)
        found.texts.append(f"{decimal_text(bound / unit.ratio)} {unit.label} 以内 {price}")
    return found


def _is_row(row: object) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(cell, str) for cell in row)


def _rate(work: Lowering, key: str, text: str, basis: Value, found: _Rows) -> str:
    """Take in the rate of a row and say it in Chinese."""
    value, unit = work.quantity(key, text)
    out = base_unit(basis.unit.times(unit).dimension)
    if found.rates and out.dimension != found.unit.dimension:
        raise StepFailed(key, f"单价单位 {unit.text} 与第一档不同。", "请让各档单价单位一致。")
    found.unit = out
    found.rates.append(value)
    return f"{decimal_text(value / unit.ratio)} {unit.label}".strip()


def _tiers(work: Lowering, step: StepDoc) -> None:
    basis = work.value(step, "on")
    work.sourced(step)
    rows = _rows(work, step, basis)
    scaled = [bound * NANO for bound in rows.bounds]
    if any(b.denominator != 1 for b in scaled) or not rising([int(b) for b in scaled]):
        raise StepFailed(
            step.key("rows"),
            "分档上限必须从小到大，否则有的档永远到不了。",
            "请按从小到大排列，最多九位小数。",
        )
    multiplier = work.nano(step, basis)
    divisor = lcm(*(rate.denominator for rate in rows.rates))
    limit = int(scaled[-1]) if scaled else 0
    spec = _spec(work, step, basis, limit, basis.unit)
    rank = PERIODS.index(spec.period) + 1
    work.uncounted(step, basis, rank)
    used, claimed, before = work.slot(), work.slot(), work.slot()
    highest = basis.high * max(rows.rates)
    out = work.define(step, rows.unit, (Fraction(0), highest), Fraction(1, NANO), rank)
    operation = Tiered(
        out.slot,
        basis.slot,
        multiplier,
        used,
        claimed,
        before,
        tuple(int(bound) for bound in scaled),
        tuple(int(rate * divisor) for rate in rows.rates),
        divisor,
    )
    work.made.operations.append(operation)
    shape = (operation.bounds, operation.rates, divisor)
    work.made.counters.append(
        CounterField(spec.key, spec.measure, basis.dimension, used, claimed, shape)
    )
    work.show(
        Counted(
            step.key(), step.block, out, spec, basis, used, claimed, before, tuple(rows.texts), None
        )
    )


BLOCKS: Mapping[str, Block] = {
    "linear_difference": Block(("activity", "baseline", "project"), (), _linear_difference),
    "mass_by_material": Block(("mass", "material", "table"), (), _mass_by_material),
    "count_times": Block(("n", "factor"), ("source",), _count_times),
    "floors_climbed": Block(("floors", "energy", "grid"), (), _floors_climbed),
    "lookup": Block(("table",), (), _lookup),
    "scale": Block(("of", "ratio"), ("source",), _scale),
    "convert": Block(("of", "rate"), (), _convert),
    "sum": Block(("parts",), (), _sum),
    "bound": Block(("of",), ("min", "max", "tiers", "source"), _bound),
    "evidence": Block(("of", "weight"), (), _evidence),
    "cap": Block(("on", "amount", "period"), ("scope", "counter", "tiers", "source"), _cap),
    "tiers": Block(("on", "rows", "period"), ("scope", "counter", "source"), _tiers),
    "eligible": Block(("message",), ("all", "any"), require),
}
