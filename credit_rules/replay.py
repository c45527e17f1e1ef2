"""Past actions assessed again: what was credited beside what these rules give, by whom and when.

Two questions are answered. *Was every award right?* :func:`differences` assesses each action under
its recorded version with the counters recorded beside it; there must be no difference. *What would
other rules have given?* :func:`read_history` and :func:`resettle` go through a history in its order
of arrival under the rules of each day, counters included, by columns; :func:`diff` says who gains
and who loses. Pure: where actions come from, and where results go, is the caller's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from credit_rules.assessing import Assessment, assess_methodology
from credit_rules.comparing import Breakdown, Change, Difference, Totals, diff
from credit_rules.errors import FactsRefused, NotInForce
from credit_rules.facts import Facts
from credit_rules.history import Credits, History, PastAction, read_history
from credit_rules.rulebook import Rulebook
from credit_rules.vectorised import NotVectorisable, settle, settle_in_turn
from credit_rules.vectorised.columns import Int
from credit_rules.vectorised.counting import Opening

__all__ = [
    "Breakdown",
    "Change",
    "Credits",
    "Difference",
    "History",
    "Mismatch",
    "Opening",
    "PastAction",
    "Totals",
    "diff",
    "differences",
    "read_history",
    "resettle",
]


class Mismatch(NamedTuple):
    """An award that cannot be reproduced.

    Args:
        action: the action.
        assessment: what its recorded version gives; None where it refuses the facts.
        reason: a Chinese sentence.
    """

    action: PastAction
    assessment: Assessment | None
    reason: str


def differences(rulebook: Rulebook, actions: Iterable[PastAction]) -> Iterator[Mismatch]:
    """Assess every action again as it was recorded, and yield those that come out otherwise.

    Args:
        rulebook: holds every version ever credited under.
        actions: the actions, with their counters.
    """
    for action in actions:
        found = _difference(rulebook, action)
        if found is not None:
            yield found


def _difference(rulebook: Rulebook, action: PastAction) -> Mismatch | None:
    facts = Facts(
        action.methodology_id,
        action.on,
        action.tier,
        action.inputs,
        action.used,
        action.credited,
        action.boost,
    )
    try:
        rules = rulebook.version(action.methodology_id, action.methodology_version)
        result = assess_methodology(rules, facts)
    except (FactsRefused, NotInForce) as error:
        return Mismatch(action, None, str(error))
    was = action.reduction_mg, action.points_mpt, action.bonus_mpt
    now = result.reduction_mg, result.points_mpt, result.bonus_mpt
    if was == now:
        return None
    names = ("减排量 {} mg", "积分 {} mpt", "加成 {} mpt")
    said = "；".join(
        f"{name.format(old)}，重算为 {new}"
        for name, old, new in zip(names, was, now, strict=True)
        if old != new
    )
    return Mismatch(action, result, f"{said}。")


def resettle(history: History, *, opening: Opening | None = None, exclude: bool = False) -> Credits:
    """What the rules of each day give for a history, counters and budgets included.

    Args:
        history: the history.
        opening: counters before its first action, by key, member or place, and first day.
        exclude: whether actions that these rules do not credit together exclude each other;
            otherwise everything that was admitted then is admitted now.

    Returns:
        The awards in the order of the history; refused actions earn nothing.

    Raises:
        ColumnsRefused: a counter leaves its range.
    """
    columns = history.columns if exclude else replace(history.columns, occasions=None)
    try:
        awards = settle(columns, opening=opening)
    except NotVectorisable:
        awards = settle_in_turn(columns, opening=opening)
    return Credits(
        *(
            _spread(column, history.rows, len(history))
            for column in (awards.reduction_mg, awards.points_mpt, awards.bonus_mpt)
        )
    )


def _spread(column: Int, rows: Int, size: int) -> Int:
    result = np.zeros(size, dtype=np.int64)
    result[rows] = column
    return result
