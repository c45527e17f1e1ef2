"""Worked examples: every file proves its own numbers, and every cap is touched by one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction

from credit_rules.assessing import Assessment, assess_methodology
from credit_rules.counters import MEASURES, NANO, CapSpec, Used, measure_of
from credit_rules.errors import FactsRefused, NotInForce, Problem, nearest
from credit_rules.facts import Boost, Facts
from credit_rules.methodology import Methodology
from credit_rules.model import ExampleDoc
from credit_rules.units import parse_quantity
from credit_rules.values import Counted

MEASURE_NAMES = {measure.partition("_")[0]: measure for measure in MEASURES}


def read_used(row: Mapping[str, object]) -> Used:
    """Read a counter row from quantities or integers.

    Args:
        row: amounts by measure: quantities by short name (``points = "28 point"``), or integers in
            counter units by full name (``points_npt = 28000000000``).

    Raises:
        ValueError: with a Chinese sentence that names the field.
    """
    amounts = dict.fromkeys(MEASURES, 0)
    for name, value in row.items():
        if name in amounts and isinstance(value, int) and not isinstance(value, bool):
            amounts[name] = value
        elif name in MEASURE_NAMES and isinstance(value, str):
            amounts[MEASURE_NAMES[name]] = _nano(name, value)
        elif name in amounts or name in MEASURE_NAMES:
            raise ValueError(
                f'“{name}”的写法不对：短名写成带单位的文字，例如 points = "28 point"；'
                "全名写成整数，例如 points_npt = 28000000000。"
            )
        else:
            known = (*MEASURE_NAMES, *MEASURES)
            raise ValueError(f"“{name}”不是计数器的栏。{nearest(name, known)}")
    return Used(*amounts.values())


def _nano(name: str, text: str) -> int:
    base, unit = parse_quantity(text)
    measure = MEASURE_NAMES[name]
    if measure_of(unit.dimension) != measure:
        example = {"reduction": "1 kgCO2e", "points": "2 point", "count": "1 count"}
        raise ValueError(f"“{text}”的单位不适合“{name}”，例如“{example.get(name, '1 kg')}”。")
    if (base * NANO).denominator != 1:
        raise ValueError(f"“{name}”的“{text}”太细，计数器以十亿分之一个单位计，请少写几位小数。")
    return int(base * NANO)


def check_examples(methodology: Methodology, problems: list[Problem]) -> None:
    """Run the worked examples of a methodology.

    Args:
        methodology: the compiled methodology.
        problems: where errors are added.
    """
    touched: set[str] = set()
    complete = True
    for example in methodology.examples:
        key = f"examples[{example.index}]"
        try:
            result = run_example(methodology, example)
        except (FactsRefused, NotInForce, ValueError) as error:
            problems.append(
                Problem(
                    methodology.file,
                    key,
                    f"算例“{example.name}”被拒：{error}",
                    "请改正算例的事实。",
                )
            )
            complete = False
            continue
        _compare(methodology, example, result, problems)
        touched |= _touched(methodology, example, result)
    problems.extend(
        Problem(
            methodology.file,
            "examples",
            f"没有算例触及“{cap.label}”。",
            "请补一个达到该上限的算例。",
        )
        for cap in (methodology.caps if complete else ())
        if cap.kind == "cap" and cap.name not in touched
    )


def run_example(methodology: Methodology, example: ExampleDoc) -> Assessment:
    """Assess the facts of a worked example.

    Raises:
        FactsRefused: the engine refuses the facts.
        ValueError: a counter row cannot be read.
    """
    boost = None
    if example.multiplier is not None and methodology.bonus is not None:
        budget = int(Fraction(methodology.bonus.budget_nano, 10**6))
        boost = Boost(example.name, example.multiplier, budget)
    facts = Facts(
        methodology_id=methodology.id,
        on=example.on or methodology.effective_from,
        tier=example.tier,
        inputs=dict(example.given),
        used=used_before(methodology, example),
        boost=boost,
    )
    return assess_methodology(methodology, facts)


def used_before(methodology: Methodology, example: ExampleDoc) -> dict[str, Used]:
    """The counter rows before a worked example: what it says was used, or is left.

    Raises:
        ValueError: a row cannot be read, or more is said to be left than there is.
    """
    used = {key: read_used(row) for key, row in example.used.items()}
    for shared, text in example.left.items():
        spec = _limit(methodology, shared, example.on or methodology.effective_from)
        rest = _nano(spec.measure.partition("_")[0], text)
        if rest > spec.limit_nano:
            raise ValueError(
                f"“{spec.label}”只有 {spec.shown(spec.limit_nano)}，不可能还剩 {text}。"
            )
        before = used.get(spec.key, Used())
        if getattr(before, spec.measure):
            raise ValueError(f"“{spec.label}”的累计在 used 和 left 中各写了一次，请只写一处。")
        used[spec.key] = before._replace(**{spec.measure: spec.limit_nano - rest})
    return used


def _limit(methodology: Methodology, shared: str, on: date) -> CapSpec:
    """The limit that a shared cap sets in a methodology on a day."""
    plan = methodology.in_force(on)
    outs = {step.out for step in methodology.doc.steps if step.shared == shared}
    for line in plan.lines if plan is not None else ():
        if isinstance(line, Counted) and line.block == "cap" and line.out.name in outs:
            return line.spec
    raise ValueError(f"没有步骤用到共用上限“{shared}”，请删除这一项。")


def _compare(
    methodology: Methodology, example: ExampleDoc, result: Assessment, problems: list[Problem]
) -> None:
    for name in ("reduction_mg", "points_mpt", "bonus_mpt"):
        expected, computed = getattr(example, name), getattr(result, name)
        if expected != computed:
            problems.append(
                Problem(
                    methodology.file,
                    f"examples[{example.index}].expect.{name}",
                    f"算例“{example.name}”不符：写的是 {expected}，算得 {computed}。",
                    "请手工核对：是算例写错，还是步骤或因子有误。",
                )
            )


def _touched(methodology: Methodology, example: ExampleDoc, result: Assessment) -> set[str]:
    used = used_before(methodology, example)
    return {
        cap.name
        for cap in methodology.caps_on(example.on or methodology.effective_from)
        if cap.key in result.usage
        and (not cap.tiers or example.tier in cap.tiers)
        and getattr(used.get(cap.key, Used()).plus(result.usage[cap.key]), cap.measure)
        > cap.limit_nano
    }
