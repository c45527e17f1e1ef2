"""Explaining an estimate: every line with question, answer, factor, source and kilograms."""

from __future__ import annotations

from fractions import Fraction

from credit_rules.canonical import JsonValue
from credit_rules.footprint.estimating import CategoryAmount, Estimate, LineAmount
from credit_rules.footprint.model import (
    Bound,
    FactorRange,
    Held,
    Question,
    Questionnaire,
    Triple,
)
from credit_rules.footprint.wording import kilograms, percent, rounded_range
from credit_rules.model import Source
from credit_rules.units import decimal_text

SCHEMA = "tanpuhui.footprint.v1"
_ENDS = ("low", "mid", "high")


def to_json(result: Estimate) -> dict[str, JsonValue]:
    """The whole estimate with its trace, in a stable schema; kilograms are exact decimal texts."""
    used = result.questionnaire
    return {
        "schema": SCHEMA,
        "questionnaire": {
            "id": used.id,
            "version": used.version,
            "title": used.title,
            "digest": used.digest,
        },
        "region": result.region,
        "unit": "kgCO2e/年",
        "radiative_forcing": {
            "included": result.radiative_forcing,
            "ratio": used.forcing.text,
            "sentence": forcing_sentence(result),
        },
        "total": _amount_json(result.total),
        "categories": [_category_json(used, category) for category in result.categories],
        "lines": [_line_json(result, amount) for amount in result.lines],
        "assumed": list(result.assumed),
        "covered": list(result.covered),
        "sources": _sources_json(result),
        "notes": list(used.notes),
    }


def sentences(result: Estimate) -> tuple[str, ...]:
    """The trace as Chinese sentences: each line, what was deducted, how aviation was treated."""
    lines = [line_sentence(result, amount) for amount in result.lines]
    found = [_deduction_sentence(result.questionnaire, each) for each in result.categories]
    deductions = [sentence for sentence in found if sentence]
    total = f"全年合计{rounded_range(result.total)}，{_assumed_sentence(result)}"
    return (*lines, *_covered_sentences(result), *deductions, forcing_sentence(result), total)


def forcing_sentence(result: Estimate) -> str:
    """Whether non-CO2 effects of aviation are in the estimate."""
    forcing = result.questionnaire.forcing
    pair = f"{forcing.including.key} 与 {forcing.excluding.key} 之比，英国数据"
    if result.radiative_forcing:
        return f"飞机已计入非二氧化碳效应：乘以约 {forcing.text}（{pair}）。"
    return (
        "飞机只计二氧化碳，没有计入非二氧化碳效应；"
        f"如计入，飞机一项约乘以 {forcing.text}（{pair}）。"
    )


def line_sentence(result: Estimate, amount: LineAmount) -> str:
    """One line as a Chinese sentence."""
    line = amount.line
    parts = [_quantity_text(result, amount)]
    if amount.replaced.high:
        gone, left = amount.replaced.mid, amount.quantity.mid
        parts.append(
            f"其中 {line.quantity_text(gone)} {line.unit_label} 由已记录的出行替代，"
            f"余 {line.quantity_text(left)} {line.unit_label}"
        )
    if amount.added.mid:
        more = line.quantity_text(amount.quantity.mid)
        parts.append(f"已记录的里程比设定值多，一年按 {more} {line.unit_label} 计")
    if line.divisor is not None:
        shared = result.held[line.divisor.name]
        people = line.divisor.shown(shared.values.mid)
        parts.append(f"由 {people} 人分摊（{_held_text(line.divisor, shared)}）")
    if line.selector is not None:
        chosen = result.held[line.selector.name]
        choice = line.selector.shown(chosen.values.mid)
        parts.append(f"{line.selector.spec.label}为{choice}（{_held_text(line.selector, chosen)}）")
    parts.append(_factor_text(result, amount.rate.factor))
    low, mid, high = (kilograms(end) for end in amount.mg)
    return f"{line.label}：{'；'.join(parts)}；得 {mid} kg（低 {low}，高 {high}）。"


def _quantity_text(result: Estimate, amount: LineAmount) -> str:
    line, label = amount.line, amount.line.unit_label
    if amount.logged:
        return f"已记录 {line.quantity_text(amount.quantity.mid)} {label}"
    before = line.quantity_text(amount.quantity.plus(amount.replaced).less(amount.added).mid)
    if line.question is not None:
        asked = result.held[line.question.name]
        answer, held = line.question.shown(asked.values.mid), _held_text(line.question, asked)
        year = (
            ""
            if line.period.times == 1
            else f"，一年按 {line.period.times} 次计为 {before} {label}"
        )
        return f"{line.period.label} {answer} {label}（{held}）{year}"
    constant = line.quantity_text(line.constant)
    source = f"（{line.source.title}）" if line.source else ""
    rest = "，扣除另行填写的以后" if line.remainder else ""
    return f"{line.period.label} {constant} {label}{source}{rest}，一年 {before} {label}"


def _held_text(question: Question, held: Held) -> str:
    assumption = held.assumption
    if assumption is None:
        return "您填写"
    low, _, high = held.values
    between = "" if low == high else f"，可能为 {question.shown(low)} 到 {question.shown(high)}"
    return f"未填写，按“{assumption.set_name}”假定{between}；依据：{assumption.source.title}"


def _factor_text(result: Estimate, factor: FactorRange) -> str:
    unit = factor.unit.label
    mid, (low, middle, high) = factor.mid, factor.shown
    forcing = factor.forcing if result.radiative_forcing else None
    forced = f"，乘以约 {forcing.text}" if forcing else ""
    return (
        f"因子 {middle} {unit}{forced}（{factor.label}，{mid.origin.label}，"
        f"{mid.factor.key}，{mid.factor.origin}），"
        f"范围 {low} 到 {high}"
        f"（低：{_basis(factor.low)}；高：{_basis(factor.high)}）"
    )


def _basis(bound: Bound) -> str:
    if bound.spread is None:
        return f"{bound.factor.key}，{bound.origin.label}"
    sign = "减" if bound.spread < 0 else "加"
    return f"{bound.factor.key} {sign} {percent(bound.spread)} 的不确定度"


def _deduction_sentence(questionnaire: Questionnaire, category: CategoryAmount) -> str:
    if not category.logged_mg:
        return ""
    return (
        f"{questionnaire.categories[category.name]}：已记录的行为减排 "
        f"{kilograms(category.logged_mg)} kg，从未填写而假定的部分扣减 "
        f"{kilograms(category.deducted.mid)} kg；您填写的数值已体现这些行为，不重复扣减。"
    )


def _covered_sentences(result: Estimate) -> list[str]:
    modes = result.questionnaire.logged_modes
    return [
        f"{modes[mode].line.label}：您已填写里程，已记录的出行在其中，不重复计入。"
        for mode in result.covered
    ]


def _assumed_sentence(result: Estimate) -> str:
    if not result.assumed:
        return "全部问题都由您填写。"
    labels = "、".join(result.questionnaire.questions[name].spec.label for name in result.assumed)
    return f"有 {len(result.assumed)} 个问题未填写，按设定值假定：{labels}。补填后范围会变窄。"


def _amount_json(mg: Triple) -> dict[str, JsonValue]:
    ends: dict[str, JsonValue] = {
        f"{name}_kg": kilograms(end) for name, end in mg._asdict().items()
    }
    return {**ends, "display": rounded_range(mg)}


def _category_json(questionnaire: Questionnaire, category: CategoryAmount) -> JsonValue:
    return {
        "category": category.name,
        "label": questionnaire.categories[category.name],
        **_amount_json(category.mg),
        "logged_reduction_kg": kilograms(category.logged_mg),
        "deducted_kg": kilograms(category.deducted.mid),
    }


def _line_json(result: Estimate, amount: LineAmount) -> JsonValue:
    line = amount.line
    quantities: dict[str, JsonValue] = {
        name: line.quantity_text(steps) for name, steps in amount.quantity._asdict().items()
    }
    return {
        "line": line.name,
        "label": line.label,
        "category": line.category,
        "answers": [
            _answer_json(question, result.held[question.name])
            for question in (line.question, line.divisor, line.selector)
            if question is not None
        ],
        "assumed": amount.assumed,
        "quantity_per_year": {**quantities, "unit": line.unit_label},
        "replaced": line.quantity_text(amount.replaced.mid),
        "added": line.quantity_text(amount.added.mid),
        "factor": _factor_json(result, amount.rate.factor),
        **_amount_json(amount.mg),
        "sentence": line_sentence(result, amount),
    }


def _answer_json(question: Question, held: Held) -> JsonValue:
    ends: dict[str, JsonValue] = {
        name: question.reader.shown(value) for name, value in held.values._asdict().items()
    }
    assumption = held.assumption
    return {
        "question": question.name,
        "label": question.spec.label,
        "answer": None if assumption else question.reader.shown(held.values.mid),
        "unit": question.unit_label,
        "period": question.period.name if question.period else "",
        "assumed": None
        if assumption is None
        else {"set": assumption.set_name, **ends, "source": source_json(assumption.source)},
    }


def source_json(source: Source) -> JsonValue:
    """A source of the questionnaire."""
    return {
        "title": source.title,
        "clause": source.clause,
        "href": source.href,
    }


def _factor_json(result: Estimate, factor: FactorRange) -> JsonValue:
    forcing = factor.forcing if result.radiative_forcing else None
    bounds: dict[str, JsonValue] = {
        name: {"value": value, **_bound_json(bound)}
        for name, value, bound in zip(_ENDS, factor.shown, factor.bounds, strict=True)
    }
    return {
        "name": factor.key,
        "label": factor.label,
        "unit": factor.unit.text,
        **bounds,
        "multiplied_by": forcing.text if forcing else "1",
    }


def _bound_json(bound: Bound) -> dict[str, JsonValue]:
    row = bound.factor
    return {
        "factor": row.key,
        "published": row.text,
        "spread": decimal_text(bound.spread or Fraction(0)),
        "origin": bound.origin.label,
        "source": row.source,
        "clause": row.clause,
        "href": row.href,
    }


def _sources_json(result: Estimate) -> list[JsonValue]:
    """Every row of the factor tables that the estimate used, once."""
    found: dict[str, JsonValue] = {}
    for amount in result.lines:
        for bound in amount.rate.factor.bounds:
            row = bound.factor
            found[row.key] = {
                "factor": row.key,
                "value": row.text,
                "unit": row.unit.text,
                "origin": bound.origin.label,
                "source": row.source,
                "clause": row.clause,
                "href": row.href,
            }
    return list(found.values())
