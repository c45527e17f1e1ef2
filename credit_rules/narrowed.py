"""What is left of a plan once the tier of evidence and the choices of an action are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from credit_rules.plan import Run
from credit_rules.values import Required

ReadLanes = Callable[[list[int]], tuple[int, int, int, int]]
"""Reads the four lanes of a counter row from the slots."""
Claim = tuple[str, int, ReadLanes]
"""What an action adds to a counter row: its key, its number, and what reads the lanes."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A plan for one tier of evidence and one set of choices.

    The slots begin with the tier and the inputs, then come the counter rows, four lanes each.

    Args:
        keys: the counter rows read.
        tail: initial slots after the counter rows.
        fresh: the same with fresh counter rows before them.
        runs: the operations that remain.
        required: the conditions that remain, with their slots.
        claims: the counter rows an action adds to.
        reduction: slot of the reduction in mg; None where it is always zero.
        points: slot of the points in milli-points; None where they are always zero.
        ranked: whether actions of this tier count in rankings.
    """

    keys: tuple[str, ...]
    tail: list[int]
    fresh: list[int]
    runs: tuple[Run, ...]
    required: tuple[tuple[int, Required], ...]
    claims: tuple[Claim, ...]
    reduction: int | None
    points: int | None
    ranked: bool
