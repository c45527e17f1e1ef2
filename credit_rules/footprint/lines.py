"""Reading the lines of an estimate and making them ready to reckon with whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import lcm

from credit_rules.errors import nearest
from credit_rules.footprint.model import (
    FactorRange,
    FactorRate,
    Line,
    LoggedMode,
    Period,
    Question,
    RateKey,
    Triple,
)
from credit_rules.footprint.questions import QuestionReader, kilometres_reader
from credit_rules.model import Source
from credit_rules.reading import Reader
from credit_rules.units import CO2E, Unit, parse_unit

_MG_PER_G = 1000


@dataclass(frozen=True, slots=True)
class LineReader:
    """Reads `[[lines]]` and `[[logged_modes]]`.

    Args:
        asking: reads periods; knows the categories and sources.
        questions: the questions by name.
        factors: factors that are the same everywhere, by name.
        regional: factors by region, by name.
        regions: names of the regions.
    """

    asking: QuestionReader
    questions: Mapping[str, Question]
    factors: Mapping[str, FactorRange]
    regional: Mapping[str, Mapping[str, FactorRange]]
    regions: tuple[str, ...]

    def read(self, whole: Reader) -> tuple[Line, ...]:
        """The lines in the order written."""
        lines = tuple(self._line(at) for at in whole.tables("lines"))
        if len({line.name for line in lines}) != len(lines):
            whole.fail("lines", "名称重复。", "请保证每个 name 只出现一次。")
        for name in self.asking.categories:
            if not any(line.category == name for line in lines):
                whole.fail("lines", f"“{name}”这一类没有任何计算行。", "请补上。")
        for name in self.questions.keys() - set(self._used(lines)):
            whole.fail(
                f"questions.{name}", "没有任何计算行用到这个问题。", "请删除，或补上计算行。"
            )
        return lines

    def logged_modes(self, whole: Reader, lines: tuple[Line, ...]) -> dict[str, LoggedMode]:
        """The modes of logged travel by name."""
        named = {line.name: line for line in lines}
        found: dict[str, LoggedMode] = {}
        for at in whole.tables("logged_modes"):
            mode, label = at.name("mode"), at.text("label")
            target = named.get(at.word("replaces", named))
            if target is None or target.question is None:
                at.fail("replaces", "只能替代由问题给出里程的计算行。", "请改正。")
                continue
            line = self._of_mode(at, named, replace(target, name=mode, label=label))
            at.done()
            step = target.question.spec.step or Decimal(1)
            found[mode] = LoggedMode(mode, line, target.name, kilometres_reader(label, step, mode))
        return found

    def _of_mode(self, at: Reader, named: Mapping[str, Line], like: Line) -> Line:
        """The line whose question asks about a mode, or one of its own with a factor."""
        if not at.has("line"):
            own = replace(like, question=None, divisor=None, selector=None, rates={})
            return self._rated(at, own)
        line = named.get(at.word("line", named))
        if line is None or line.question is None or line.scale != like.scale:
            at.fail(
                "line",
                "须是由问题给出里程的计算行，步长与被替代的一行相同。",
                "请改正 line，或统一两个问题的 step。",
            )
            return like
        return line

    def _used(self, lines: tuple[Line, ...]) -> list[str]:
        used = [name for line in lines for name in line.remainder]
        for line in lines:
            asked = (line.question, line.divisor, line.selector)
            used += [question.name for question in asked if question is not None]
        return used

    def _line(self, at: Reader) -> Line:
        name, label = at.name("name"), at.text("label")
        divisor = self._divisor(at) if at.has("shared_by") else None
        selector = self._selector(at) if at.has("select") else None
        line = self._asked(at) if at.has("question") else self._constant(at)
        line = replace(line, name=name, label=label, divisor=divisor, selector=selector)
        line = self._rated(at, line)
        at.done()
        return line

    def _asked(self, at: Reader) -> Line:
        question = self._question(at, "question", "quantity")
        if question is None or question.spec.unit is None:
            return _EMPTY
        period = question.period
        if period is None:
            at.fail("question", "这个问题没有 period。", '请在问题中写 period = "week" 等。')
            return _EMPTY
        return replace(
            _EMPTY,
            category=question.category,
            question=question,
            unit=question.spec.unit,
            unit_label=question.unit_label,
            period=period,
            scale=question.scale,
        )

    def _constant(self, at: Reader) -> Line:
        """A quantity the questionnaire sets, less the answers of other questions."""
        constant, unit, source = at.decimal("constant"), at.unit("unit"), self._source(at)
        period, category = self.asking.period(at), at.word("category", self.asking.categories)
        less = at.words("less", self.questions, required=False)
        step = Decimal(1)
        for name in less:
            question = self.questions.get(name)
            if question is None:
                continue
            step = question.spec.step or step
            same = question.period == period and question.spec.unit == unit
            if not same or question.spec.step != step or question.category != category:
                at.fail("less", f"“{name}”的单位、周期、步长或类别与本行不同。", "请改为一致。")
        if constant <= 0 or constant % step:
            at.fail("constant", f"须大于零，且为 {step} 的整数倍。", "请改正。")
        return replace(
            _EMPTY,
            category=category,
            constant=int(constant / step),
            remainder=less,
            source=source,
            unit=unit,
            unit_label=at.text("unit_label", default=unit.label),
            period=period,
            scale=Fraction(step) * unit.ratio,
        )

    def _source(self, at: Reader) -> Source | None:
        return self.asking.sources.get(at.word("source", self.asking.sources))

    def _question(self, at: Reader, key: str, kind: str) -> Question | None:
        question = self.questions.get(at.word(key, self.questions))
        if question is not None and question.spec.kind != kind:
            at.fail(key, f"“{question.name}”不是这里需要的题型。", "请换一个问题。")
            return None
        return question

    def _divisor(self, at: Reader) -> Question | None:
        question = self._question(at, "shared_by", "quantity")
        if question is not None and not question.spec.minimum:
            at.fail("shared_by", f"“{question.name}”可以为零，不能作除数。", "请把下限改为大于零。")
            return None
        return question

    def _selector(self, at: Reader) -> Question | None:
        return self._question(at, "select", "choice")

    def _rated(self, at: Reader, line: Line) -> Line:
        """The line with a rate for every choice, region and treatment of aviation."""
        rates: dict[RateKey, FactorRate] = {}
        made: dict[tuple[int, bool], FactorRate] = {}  # most factors are the same in every region
        for index, by_region in enumerate(self._options(at, line)):
            for region, factor in by_region.items():
                expected = line.unit.times(factor.unit)
                if expected.dimension != CO2E:
                    at.fail(
                        "factor",
                        f"单位不符：{line.unit.text} 乘以 {factor.unit.text} 不是排放量。",
                        "请换因子或改单位。",
                    )
                    return line
                for forced in (False, True):
                    key = (id(factor), forced)
                    made[key] = made.get(key) or _rate(line, factor, forced=forced)
                    rates[index, region, forced] = made[key]
        return replace(line, rates=rates)

    def _options(self, at: Reader, line: Line) -> list[Mapping[str, FactorRange]]:
        if line.selector is None:
            return [self._factor(at, "factor", at.text("factor"))]
        inner = at.table("factors")
        found = [
            self._factor(inner, choice.value, inner.text(choice.value))
            for choice in line.selector.spec.choices
        ]
        inner.done()
        counted = {(f.boundary, f.year) for by_region in found for f in by_region.values()}
        if len(counted) > 1 or ("", 0) in counted:
            at.fail(
                "factors",
                "同一问题的各个选项须写明并采用相同的核算边界（boundary）和年份（year），"
                "否则选项之间不能比较。",
                "请在各因子中写同样的 boundary 与 year，或换成同一边界的因子。",
            )
        return found

    def _factor(self, at: Reader, key: str, name: str) -> Mapping[str, FactorRange]:
        if name in self.regional:
            return self.regional[name]
        factor = self.factors.get(name)
        if factor is None:
            if name:
                at.fail(key, f"没有因子“{name}”。", nearest(name, {*self.factors, *self.regional}))
            return {}
        return dict.fromkeys(self.regions, factor)


def _rate(line: Line, factor: FactorRange, *, forced: bool) -> FactorRate:
    share = line.divisor.scale if line.divisor else Fraction(1)
    ratio = factor.forcing.ratio if forced and factor.forcing else Fraction(1)
    exact = [bound.value * ratio * line.scale * _MG_PER_G / share for bound in factor.bounds]
    denominator = lcm(*(value.denominator for value in exact))
    low, mid, high = (int(value * denominator) for value in exact)
    return FactorRate(factor, Triple(low, mid, high), denominator)


_NO_UNIT: Unit = parse_unit("1")
_EMPTY = Line(
    name="",
    label="",
    category="",
    question=None,
    constant=0,
    remainder=(),
    source=None,
    unit=_NO_UNIT,
    unit_label="",
    period=Period("", 1, ""),
    scale=Fraction(1),
    divisor=None,
    selector=None,
    rates={},
)
