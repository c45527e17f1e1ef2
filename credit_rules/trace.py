"""Why a number is what it is: every step, factor, source and cap of one assessment.

A trace keeps the slots of the assessment and is rendered only when asked, to Chinese sentences and
to JSON with the schema ``tanpuhui.trace.v1``. The same facts under the same digest give the same
bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credit_rules.canonical import JsonValue, digest, json_bytes
from credit_rules.counters import (
    NANO,
    NANO_PER_MILLI,
    PERIOD_LABELS,
    SCOPE_LABELS,
    CapSpec,
)
from credit_rules.facts import Boost, Facts
from credit_rules.methodology import Award, Methodology, Plan
from credit_rules.model import Factor
from credit_rules.plan import TIER_SLOT
from credit_rules.units import DecimalForm, decimal_text
from credit_rules.values import Counted, Formula, LookedUp, Required, Value, Weighted

SCHEMA = "tanpuhui.trace.v1"
Json = dict[str, JsonValue]
_MILLI = DecimalForm(1, 3)


@dataclass(frozen=True, slots=True)
class BonusTrace:
    """How a campaign's bonus came about: its cap, counter, claim and what the budget allowed."""

    cap: CapSpec
    boost: Boost
    used_nano: int
    claimed_nano: int
    capped_mpt: int
    awarded_mpt: int


class Trace:
    """The explanation of one assessment.

    Args:
        methodology: the methodology assessed under.
        plan: its plan of that day.
        facts: the facts of the action.
        slots: the slots after the plan ran.
        reduction_mg: the reduction awarded, in mg.
        points_mpt: the points awarded, in milli-points, without the bonus.
        bonus: the campaign's bonus, if any.
    """

    __slots__ = (
        "_bonus",
        "_canonical",
        "_facts",
        "_json",
        "_methodology",
        "_plan",
        "_points",
        "_reduction",
        "_slots",
        "_texts",
    )

    def __init__(
        self,
        methodology: Methodology,
        plan: Plan,
        facts: Facts,
        slots: list[int],
        reduction_mg: int,
        points_mpt: int,
        bonus: BonusTrace | None,
    ) -> None:
        self._methodology, self._plan, self._facts = methodology, plan, facts
        self._slots, self._bonus = slots, bonus
        self._reduction, self._points = reduction_mg, points_mpt
        self._json: Json | None = None
        self._canonical: bytes | None = None
        self._texts: dict[int, str] = {}

    def to_json(self) -> Json:
        """The trace as JSON of the schema ``tanpuhui.trace.v1``; numbers are decimal texts.

        Rendered once, because a posting takes its digest and a receipt shows it: not to be changed.
        """
        if self._json is None:
            self._json = self._rendered()
        return self._json

    def _rendered(self) -> Json:
        rules, slots = self._methodology, self._slots
        tier = rules.evidence.table.tiers[slots[TIER_SLOT]]
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
            "on": self._facts.on.isoformat(),
            "tier": {
                "name": tier.name,
                "label": tier.label,
                "points_weight": tier.weights[0],
                "reduction_weight": tier.weights[1],
                "ranked": tier.ranked,
                "table": rules.evidence.table.name,
            },
            "inputs": [self._input(index) for index in range(len(rules.readers))],
            "factors": [_factor_json(name, label, f) for name, label, f in self._factors()],
            "steps": [self._step(line) for line in self._plan.lines],
            "bonus": self._bonus_json(),
            "result": {
                "reduction_mg": self._reduction,
                "reduction_remainder_ng": self._remainder(self._plan.reduction),
                "points_mpt": self._points,
                "points_remainder_npt": self._remainder(self._plan.points),
                "bonus_mpt": self._bonus.awarded_mpt if self._bonus else 0,
            },
        }

    def canonical(self) -> bytes:
        """The canonical bytes of `to_json`, rendered once."""
        if self._canonical is None:
            self._canonical = json_bytes(self.to_json())
        return self._canonical

    def digest(self) -> str:
        """SHA-256 over the canonical bytes, in hexadecimal."""
        return digest(self.canonical())

    def sentences(self) -> list[str]:
        """The explanation in Chinese sentences, in the order of the calculation."""
        rules, slots = self._methodology, self._slots
        tier = rules.evidence.table.tiers[slots[TIER_SLOT]]
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
        found += [_parameter_sentence(label, f) for _, label, f in self._parameters()]
        found += [f"{self._text(line)}。" for line in self._plan.lines if self._matters(line)]
        if self._bonus:
            found.append(f"{_bonus_text(self._bonus)}。")
        found.append(self._result_sentence())
        return found

    def _result_sentence(self) -> str:
        total = self._points + (self._bonus.awarded_mpt if self._bonus else 0)
        grams, points = _MILLI.text(self._reduction), _MILLI.text(total)
        return (
            f"本次计入减排量 {grams} g 二氧化碳当量，积分 {points} 分"
            "（不足最小单位的部分向下取整，留待当期累计）。"
        )

    # -- inputs and factors --------------------------------------------------------------------

    def _input(self, index: int) -> Json:
        reader = self._methodology.readers[index]
        spec, number = reader.spec, self._slots[index + 1]
        found: Json = {"name": spec.name, "label": spec.label, "value": reader.shown(number)}
        if spec.unit is not None:
            return {**found, "unit": spec.unit.text}
        return {**found, "value_label": spec.choices[number].label}

    def _input_text(self, index: int) -> str:
        reader = self._methodology.readers[index]
        spec, number = reader.spec, self._slots[index + 1]
        if spec.unit is None:
            return spec.choices[number].label
        return f"{reader.shown(number)} {spec.unit.label}"

    def _parameters(self) -> list[tuple[str, str, Factor]]:
        on = self._facts.on
        return [(p.name, p.label, p.on(on)) for p in self._methodology.doc.parameters.values()]

    def _factors(self) -> list[tuple[str, str, Factor]]:
        looked_up = [
            (line.table.name, line.table.label, line.factor(self._slots))
            for line in self._plan.lines
            if isinstance(line, LookedUp)
        ]
        return self._parameters() + looked_up

    def _remainder(self, award: Award | None) -> int:
        return award.nano(self._slots)[1] % NANO_PER_MILLI if award else 0

    # -- steps ---------------------------------------------------------------------------------

    def _step(self, line: Formula | LookedUp | Weighted | Counted | Required) -> Json:
        found: Json = {"key": line.key, "block": line.block}
        if isinstance(line, Required):
            return {**found, "holds": True, "text": self._text(line)}
        found |= {"out": line.out.name, "label": line.out.label}
        if isinstance(line, Formula):
            found["operands"] = [self._value(operand) for operand in line.operands]
        if isinstance(line, LookedUp):
            found["row"] = [c.spec.choices[self._slots[c.slot]].value for c in line.choices]
        if isinstance(line, Weighted):
            found["operands"] = [self._value(line.of), self._value(line.weight)]
        if isinstance(line, Counted):
            found["counter"] = self._counter(line)
        return {
            **found,
            "value": line.out.number(self._slots),
            "unit": line.out.unit.text,
            "text": self._text(line),
        }

    def _value(self, value: Value) -> Json:
        return {
            "name": value.name,
            "label": value.label,
            "value": value.number(self._slots),
            "unit": value.unit.text,
        }

    def _counter(self, line: Counted) -> Json:
        spec = line.spec
        found: Json = {
            "key": spec.key,
            "lane": spec.lane,
            "scope": spec.scope,
            "period": spec.period,
            "applies": self._applies(line),
            "used": self._slots[line.used],
            "claimed": self._slots[line.claimed],
        }
        if line.rows:
            return {**found, "rows": list(line.rows)}
        return {**found, "limit": spec.limit_nano}

    def _applies(self, line: Counted) -> bool:
        return line.applies is None or self._slots[TIER_SLOT] in line.applies

    def _matters(self, line: Formula | LookedUp | Weighted | Counted | Required) -> bool:
        """Whether a line changes anything: full weight and caps for other tiers do not."""
        if isinstance(line, Weighted):
            return line.of.number(self._slots) != line.out.number(self._slots)
        return not isinstance(line, Counted) or self._applies(line)

    def _text(self, line: Formula | LookedUp | Weighted | Counted | Required) -> str:
        """The line in words; kept, because JSON and sentences both say it."""
        known = self._texts.get(id(line))
        if known is None:
            known = self._texts[id(line)] = self._worded(line)
        return known

    def _worded(self, line: Formula | LookedUp | Weighted | Counted | Required) -> str:
        slots = self._slots
        if isinstance(line, Required):
            return "符合条件"
        result = line.out.text(slots)
        if isinstance(line, LookedUp):
            row = "、".join(c.spec.choices[slots[c.slot]].label for c in line.choices)
            return f"{line.out.label}（{row}）取 {result}，{line.factor(slots).origin}"
        if isinstance(line, Weighted):
            return (
                f"{line.out.label}：{line.of.text(slots)} × 凭证权重 {line.weight.text(slots)}"
                f" ＝ {result}"
            )
        if isinstance(line, Counted):
            return self._counted_text(line, result)
        operands = (
            f"{operand.label}{' ' if operand.label else ''}{operand.text(slots)}"
            for operand in line.operands
        )
        return f"{line.out.label} ＝ {line.pattern.format(*operands)} ＝ {result}"

    def _counted_text(self, line: Counted, result: str) -> str:
        spec, slots = line.spec, self._slots
        if not self._applies(line):
            return f"{spec.label}只适用于 {'、'.join(spec.tiers)}，本次不受限，计 {result}"
        whose = f"{SCOPE_LABELS[spec.scope]}{PERIOD_LABELS[spec.period]}"
        used, claimed = spec.shown(slots[line.used]), spec.shown(slots[line.claimed])
        if line.rows:
            rows = "；".join(line.rows)
            return (
                f"{spec.label}按{whose}累计分档（{rows}）：此前 {used}，本次 {claimed}，得 {result}"
            )
        limit = spec.shown(spec.limit_nano)
        return f"{spec.label} {limit}（{whose}）：此前累计 {used}，本次 {claimed}，计入 {result}"

    def _bonus_json(self) -> JsonValue:
        bonus = self._bonus
        if bonus is None:
            return None
        return {
            "campaign": bonus.boost.campaign,
            "multiplier": decimal_text(Fraction(bonus.boost.multiplier)),
            "key": bonus.cap.key,
            "used": bonus.used_nano,
            "claimed": bonus.claimed_nano,
            "limit": bonus.cap.limit_nano,
            "capped_mpt": bonus.capped_mpt,
            "budget_left_mpt": bonus.boost.budget_left_mpt,
            "awarded_mpt": bonus.awarded_mpt,
            "text": _bonus_text(bonus),
        }


def _factor_json(name: str, label: str, factor: Factor) -> Json:
    return {
        "name": name,
        "label": label,
        "key": factor.key,
        "value": factor.text,
        "unit": factor.unit.text,
        "source": factor.source,
        "clause": factor.clause,
        "href": factor.href,
        "confidence": factor.confidence,
    }


def _parameter_sentence(label: str, factor: Factor) -> str:
    return f"{label}取 {factor.text} {factor.unit.label}，{factor.origin}。"


def _bonus_text(bonus: BonusTrace) -> str:
    claimed = decimal_text(Fraction(bonus.claimed_nano, NANO))
    awarded = _MILLI.text(bonus.awarded_mpt)
    return (
        f"活动“{bonus.boost.campaign}”{decimal_text(Fraction(bonus.boost.multiplier))} 倍加成 "
        f"{claimed} 分，{bonus.cap.label} {bonus.cap.shown(bonus.cap.limit_nano)}，"
        f"从活动预算计入 {awarded} 分"
    )
