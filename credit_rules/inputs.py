"""Reading the inputs of an action: plain decimals within bounds, known choices, nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from credit_rules.errors import FieldProblem, nearest
from credit_rules.model import InputSpec
from credit_rules.units import DecimalForm, Unit, decimal_text, parse_unit

InputValue = str | int | Decimal
_LETTER = r"[A-Za-z\u4e00-\u9fff]"
_PLAIN = re.compile(
    r"([0-9]{1,15})(?:\.([0-9]{1,12}))?"
    # a unit may follow; `1e3` and `0x10` are other ways to write numbers, not units
    rf"(?: ?(?![eExX][0-9])({_LETTER}(?:{_LETTER}|[0-9]){{0,15}}))?"
)
_LONGEST = 60
_KNOWN = 8192
"""How many accepted texts a reader keeps; amounts repeat, and few inputs have more steps."""


class InputRefused(Exception):  # noqa: N818 - carries one field problem to the collector
    """One input is refused."""

    def __init__(self, problem: FieldProblem) -> None:
        super().__init__(problem.sentence)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class InputReader:
    """Reads one input into the integer its slot holds.

    Args:
        spec: the input.
        index: integer of every choice by name; empty for a quantity.
        digits: decimals of the step, in the declared unit.
        step: the step as an integer at that many decimals; so are `low` and `high`, which are
            multiples of it. Choices are numbered from 0 in steps of 1.
        known: the integers of texts accepted before, to begin with those of choices.
    """

    spec: InputSpec
    index: Mapping[str, int]
    digits: int
    step: int
    low: int
    high: int
    known: dict[object, int] = field(default_factory=dict)

    def read(self, value: object) -> int:
        """The integer that stands for `value`: steps of a quantity, index of a choice.

        Args:
            value: a text, an int or a Decimal; a quantity may carry a unit, such as ``500 g``.

        Raises:
            InputRefused: with a Chinese sentence that says what to write.
        """
        if self.index:
            return self._choice(value)
        number = self._quantity(value)
        if type(value) is str and len(self.known) < _KNOWN:
            self.known[value] = number
        return number

    def _quantity(self, value: object) -> int:
        text = value if isinstance(value, str) else _plain_text(value)
        match = _PLAIN.fullmatch(text)
        if match is None:
            raise self._not_plain(text)
        whole, decimals, unit = match.groups()
        decimals = decimals or ""
        unit_of_spec = self.spec.unit
        if unit is not None and unit_of_spec is not None and unit != unit_of_spec.text:
            number_of_unit = f"{whole}.{decimals or '0'}"
            whole, decimals = self._converted(number_of_unit, unit, unit_of_spec, text)
        if len(decimals) > self.digits:
            if decimals[self.digits :].strip("0"):
                raise self._off_step(text)
            decimals = decimals[: self.digits]
        number = int(whole + decimals.ljust(self.digits, "0"))
        if not self.low <= number <= self.high:
            label = unit_of_spec.label if unit_of_spec else ""
            bounds = f"{self.spec.minimum} 到 {self.spec.maximum} {label}".rstrip()
            raise self._refused(
                "out_of_bounds", f"“{self.spec.label}”须在 {bounds} 之间，请核对后重填。"
            )
        steps, rest = divmod(number, self.step)
        if rest:
            raise self._off_step(text)
        return steps

    def range(self) -> tuple[int, int]:
        """The smallest and the largest integer that `read` gives."""
        return self.low // self.step, self.high // self.step

    def shown(self, number: int) -> str:
        """The value an integer stands for, as a plain decimal or the name of the choice."""
        return self.spec.choices[number].value if self.index else self.form.text(number)

    @property
    def form(self) -> DecimalForm:
        """What one step of a quantity is in its declared unit."""
        return DecimalForm(self.step, self.digits)

    def _refused(self, code: str, sentence: str) -> InputRefused:
        return InputRefused(FieldProblem(self.spec.name, sentence, code))

    def _off_step(self, text: str) -> InputRefused:
        unit = self.spec.unit.label if self.spec.unit else ""
        return self._refused(
            "too_precise",
            f"“{self.spec.label}”只能是 {self.spec.step} {unit} 的整数倍，“{text}”不是，请重填。",
        )

    def _choice(self, value: object) -> int:
        if isinstance(value, str) and value in self.index:
            return self.index[value]
        shown = value[:_LONGEST] if isinstance(value, str) else type(value).__name__
        raise self._refused(
            "unknown_choice",
            f"“{self.spec.label}”没有“{shown}”这个选项。{nearest(shown, self.index)}",
        )

    def _not_plain(self, text: str) -> InputRefused:
        if text.startswith("-"):
            return self._refused("out_of_bounds", f"“{self.spec.label}”不能是负数，请重填。")
        return self._refused(
            "not_a_number",
            f"“{self.spec.label}”须是半角数字的普通小数，例如 {self.spec.minimum}，"
            "不用指数、千分位或其他写法，请重填。",
        )

    def _converted(self, number: str, unit: str, wanted: Unit, text: str) -> tuple[str, str]:
        try:
            found = parse_unit(unit)
        except ValueError:
            found = None
        if found is None or found.dimension != wanted.dimension:
            raise self._refused(
                "wrong_unit",
                f"“{self.spec.label}”的单位是 {wanted.text}，"
                f"不能用“{unit[:_LONGEST]}”，请换算后重填。",
            )
        try:
            converted = decimal_text(Fraction(number) * found.ratio / wanted.ratio)
        except ValueError:
            raise self._off_step(text) from None
        whole, _, decimals = converted.partition(".")
        return whole, decimals


def _plain_text(value: object) -> str:
    """A number as it is written; nothing for what is none, or may be too long to be written."""
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 15:
        return format(value, "f") if int(value.as_tuple().exponent) > -30 else ""
    return ""


def reader_of(spec: InputSpec) -> InputReader:
    """The reader of an input."""
    if spec.kind == "choice":
        index = {c.value: number for number, c in enumerate(spec.choices)}
        return InputReader(spec, index, 0, 1, 0, len(index) - 1, dict(index.items()))
    low, high, step = spec.bounds
    digits = max(-int(number.as_tuple().exponent) for number in (step, low, high))
    whole = [int(number.scaleb(digits)) for number in (step, low, high)]
    return InputReader(spec, {}, digits, whole[0], whole[1], whole[2])
