"""The rows of a batch that one plan assesses, and what is known of them so far."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from credit_rules.inputs import InputReader
from credit_rules.methodology import Methodology, Plan
from credit_rules.model import Tier
from credit_rules.plan import TIER_SLOT, Cap, Operation, Require, Tiered
from credit_rules.values import Counted
from credit_rules.vectorised.columns import Columns, ColumnsRefused, Int, Mask, refuse_where
from credit_rules.vectorised.counting import Batch
from credit_rules.vectorised.operations import Counting, Slots, computed, reads, writes


class Group:
    """The rows under one plan of one methodology.

    Args:
        methodology: the methodology.
        plan: its plan on the days of these rows.
        rows: the rows of the batch, rising.
        slots: the slots; those an operation will fill are empty.

    Attributes:
        specs: the counter that each cap or tiers reads, by the slot of what was used before.
    """

    def __init__(self, methodology: Methodology, plan: Plan, rows: Int, slots: Slots) -> None:
        self.methodology, self.plan, self.rows, self.slots = methodology, plan, rows, slots
        self.specs = {line.used: line.spec for line in plan.lines if isinstance(line, Counted)}
        self._waiting: list[Operation] = list(plan.operations)

    def __len__(self) -> int:
        return len(self.rows)

    def counters(self) -> Iterator[Counting]:
        """The caps and tiers in order."""
        return (op for op in self.plan.operations if isinstance(op, Cap | Tiered))

    def known(self, *slots: int) -> bool:
        """Whether slots are filled."""
        return all(self.slots[slot] is not None for slot in slots)

    def advance(self) -> None:
        """Run every operation that needs no counter and whose operands are known."""
        waiting: list[Operation] = []
        for operation in self._waiting:
            if isinstance(operation, Cap | Tiered):
                continue
            if self.known(*reads(operation)):
                self.slots[operation.out] = computed(operation, self.slots)
            else:
                waiting.append(operation)
        self._waiting = waiting

    def undecided(self) -> bool:
        """Whether a condition still waits for a counter."""
        return any(isinstance(operation, Require) for operation in self._waiting)

    def eligible(self) -> Mask:
        """The rows on which every condition holds."""
        holds = np.ones(len(self), dtype=np.bool_)
        for condition in self.plan.required:
            holds &= np.asarray(self.slots[condition.slot]) != 0
        return holds

    def keep(self, mask: Mask) -> None:
        """Leave only some of the rows."""
        if mask.all():
            return
        self.rows = self.rows[mask]
        self.slots = [s[mask] if isinstance(s, np.ndarray) else s for s in self.slots]


def grouped(columns: Columns, batch: Batch) -> list[Group]:
    """The groups of a batch, their inputs checked.

    Raises:
        ColumnsRefused: a methodology, day, tier or input is refused; names column and row.
    """
    which = columns.methodology[batch.arrival]
    last = len(columns.methodologies) - 1
    refuse_where((which < 0) | (which > last), "methodology", batch.arrival, "没有这个方法学。")
    groups = []
    for index, methodology in enumerate(columns.methodologies):
        rows = np.flatnonzero(which == index)
        if len(rows):
            groups += _by_plan(columns, batch, methodology, rows)
    return groups


def _by_plan(columns: Columns, batch: Batch, methodology: Methodology, rows: Int) -> list[Group]:
    day = (columns.day if columns.as_of is None else columns.as_of)[batch.arrival[rows]]
    until = methodology.effective_until or date.max
    outside = (day < methodology.effective_from.toordinal()) | (day > until.toordinal())
    refuse_where(outside, "day", batch.arrival[rows], f"“{methodology.id}”这一天没有生效。")
    starts = np.array([start.toordinal() for start in methodology.starts], dtype=np.int64)
    number = np.searchsorted(starts, day, side="right") - 1
    groups = []
    for index, plan in enumerate(methodology.plans):
        chosen = rows if len(starts) == 1 else rows[number == index]
        if len(chosen):
            slots = _slots(columns, batch, methodology, plan, chosen)
            groups.append(Group(methodology, plan, chosen, slots))
    return groups


def _slots(
    columns: Columns, batch: Batch, methodology: Methodology, plan: Plan, rows: Int
) -> Slots:
    arrival = batch.arrival[rows]
    slots: Slots = list(plan.template)
    for operation in plan.operations:
        for slot in writes(operation):
            slots[slot] = None
    slots[TIER_SLOT] = _tier(columns.tier[arrival], methodology, arrival)
    if len(columns.inputs) < len(methodology.readers):
        raise ColumnsRefused("inputs", None, f"“{methodology.id}”有更多输入，请补上列。")
    for index, reader in enumerate(methodology.readers):
        column = columns.inputs[index][arrival]
        _check_input(f"inputs[{index}]", reader, column, arrival)
        slots[index + 1] = column
    return slots


def _tier(tier: Int, methodology: Methodology, arrival: Int) -> Int:
    accepted = np.isin(tier, sorted(methodology.tier_index.values()))
    refuse_where(~accepted, "tier", arrival, f"“{methodology.id}”不接受这个凭证等级。")
    return tier


def _check_input(name: str, reader: InputReader, column: Int, arrival: Int) -> None:
    low, high = reader.range()
    bad = (column < low) | (column > high)
    refuse_where(bad, name, arrival, f"“{reader.spec.label}”须在 {low} 到 {high} 步之间。")


def ranked_tiers(tiers: tuple[Tier, ...]) -> Mask:
    """Whether each tier of an evidence table counts in rankings."""
    return np.array([tier.ranked for tier in tiers], dtype=np.bool_)
