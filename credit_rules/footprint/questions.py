"""Reading the questions of a questionnaire, each with what is assumed where it is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from credit_rules.errors import nearest
from credit_rules.footprint.model import Assumption, Period, Question, Triple
from credit_rules.inputs import InputReader, InputRefused, reader_of
from credit_rules.model import Choice, InputSpec, Source
from credit_rules.reading import Reader
from credit_rules.units import parse_unit

FEWEST, MOST = 12, 18


@dataclass(frozen=True, slots=True)
class QuestionReader:
    """Reads `[questions]`.

    Args:
        categories: the footprint categories of the rulebook.
        periods: the periods of the file.
        sets: the named sets of assumptions; the first is the base that every question must have.
        sources: the sources of the file.
    """

    categories: Mapping[str, str]
    periods: Mapping[str, Period]
    sets: Mapping[str, str]
    sources: Mapping[str, Source]

    def read(self, whole: Reader) -> dict[str, Question]:
        """The questions by name, in the order written."""
        found = {name: self._question(name, at) for name, at in whole.named("questions")}
        if not FEWEST <= len(found) <= MOST:
            whole.fail(
                "questions",
                f"问题有 {len(found)} 个，应为 {FEWEST} 到 {MOST} 个。",
                "请合并或补充问题。",
            )
        return found

    def _question(self, name: str, at: Reader) -> Question:
        label, text = at.text("label"), at.text("help")
        category = at.word("category", self.categories)
        if at.has("choices"):
            spec, period, unit_label = _choice(name, label, at), None, ""
        else:
            spec = _quantity(name, label, at)
            period = self.period(at) if at.has("period") else None
            unit_label = at.text("unit_label", default=spec.unit.label if spec.unit else "")
        reader = reader_of(spec)
        assumed = self._assumed(at.table("assumed"), reader)
        at.done()
        return Question(spec, text, category, period, unit_label, reader, assumed)

    def period(self, at: Reader) -> Period:
        """Read the name of a period."""
        name = at.word("period", self.periods)
        return self.periods.get(name) or Period(name, 1, "")

    def _assumed(self, at: Reader, reader: InputReader) -> dict[str, Assumption]:
        """What each set assumes; a set that says nothing takes what the base set says."""
        base = next(iter(self.sets), "")
        found: dict[str, Assumption] = {}
        for name in at.keys():  # noqa: SIM118 - not a dict
            if name not in self.sets:
                at.fail(name, "没有这套设定值。", nearest(name, self.sets))
                continue
            found[name] = self._assumption(self.sets[name], at.table(name), reader)
        if base not in found:
            at.fail(base, "没有不填时的设定值。", "请补上，使不填的问题总有名有据。")
            return {}
        return {name: found.get(name, found[base]) for name in self.sets}

    def _assumption(self, set_name: str, at: Reader, reader: InputReader) -> Assumption:
        name = at.word("source", self.sources)
        source = self.sources.get(name) or Source(name, "", "", "", "")
        if reader.index:
            only = _step(at, "choice", reader)
            values = Triple(only, only, only)
        else:
            values = Triple(
                _step(at, "low", reader), _step(at, "mid", reader), _step(at, "high", reader)
            )
        at.done()
        if not values.low <= values.mid <= values.high:
            at.fail("mid", "设定值没有从小到大排列。", "请保证 low ≤ mid ≤ high。")
        return Assumption(set_name, values, source)


def _step(at: Reader, key: str, reader: InputReader) -> int:
    text = at.text(key)
    try:
        return reader.read(text) if text else 0
    except InputRefused as error:
        at.fail(key, error.problem.sentence, "请写成带引号的小数。")
        return 0


def _choice(name: str, label: str, at: Reader) -> InputSpec:
    found = []
    for row in at.tables("choices"):
        found.append(Choice(row.name("value"), row.text("label"), None))
        row.done()
    if len({choice.value for choice in found}) != len(found):
        at.fail("choices", "选项重复。", "请保证每个 value 只出现一次。")
    return InputSpec(name, label, "choice", None, None, None, None, tuple(found))


def _quantity(name: str, label: str, at: Reader) -> InputSpec:
    unit = at.unit("unit")
    low, high, step = at.decimal("min"), at.decimal("max"), at.decimal("step")
    if step <= 0 or low % step or high % step:
        at.fail("step", "步长须大于零，且上下限须为它的整数倍。", "请调整 min、max 或 step。")
    if low >= high:
        at.fail("max", "上限必须大于下限。", "请调整 min 与 max。")
    return InputSpec(name, label, "quantity", unit, low, high, step, ())


def kilometres_reader(label: str, step: Decimal, mode: str) -> InputReader:
    """The reader of logged kilometres of a year, in whole steps."""
    unit = parse_unit("km")
    return reader_of(
        InputSpec(mode, label, "quantity", unit, Decimal(0), Decimal(200_000), step, ())
    )
