"""Drawing the template of a plan's traces: its JSON document and its Chinese sentences.

All that the traces of a plan and tier share (names, units, sources, wording) is put together once,
with a blank wherever two actions can differ. A blank is known by its number; for each number there
is a source, a function that reads the slots of an evaluation and gives the text to fill in. So a
posting, which needs the bytes of its trace for their digest, joins some sixty texts instead of
building and dumping a document.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from credit_rules.canonical import JsonValue, json_bytes
from credit_rules.counters import PERIOD_LABELS, SCOPE_LABELS
from credit_rules.methodology import DatedPlan, Methodology
from credit_rules.model import Factor, InputSpec
from credit_rules.plan import TIER_SLOT, Slots
from credit_rules.trace_template import (
    Blanked,
    GivenBlank,
    Sentence,
    Source,
    TraceTemplate,
    json_blank,
    text_blank,
)
from credit_rules.units import DecimalForm
from credit_rules.values import (
    ChoiceValue,
    Counted,
    Formula,
    LookedUp,
    Required,
    TraceLine,
    Value,
    Weighted,
)

SCHEMA = "tanpuhui.trace.v1"
Json = dict[str, JsonValue]
_WHOLE: Final = DecimalForm(1, 0)


class Drawing:
    """Draws the template of one plan and tier of evidence.

    Args:
        methodology: the methodology.
        plan: its plan.
        tier: index of the tier of evidence.
        on: a day of the plan.
    """

    def __init__(self, methodology: Methodology, plan: DatedPlan, tier: int, on: date) -> None:
        self._methodology, self._plan, self._tier, self._on = methodology, plan, tier, on
        self._nothing = self._nothings()
        self._sources: list[Source] = []
        self._numbers: dict[tuple[int, DecimalForm], int] = {}
        self._choices: dict[tuple[int, tuple[str, ...]], str] = {}
        self._words: dict[str, str] = {}
        self._escaped: dict[int, int] = {}

    def template(self) -> TraceTemplate:
        """The template."""
        # Dumped with the blanks in it, as single characters that JSON leaves alone: the canonical
        # order of keys is then that of every trace.
        document = json_bytes(self._document()).decode()
        sentences = [self._sentence(text) for text in self._opening()]
        sentences += [
            self._sentence(f"{self._worded(line)}。", line)
            for line in self._plan.lines
            if not self._idle(line)
        ]
        return TraceTemplate(
            tuple(self._sources), Blanked(document, self._escaped), tuple(sentences)
        )

    def _idle(self, line: TraceLine) -> bool:
        """Whether a line can come to nothing only, or does not apply, for the tier of the trace."""
        if isinstance(line, Required):
            return False
        if isinstance(line, Formula) and line.block == "sum" and len(self._told(line)) < 2:
            return True
        unused = isinstance(line, Counted) and not self._applies(line)
        return unused or line.out.name in self._nothing

    def _told(self, line: Formula) -> list[Value]:
        """The operands worth telling: of a sum, those that can be anything for the tier."""
        if line.block != "sum":
            return list(line.operands)
        return [operand for operand in line.operands if operand.name not in self._nothing]

    def _nothings(self) -> frozenset[str]:
        """The steps that split points by whether something shows the action, on the other side."""
        tier = self._methodology.evidence.table.tiers[self._tier]
        other, found = "declared" if tier.ranked else "shown", set[str]()
        for step in self._methodology.doc.steps:
            taken = step.settings.get("of", step.settings.get("on"))
            parts = step.settings.get("parts", [taken])
            whole = isinstance(parts, list) and found.issuperset(map(str, parts))
            if step.settings.get("weight") == other or whole:
                found.add(step.out)
        return frozenset(found)

    def _sentence(self, text: str, line: TraceLine | None = None) -> Sentence:
        """A sentence; full weight changes nothing and is not worth one."""
        equal = None
        if isinstance(line, Weighted):
            of, out = line.of, line.out
            equal = self._number_blank(of.slot, of.shown), self._number_blank(out.slot, out.shown)
        return Sentence(Blanked(text, {}), equal)

    # -- blanks --------------------------------------------------------------------------------

    def _blank(self, source: Source) -> int:
        self._sources.append(source)
        return len(GivenBlank) + len(self._sources) - 1

    def _number_blank(self, slot: int, form: DecimalForm) -> int:
        """The blank of a slot's number; a trace writes the same number once."""
        if (slot, form) not in self._numbers:
            write = form.writer()
            self._numbers[slot, form] = self._blank(lambda slots: write(slots[slot]))
        return self._numbers[slot, form]

    def _number(self, slot: int, form: DecimalForm) -> str:
        return text_blank(self._number_blank(slot, form))

    def _integer(self, slot: int) -> str:
        return json_blank(self._number_blank(slot, _WHOLE))

    def _value(self, value: Value) -> str:
        """The number of a value; what is the same for every action is no blank."""
        if value.low == value.high:
            return value.shown.text(int(value.low / value.scale))
        return self._number(value.slot, value.shown)

    def _choice(self, choice: ChoiceValue, texts: Sequence[str]) -> str:
        """One of the texts, by the choice; a trace writes the same one once."""
        key = choice.slot, tuple(texts)
        if key not in self._choices:
            self._choices[key] = self._among(lambda slots: slots[choice.slot], texts)
        return self._choices[key]

    def _among(self, index: Callable[[Slots], int], texts: Sequence[str]) -> str:
        """One of the texts, by an index; JSON escapes what must be."""
        blank = self._blank(lambda slots: texts[index(slots)])
        escaped = [json.dumps(text, ensure_ascii=False)[1:-1] for text in texts]
        if escaped != list(texts):
            self._escaped[blank] = self._blank(lambda slots: escaped[index(slots)])
        return text_blank(blank)

    def _worth(self, value: Value) -> str:
        """A number with its unit in Chinese."""
        return f"{self._value(value)} {value.unit.label}".strip()

    # -- the document --------------------------------------------------------------------------

    def _document(self) -> Json:
        rules, tier = self._methodology, self._methodology.evidence.table.tiers[self._tier]
        return {
            "schema": SCHEMA,
            "methodology": {
                "id": rules.id,
                "version": rules.version,
                "digest": rules.digest,
                "title": rules.title,
                "boundary": rules.boundary,
                "scenario": rules.scenario,
                "baseline": rules.baseline,
            },
            "on": text_blank(GivenBlank.ON),
            "tier": {
                "name": tier.name,
                "label": tier.label,
                "points_weight": tier.weights[0],
                "reduction_weight": tier.weights[1],
                "ranked": tier.ranked,
                "table": rules.evidence.table.name,
            },
            "inputs": [self._input(index) for index in range(len(rules.readers))],
            "factors": self._factors(),
            "steps": [self._step(line) for line in self._plan.lines],
            "bonus": json_blank(GivenBlank.BONUS),
            "result": {
                "reduction_mg": json_blank(GivenBlank.REDUCTION_MG),
                "reduction_remainder_ng": json_blank(GivenBlank.REDUCTION_REMAINDER_NG),
                "points_mpt": json_blank(GivenBlank.POINTS_MPT),
                "points_remainder_npt": json_blank(GivenBlank.POINTS_REMAINDER_NPT),
                "bonus_mpt": json_blank(GivenBlank.BONUS_MPT),
            },
        }

    def _input(self, index: int) -> Json:
        reader, slot = self._methodology.readers[index], index + 1
        spec = reader.spec
        found: Json = {"name": spec.name, "label": spec.label}
        if spec.unit is not None:
            return {**found, "value": self._number(slot, reader.form), "unit": spec.unit.text}
        choice = ChoiceValue(spec, slot)
        return {
            **found,
            "value": self._choice(choice, _values(spec)),
            "value_label": self._choice(choice, _labels(spec)),
        }

    def _parameters(self) -> list[tuple[str, str, Factor]]:
        parameters = self._methodology.doc.parameters.values()
        return [(p.name, p.label, p.on(self._on)) for p in parameters]

    def _factors(self) -> list[JsonValue]:
        found: list[JsonValue] = [_factor(*parameter) for parameter in self._parameters()]
        for line in self._plan.lines:
            if isinstance(line, LookedUp):
                table = line.table
                texts = [
                    json_bytes(_factor(table.name, table.label, factor)).decode()
                    for factor in table.rows.values()
                ]
                found.append(json_blank(self._blank(_row_text(line, texts))))
        return found

    def _step(self, line: TraceLine) -> Json:
        found: Json = {"key": line.key, "block": line.block}
        if isinstance(line, Required):
            return {**found, "holds": True, "text": self._worded(line)}
        found |= {"out": line.out.name, "label": line.out.label}
        if isinstance(line, Formula):
            found["operands"] = [self._operand(operand) for operand in line.operands]
        if isinstance(line, LookedUp):
            found["row"] = [
                self._choice(c, [x.value for x in c.spec.choices]) for c in line.choices
            ]
        if isinstance(line, Weighted):
            found["operands"] = [self._operand(line.of), self._operand(line.weight)]
        if isinstance(line, Counted):
            found["counter"] = self._counter(line)
        return {
            **found,
            "value": self._value(line.out),
            "unit": line.out.unit.text,
            "text": self._worded(line),
        }

    def _operand(self, value: Value) -> Json:
        return {
            "name": value.name,
            "label": value.label,
            "value": self._value(value),
            "unit": value.unit.text,
        }

    def _counter(self, line: Counted) -> Json:
        spec = line.spec
        found: Json = {
            "key": spec.key,
            "lane": spec.measure,
            "scope": spec.scope,
            "period": spec.period,
            "applies": self._applies(line),
            "used": self._integer(line.used),
            "claimed": self._integer(line.claimed),
        }
        if line.rows:
            return {**found, "rows": list(line.rows)}
        return {**found, "limit": spec.limit_nano}

    def _applies(self, line: Counted) -> bool:
        return line.applies is None or self._tier in line.applies

    # -- sentences -----------------------------------------------------------------------------

    def _opening(self) -> list[str]:
        rules, tier = self._methodology, self._methodology.evidence.table.tiers[self._tier]
        inputs = "，".join(
            f"{reader.spec.label} {self._input_text(index)}"
            for index, reader in enumerate(rules.readers)
        )
        found = [
            (
                f"按《{rules.title}》第 {rules.version} 版计算"
                f"（{rules.effective_from.isoformat()} 起施行）。"
            ),
            f"您提交的是：{inputs}；凭证为 {tier.name} {tier.label}。",
        ]
        if rules.baseline:
            found.append(f"基准情景：{rules.baseline}。")
        found += [
            f"{label}取 {factor.text} {factor.unit.label}，{factor.origin}。"
            for _, label, factor in self._parameters()
        ]
        return found

    def _input_text(self, index: int) -> str:
        reader, slot = self._methodology.readers[index], index + 1
        spec = reader.spec
        if spec.unit is None:
            return self._choice(ChoiceValue(spec, slot), _labels(spec))
        return f"{self._number(slot, reader.form)} {spec.unit.label}"

    def _worded(self, line: TraceLine) -> str:
        """A line in words: the same in the document and among the sentences."""
        if line.key not in self._words:
            self._words[line.key] = self._in_words(line)
        return self._words[line.key]

    def _in_words(self, line: TraceLine) -> str:
        if isinstance(line, Required):
            return "符合条件"
        result = self._worth(line.out)
        if isinstance(line, LookedUp):
            return self._looked_up_text(line, result)
        if isinstance(line, Weighted):
            weight = self._worth(line.weight)
            return f"{line.out.label}：{self._worth(line.of)} × 凭证权重 {weight} ＝ {result}"
        if isinstance(line, Counted):
            return self._counted_text(line, result)
        told = [
            f"{operand.label}{' ' if operand.label else ''}{self._worth(operand)}"
            for operand in self._told(line)
        ]
        pattern = " ＋ ".join(["{}"] * len(told)) if line.block == "sum" else line.pattern
        return f"{line.out.label} ＝ {pattern.format(*told)} ＝ {result}"

    def _looked_up_text(self, line: LookedUp, result: str) -> str:
        row = "、".join(self._choice(c, _labels(c.spec)) for c in line.choices)
        origin = self._among(line.index, [factor.origin for factor in line.table.rows.values()])
        return f"{line.out.label}（{row}）取 {result}，{origin}"

    def _counted_text(self, line: Counted, result: str) -> str:
        spec = line.spec
        if not self._applies(line):
            return f"{spec.label}只适用于 {'、'.join(spec.tiers)}，本次不受限，计 {result}"
        whose = f"{SCOPE_LABELS[spec.scope]}{PERIOD_LABELS[spec.period]}"
        used, claimed = (
            f"{self._number(slot, spec.form)} {spec.unit.label}".strip()
            for slot in (line.used, line.claimed)
        )
        if line.rows:
            rows = "；".join(line.rows)
            return (
                f"{spec.label}按{whose}累计分档（{rows}）：此前 {used}，本次 {claimed}，得 {result}"
            )
        limit = spec.shown(spec.limit_nano)
        return f"{spec.label} {limit}（{whose}）：此前累计 {used}，本次 {claimed}，计入 {result}"


def _values(spec: InputSpec) -> list[str]:
    return [choice.value for choice in spec.choices]


def _labels(spec: InputSpec) -> list[str]:
    return [choice.label for choice in spec.choices]


def _row_text(line: LookedUp, texts: Sequence[str]) -> Source:
    """What stands for the row that the choices name."""
    return lambda slots: texts[line.index(slots)]


def _factor(name: str, label: str, factor: Factor) -> Json:
    return {
        "name": name,
        "label": label,
        "key": factor.key,
        "value": factor.text,
        "unit": factor.unit.text,
        "source": factor.source,
        "clause": factor.clause,
        "href": factor.href,
    }


def template_of(methodology: Methodology, plan: DatedPlan, slots: Slots, on: date) -> TraceTemplate:
    """The template of a plan for the tier of evidence in the slots; drawn at its first use."""
    tier = slots[TIER_SLOT]
    found = plan.templates.get(tier)
    if found is None:
        found = plan.templates[tier] = Drawing(methodology, plan, tier, on).template()
    return found
