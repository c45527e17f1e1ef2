"""Inputs that the clock decides: read from a file, and filled in from the facts of an action."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from credit_rules.calendar import DAY_KINDS, HolidayCalendar
from credit_rules.errors import FactsRefused, FieldProblem, nearest
from credit_rules.facts import Facts
from credit_rules.model import Choice, InputSpec
from credit_rules.reading import Reader

DECIDERS: Final = ("month", "day", "time")
"""What decides an input: the month, the kind of day, or the time of day of the action."""
_RANGES: Final = {"month": range(1, 13), "day": range(len(DAY_KINDS)), "time": range(1440)}
_WHEN: Final = "请写月份、日期种类或时段，其余的写 otherwise = true。"
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


def read_when(at: Reader, decider: str) -> frozenset[int] | None:
    """When a choice is the one: months, indexes of kinds of day, or minutes of the day.

    Args:
        at: the choice.
        decider: one of `DECIDERS`.

    Returns:
        The moments; None for all that no other choice names.
    """
    if at.has("otherwise"):
        at.flag("otherwise")
        return None
    value = at.raw("when")
    items = value if isinstance(value, list) else []
    found: set[int] = set()
    for item in items:
        found |= _moments(at, decider, item)
    if not found:
        at.fail("when", "没有写明什么时候。", _WHEN)
    return frozenset(found)


def _moments(at: Reader, decider: str, item: object) -> set[int]:
    if decider == "month" and isinstance(item, int) and 1 <= item <= 12:
        return {item}
    if decider == "day":
        if item in DAY_KINDS:
            return {DAY_KINDS.index(str(item))}
        at.fail("when", f"没有日期种类“{item}”。", nearest(str(item), DAY_KINDS))
        return set()
    if decider == "time" and isinstance(item, list) and len(item) == 2:
        first, last = (_minute(text) for text in item)
        if first is not None and last is not None and first < last <= 1440:
            return set(range(first, last))
    remedy = '月份写 1 到 12，时段写 ["06:00", "10:00"]。'
    at.fail("when", f"读不懂“{item}”。", remedy)
    return set()


def _minute(text: object) -> int | None:
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    return int(match[1]) * 60 + int(match[2]) if match else None


def check_choices(at: Reader, spec: InputSpec) -> InputSpec:
    """Give what is left to the choice that says otherwise; every moment belongs to one choice.

    Args:
        at: the input, for messages.
        spec: the input as read.
    """
    every = set(_RANGES[spec.decided_by])
    named = [choice.when for choice in spec.choices if choice.when is not None]
    taken = frozenset[int]().union(*named)
    rest = [choice for choice in spec.choices if choice.when is None]
    if sum(map(len, named)) != len(taken) or len(rest) > 1:
        at.fail("choices", "有的时候落在两个选项里。", "请让每个时候只属于一个选项。")
    if not rest and taken != every:
        at.fail("choices", "有的时候不属于任何选项。", "请给一个选项写 otherwise = true。")
    left = frozenset(every - taken)
    choices = tuple(replace(c, when=left) if c.when is None else c for c in spec.choices)
    return replace(spec, choices=choices)


def chosen_at(spec: InputSpec, moment: int) -> Choice:
    """The choice of an input that the clock decides.

    Args:
        spec: the input.
        moment: the month, index of the kind of day, or minute of the day.
    """
    return next(c for c in spec.choices if c.when is not None and moment in c.when)


def with_decided(decided: Iterable[InputSpec], calendar: HolidayCalendar, facts: Facts) -> Facts:
    """The facts with what the clock decides filled in.

    Args:
        decided: the inputs that the clock decides.
        calendar: the published holidays.
        facts: the facts; without `minute`, what the time decides stays as it was given.

    Raises:
        FactsRefused: something else was given than the clock says.
    """
    inputs, problems = dict(facts.inputs), []
    day = facts.happened_on or facts.on
    moments = {
        "month": day.month,
        "day": DAY_KINDS.index(calendar.kind(day)),
        "time": facts.minute,
    }
    for spec in decided:
        moment = moments[spec.decided_by]
        if moment is None:
            continue
        choice = chosen_at(spec, moment)
        if inputs.setdefault(spec.name, choice.value) != choice.value:
            said = (
                f"“{spec.label}”由日期和时间决定，这一次是“{choice.label}”，请不要另填；"
                "时间有误的，请改正时间后重新提交。"
            )
            problems.append(FieldProblem(spec.name, said, "decided"))
    if problems:
        raise FactsRefused(problems)
    return replace(facts, inputs=inputs)
