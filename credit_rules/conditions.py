"""Conditions of an action: bounds of a value, or the choices that count."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor

from credit_rules.errors import nearest
from credit_rules.lowering import Lowering, StepFailed
from credit_rules.model import StepDoc
from credit_rules.plan import Condition, Require
from credit_rules.values import Required


def _condition(work: Lowering, key: str, test: object) -> tuple[str, Condition]:
    if not isinstance(test, Mapping) or not isinstance(test.get("value"), str):
        raise StepFailed(key, "条件必须写明 value。", '例如 { value = "distance", max = "1 km" }。')
    unknown = set(test) - {"value", "min", "max", "one_of"}
    for name in sorted(unknown):
        raise StepFailed(
            f"{key}.{name}", "不认识这个键。", nearest(name, ("value", "min", "max", "one_of"))
        )
    name = test["value"]
    if name in work.choices:
        return name, _choice_condition(work, key, name, test.get("one_of"))
    value = work.operand(f"{key}.value", name)
    bounds: list[Fraction] = []
    for side, default in (("min", value.low), ("max", value.high)):
        text = test.get(side)
        if text is None:
            bounds.append(default)
            continue
        amount, unit = work.quantity(f"{key}.{side}", str(text))
        work.same(f"{key}.{side}", unit.dimension, value)
        bounds.append(amount)
    low, high = bounds[0] / value.scale, bounds[1] / value.scale
    return name, Condition(value.slot, ceil(low), floor(high), None)


def _choice_condition(work: Lowering, key: str, name: str, allowed: object) -> Condition:
    spec = work.choices[name].spec
    known = [choice.value for choice in spec.choices]
    if not isinstance(allowed, list) or not allowed:
        raise StepFailed(f"{key}.one_of", "选择项的条件必须列出 one_of。", nearest("", known))
    for value in allowed:
        if value not in known:
            raise StepFailed(f"{key}.one_of", f"没有选项“{value}”。", nearest(str(value), known))
    among = frozenset(known.index(value) for value in allowed)
    return Condition(work.choices[name].slot, 0, len(known), among)


def require(work: Lowering, step: StepDoc) -> None:
    """Lower a step that refuses what does not meet its conditions.

    Args:
        work: the lowering of the document.
        step: the step.

    Raises:
        StepFailed: a condition cannot be read.
    """
    every = "all" in step.settings
    tests = step.settings.get("all" if every else "any")
    if not isinstance(tests, list) or not tests or every == ("any" in step.settings):
        raise StepFailed(step.key(), "请在 all 与 any 中写一个非空的条件列表。", "两者只写其一。")
    message = work.text(step, "message")
    name = "all" if every else "any"
    found = [
        _condition(work, step.key(f"{name}[{index}]"), test) for index, test in enumerate(tests)
    ]
    slot = work.slot()
    work.made.operations.append(Require(slot, tuple(c for _, c in found), every))
    work.show(Required(step.key(), step.block, slot, found[0][0], message))
