"""Typed values of a methodology while it is compiled, and the lines its trace will show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm

from credit_rules.counters import CapSpec, UsedMeasure
from credit_rules.model import FactorTable, InputSpec
from credit_rules.plan import Operation
from credit_rules.units import DecimalForm, Dimension, Unit, decimal_form


@dataclass(frozen=True)
class Value:
    """A quantity known to the compiler: where it stands, its unit, bounds and exact scale.

    Args:
        name: its name in the file.
        label: Chinese label.
        slot: its slot; the quantity is the slot's integer times `scale`, in base units.
        unit: the unit it is shown in.
        low: smallest possible value in base units.
        high: largest possible value in base units.
        scale: exact scale in base units.
        counted_over: rank of the longest period of the counters it went through; 0 for none.
    """

    name: str
    label: str
    slot: int
    unit: Unit
    low: Fraction
    high: Fraction
    scale: Fraction
    counted_over: int = 0

    @property
    def dimension(self) -> Dimension:
        """The dimension of its unit."""
        return self.unit.dimension

    @cached_property
    def shown(self) -> DecimalForm:
        """What one unit of scale is in the unit it is shown in."""
        return decimal_form(self.scale / self.unit.ratio)


@dataclass(frozen=True, slots=True)
class ChoiceValue:
    """A choice known to the compiler: its input and the slot that holds the index."""

    spec: InputSpec
    slot: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A line of the trace: `pattern` with the operands put in gives the value of `out`."""

    key: str
    block: str
    out: Value
    pattern: str
    operands: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class LookedUp:
    """A line of the trace: the row of a table, with its factor and source."""

    key: str
    block: str
    out: Value
    table: FactorTable
    choices: tuple[ChoiceValue, ...]

    def index(self, slots: list[int]) -> int:
        """Which row of the table the choices name."""
        index = 0
        for choice in self.choices:
            index = index * len(choice.spec.choices) + slots[choice.slot]
        return index


@dataclass(frozen=True, slots=True)
class Weighted:
    """A line of the trace: `of` times the weight of the tier of evidence."""

    key: str
    block: str
    out: Value
    of: Value
    weight: Value


@dataclass(frozen=True, slots=True)
class Counted:
    """A line of the trace: a cap or tiers, by cumulative difference.

    Args:
        spec: key, measure, scope and period; for tiers the limit is where the last tier begins.
        basis: what is counted.
        used: slot of the counter before.
        claimed: slot of what this action adds to the counter.
        before: slot of F(used).
        rows: for tiers, upper bound and rate of each row as Chinese text; empty for a cap.
    """

    key: str
    block: str
    out: Value
    spec: CapSpec
    basis: Value
    used: int
    claimed: int
    before: int
    rows: tuple[str, ...]
    applies: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class Required:
    """A line of the trace: a condition that must hold, and the sentence when it does not."""

    key: str
    block: str
    slot: int
    field: str
    message: str


TraceLine = Formula | LookedUp | Weighted | Counted | Required


@dataclass(frozen=True, slots=True)
class Effective:
    """A factor that acts in a step, to be held against the bands of plausible values."""

    key: str
    row: str
    dimension: Dimension
    low: Fraction
    high: Fraction


@dataclass(frozen=True, slots=True)
class CounterField:
    """One field of one counter row that a plan reads and adds to.

    Args:
        key: the counter row.
        measure: its field.
        dimension: the dimension of what is counted.
        used: slot of the counter before.
        claimed: slot of what the action adds.
        shape: F as upper bounds, rates and the divisor of the rates; a cap is rate 1 up to its
            limit and 0 beyond.
    """

    key: str
    measure: UsedMeasure
    dimension: Dimension
    used: int
    claimed: int
    shape: tuple[tuple[int, ...], tuple[int, ...], int]


@dataclass(slots=True)
class Lowered:
    """What lowering collects, in order."""

    operations: list[Operation] = field(default_factory=list)
    lines: list[TraceLine] = field(default_factory=list)
    counters: list[CounterField] = field(default_factory=list)
    effective: list[Effective] = field(default_factory=list)
    template: list[int] = field(default_factory=list)


def common_scale(values: Iterable[Fraction]) -> Fraction:
    """The largest exact scale of which all values are whole multiples; 1 where all are zero."""
    parts = [value for value in values if value]
    if not parts:
        return Fraction(1)
    denominator = lcm(*(part.denominator for part in parts))
    numerator = gcd(*(abs(part.numerator) * (denominator // part.denominator) for part in parts))
    return Fraction(numerator, denominator)
