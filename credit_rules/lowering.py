"""Lowering: the steps of a file, such as mass times factor, become operations on whole numbers.

A step speaks of values with names and units; what runs for an action are integers in slots. Once
for each file it is worked out at which exact scale a value is a whole number, how large it can
become, and in which unit it is shown. Everything that can go wrong with a formula goes wrong here,
before any action is assessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

from credit_rules.counters import COUNTER_LIMIT, NANO, Period, Scope, counter_key
from credit_rules.errors import nearest
from credit_rules.model import FactorTable, MethodologyDoc, StepDoc
from credit_rules.plan import TIER_SLOT, Pick, Product, Sum
from credit_rules.units import Dimension, Unit, base_unit, parse_quantity, parse_unit, showable
from credit_rules.values import ChoiceValue, Effective, Lowered, TraceLine, Value, common_scale

PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month", "year")
PERIOD_WORDS: Final[tuple[str, ...]] = PERIODS
SCOPES = ("member", "place")


class StepFailed(Exception):  # noqa: N818 - carries one problem of one step to the collector
    """A step cannot be lowered; says which key, what is wrong and what to change."""

    def __init__(self, key: str, fault: str, remedy: str) -> None:
        super().__init__(fault)
        self.key, self.fault, self.remedy = key, fault, remedy


class Poisoned(Exception):  # noqa: N818 - the earlier problem was reported already
    """A step depends on another that failed."""


class Lowering:
    """Lowers the steps of one document for one day.

    Args:
        doc: the methodology.
        day: the day whose parameters apply.
    """

    def __init__(self, doc: MethodologyDoc, day: date) -> None:
        self.doc = doc
        self.made = Lowered()
        self.slot()  # of the tier
        self.values: dict[str, Value | None] = {}
        self.declared: set[str] = set()
        self.choices: dict[str, ChoiceValue] = {}
        for spec in doc.inputs.values():
            slot = self.slot()
            if spec.unit is None:
                self.choices[spec.name] = ChoiceValue(spec, slot)
                continue
            ratio = spec.unit.ratio
            low, high, step = spec.bounds
            self.values[spec.name] = Value(
                spec.name,
                spec.label,
                slot,
                spec.unit,
                Fraction(low) * ratio,
                Fraction(high) * ratio,
                Fraction(step) * ratio,
            )
        for parameter in doc.parameters.values():
            factor = parameter.on(day)
            self.values[parameter.name] = self.constant(
                parameter.name, parameter.label, factor.base, parameter.unit
            )

    def slot(self, initial: int = 0) -> int:
        """Reserve a slot."""
        self.made.template.append(initial)
        return len(self.made.template) - 1

    def constant(self, name: str, label: str, base: Fraction, unit: Unit) -> Value:
        """A value that every action shares: the integer 1 at the scale of the constant."""
        if base == 0:
            return Value(name, label, self.slot(0), unit, base, base, Fraction(1))
        return Value(name, label, self.slot(1), unit, base, base, base)

    # -- settings of a step ------------------------------------------------------------------

    def text(self, step: StepDoc, name: str) -> str:
        """A setting that must be a text."""
        value = step.settings.get(name)
        if not isinstance(value, str) or not value.strip():
            raise StepFailed(step.key(name), "这里必须是非空文字。", "请写成带引号的文字。")
        return value

    def value(self, step: StepDoc, name: str) -> Value:
        """The value a setting names: an input, a parameter, an earlier step or a quantity."""
        return self.operand(step.key(name), self.text(step, name))

    def operand(self, key: str, text: str) -> Value:
        """The value a text names."""
        if text in self.values:
            found = self.values[text]
            if found is None:
                raise Poisoned
            return found
        if text[:1].isdigit():
            base, unit = self.quantity(key, text)
            return self.constant(text, "", base, unit)
        raise StepFailed(key, f"找不到数值“{text}”。", nearest(text, self.values))

    def quantity(self, key: str, text: str) -> tuple[Fraction, Unit]:
        """A literal quantity in base units, with its unit."""
        try:
            return parse_quantity(text)
        except ValueError as error:
            raise StepFailed(key, str(error), "请写成“数字 单位”。") from None

    def amount(self, step: StepDoc, name: str, like: Value) -> tuple[Fraction, Unit]:
        """A literal quantity that must have the dimension of `like`."""
        base, unit = self.quantity(step.key(name), self.text(step, name))
        self.same(step.key(name), unit.dimension, like)
        return base, unit

    def same(self, key: str, dimension: Dimension, like: Value) -> None:
        """Refuse a dimension that differs from that of `like`."""
        if dimension != like.dimension:
            raise StepFailed(
                key,
                f"单位不符：这里是 {base_unit(dimension).text}，“{like.name}”是 {like.unit.text}。",
                "请换成同一量纲的单位。",
            )

    def dimension(self, key: str, value: Value, unit: str) -> None:
        """Refuse a value that does not have the dimension of `unit`."""
        wanted = parse_unit(unit)
        if value.dimension != wanted.dimension:
            raise StepFailed(
                key,
                f"单位不符：“{value.name}”是 {value.unit.text}，这里需要 {wanted.text}。",
                "请换成同一量纲的数值，或改用合适的积木。",
            )

    def table(self, step: StepDoc, name: str) -> FactorTable:
        """The table a setting names."""
        text = self.text(step, name)
        if text not in self.doc.tables:
            raise StepFailed(step.key(name), f"找不到表“{text}”。", nearest(text, self.doc.tables))
        return self.doc.tables[text]

    def one_of(self, step: StepDoc, name: str, known: Iterable[str], default: str = "") -> str:
        """A setting that must be one of a few words."""
        text = default if default and name not in step.settings else self.text(step, name)
        if text not in known:
            raise StepFailed(step.key(name), f"不允许的值“{text}”。", nearest(text, known))
        return text

    def counter(self, step: StepDoc) -> tuple[str, Scope, Period]:
        """Key, scope and period of the counter a cap or tiers read."""
        period = PERIODS[PERIOD_WORDS.index(self.one_of(step, "period", PERIOD_WORDS))]
        scope: Scope = (
            "place" if self.one_of(step, "scope", SCOPES, "member") == "place" else "member"
        )
        name = self.text(step, "counter") if "counter" in step.settings else self.doc.id
        return counter_key(name, scope, period), scope, period

    def sourced(self, step: StepDoc) -> None:
        """Refuse a step that sets numbers of its own without naming their source."""
        name = step.settings.get("source")
        if not isinstance(name, str):
            raise StepFailed(
                step.key("source"), "这一步自带数字，却没有写来源。", '请写 source = "来源名"。'
            )
        if name not in self.doc.sources:
            raise StepFailed(
                step.key("source"), f"找不到来源“{name}”。", nearest(name, self.doc.sources)
            )

    # -- results -----------------------------------------------------------------------------

    def define(
        self,
        step: StepDoc,
        unit: Unit,
        bounds: tuple[Fraction, Fraction],
        scale: Fraction,
        counted_over: int = 0,
    ) -> Value:
        """Make the value of a step, refusing what could go past 62 bits."""
        low, high = bounds
        # Both as it stands in its slot and as a counter would hold it, were it counted.
        if max(high / scale, high * NANO) > COUNTER_LIMIT:
            raise StepFailed(
                step.key(),
                f"“{step.out}”的最坏情况超出 62 位整数。",
                "请减小输入上限、减少小数位或调整因子。",
            )
        try:
            shown = showable(unit, scale)
        except ValueError as error:
            raise StepFailed(
                step.key(), f"“{step.out}”的数值{error}", "请换成十进制的单位或因子。"
            ) from None
        value = Value(step.out, step.label, self.slot(), shown, low, high, scale, counted_over)
        self.values[step.out] = value
        return value

    def uncounted(self, step: StepDoc, of: Value, rank: int = 0) -> None:
        """Refuse a value that already went through a cap or tiers of a longer period than `rank`.

        What comes after a counter may only be added up or counted again over the same or a longer
        period: anything else would make a day's total depend on the order of its actions.
        """
        if of.counted_over > rank:
            raise StepFailed(
                step.key(),
                f"“{of.name}”已经过上限或分档，在这里使用会使结果取决于先后顺序。",
                "请把这一步移到上限和分档之前；先短周期、后长周期。",
            )

    def show(self, line: TraceLine) -> None:
        """Add a line to the trace."""
        self.made.lines.append(line)

    def product(self, step: StepDoc, factors: tuple[Value, ...], unit: Unit | None = None) -> Value:
        """The product of values, with the unit that follows from theirs."""
        whole = factors[0].unit
        low, high, scale = Fraction(1), Fraction(1), Fraction(1)
        for index, factor in enumerate(factors):
            whole = whole.times(factor.unit) if index else base_unit(whole.dimension)
            low, high, scale = low * factor.low, high * factor.high, scale * factor.scale
        counted_over = max(factor.counted_over for factor in factors)
        if counted_over and sum(factor.low != factor.high for factor in factors) > 1:
            self.uncounted(step, next(factor for factor in factors if factor.counted_over))
        out = self.define(step, unit or whole, (low, high), scale, counted_over)
        slots = tuple(factor.slot for factor in factors)
        # Constants are the integer 1 at their own scale: the scale of the product holds them, and
        # multiplying by 1 is left out.
        moving = tuple(slot for slot in slots if self.made.template[slot] != 1)
        self.made.operations.append(Product(out.slot, moving or slots))
        return out

    def effective(self, step: StepDoc, factors: tuple[Value, ...]) -> None:
        """Note the factor that multiplies the activity in this step, for the plausible bands."""
        unit, low, high = factors[0].unit, factors[0].low, factors[0].high
        for factor in factors[1:]:
            unit, low, high = unit.times(factor.unit), low * factor.low, high * factor.high
        self.made.effective.append(Effective(step.key(), "*", unit.dimension, low, high))

    def difference(self, step: StepDoc, more: Value, less: Value) -> Value:
        """`more` minus `less`, as an unnamed value."""
        self.same(step.key("project"), less.dimension, more)
        scale = common_scale((more.scale, less.scale))
        low, high = more.low - less.high, more.high - less.low
        if low < 0:
            raise StepFailed(
                step.key("project"),
                f"项目因子“{less.name}”可能高于基准“{more.name}”。",
                "请检查两个因子，或改用按方式给出差值的表。",
            )
        out = Value("", "", self.slot(), more.unit, low, high, scale)
        parts = ((more.slot, int(more.scale / scale)), (less.slot, -int(less.scale / scale)))
        self.made.operations.append(Sum(out.slot, parts))
        return out

    def pick(self, table: FactorTable, out: Value) -> tuple[ChoiceValue, ...]:
        """Look `out` up in a table by the choices the table is keyed by."""
        chosen = tuple(self.choices[name] for name in table.keys)
        values = tuple(int(factor.base / out.scale) for factor in table.rows.values())
        sizes = tuple(len(choice.spec.choices) for choice in chosen)
        self.made.operations.append(Pick(out.slot, tuple(c.slot for c in chosen), sizes, values))
        return chosen

    def tier_weight(self, which: str) -> Value:
        """The weight of the tier of evidence: `points` or `reduction`."""
        low, high, scale, values = _weights(
            tuple(getattr(tier, which) for tier in self.doc.evidence.table.tiers)
        )
        out = Value("", "凭证权重", self.slot(), parse_unit("%"), low, high, scale)
        self.made.operations.append(Pick(out.slot, (TIER_SLOT,), (len(values),), values))
        return out

    def nano(self, step: StepDoc, basis: Value) -> int:
        """How many counter units one unit of scale of `basis` is; refuses what is finer."""
        multiplier = basis.scale * NANO
        if multiplier.denominator != 1:
            raise StepFailed(
                step.key(),
                f"“{basis.name}”的精度高于计数器的十亿分之一。",
                "请加大输入的 step，或减少因子和权重的小数位。",
            )
        return int(multiplier)

    def tiers(self, step: StepDoc) -> tuple[tuple[str, ...], frozenset[int] | None]:
        """The tiers of evidence a cap applies to, by name and by index; none means all."""
        names = step.settings.get("tiers")
        if names is None:
            return (), None
        order = [tier.name for tier in self.doc.evidence.table.tiers]
        if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
            raise StepFailed(step.key("tiers"), "这里必须是凭证等级的列表。", '例如 ["T0"]。')
        for name in names:
            if name not in order:
                raise StepFailed(step.key("tiers"), f"没有凭证等级“{name}”。", nearest(name, order))
        return tuple(names), frozenset(order.index(name) for name in names)


@lru_cache(maxsize=64)
def _weights(weights: tuple[Decimal, ...]) -> tuple[Fraction, Fraction, Fraction, tuple[int, ...]]:
    """Smallest, largest, scale and integers of weights; every step that weights asks for them."""
    exact = [Fraction(weight) for weight in weights]
    scale = common_scale(exact)
    return min(exact), max(exact), scale, tuple(int(weight / scale) for weight in exact)


def table_bounds(table: FactorTable) -> tuple[Fraction, Fraction, Fraction]:
    """Smallest value, largest value and exact scale of a table, in base units."""
    values: Mapping[str, Fraction] = {row: factor.base for row, factor in table.rows.items()}
    return min(values.values()), max(values.values()), common_scale(values.values())
