"""The operations of a plan over columns: what each reads and writes, and what it gives.

Products and sums are checked against 62 bits by the largest entries before they are computed, so
that no column ever wraps around.
"""

from __future__ import annotations

from math import prod

import numpy as np

from credit_rules.counters import COUNTER_LIMIT
from credit_rules.plan import (
    TIER_SLOT,
    Cap,
    Clamp,
    Condition,
    Operation,
    Pick,
    Product,
    Require,
    Sum,
    Tiered,
)
from credit_rules.vectorised.columns import Column, ColumnsRefused, Int, Mask, NotVectorisable

Slots = list[Column | None]
Counting = Cap | Tiered


def reads(operation: Operation) -> tuple[int, ...]:
    """The slots an operation needs; of a counter, without what was used before."""
    match operation:
        case Product():
            return operation.of
        case Pick():
            return operation.keys
        case Sum():
            return tuple(slot for slot, _ in operation.parts)
        case Clamp() | Tiered() | Cap():
            return (operation.of,)
        case Require():
            return tuple(condition.of for condition in operation.conditions)
        case _:
            raise NotVectorisable(_unknown(operation))


def writes(operation: Operation) -> tuple[int, ...]:
    """The slots an operation fills; of a counter, also what was used before."""
    if isinstance(operation, Cap | Tiered):
        return operation.out, operation.used, operation.claimed, operation.before
    return (operation.out,)


def _unknown(operation: object) -> str:
    return f"积木运算“{type(operation).__name__}”没有按列计算的写法，请逐条核算。"


def at(slots: Slots, slot: int) -> Column:
    """What stands in a slot.

    Raises:
        NotVectorisable: nothing stands there yet.
    """
    found = slots[slot]
    if found is None:
        raise NotVectorisable(f"第 {slot} 个中间值尚未算出，请逐条核算。")
    return found


def largest(column: Column) -> int:
    """The largest entry."""
    return column if isinstance(column, int) else int(column.max(initial=0))


def fits(bound: int) -> None:
    """Refuse what could pass 62 bits.

    Raises:
        ColumnsRefused: it could.
    """
    if bound > COUNTER_LIMIT:
        raise ColumnsRefused("inputs", None, "最坏情况超出 62 位整数，请核对输入与累计量。")


def computed(operation: Operation, slots: Slots) -> Column:
    """The result of an operation that reads no counter.

    Raises:
        NotVectorisable: the operation has no column form, or an operand is missing.
        ColumnsRefused: the result could pass 62 bits.
    """
    match operation:
        case Product():
            return _product(operation, slots)
        case Pick():
            return _pick(operation, slots)
        case Sum():
            fits(sum(largest(at(slots, slot)) * abs(times) for slot, times in operation.parts))
            first, *rest = (at(slots, slot) * times for slot, times in operation.parts)
            return sum(rest, first)
        case Clamp():
            fits(largest(at(slots, operation.of)) * operation.multiplier)
            value = at(slots, operation.of) * operation.multiplier
            return np.clip(value, operation.low, operation.high)
        case Require():
            return _required(operation, slots)
        case _:
            raise NotVectorisable(_unknown(operation))


def _product(operation: Product, slots: Slots) -> Column:
    factors = [at(slots, slot) for slot in operation.of]
    bound = prod(largest(factor) for factor in factors)
    fits(bound)
    if not bound:
        return 0
    result = factors[0]
    for factor in factors[1:]:
        result = result * factor
    return result


def _pick(operation: Pick, slots: Slots) -> Column:
    index: Column = 0
    for slot, size in zip(operation.keys, operation.sizes, strict=True):
        index = index * size + at(slots, slot)
    if isinstance(index, int):
        return operation.values[index]
    if len(set(operation.values)) == 1:
        return operation.values[0]
    return np.array(operation.values, dtype=np.int64)[index]


def _required(operation: Require, slots: Slots) -> Column:
    masks = [_holds(condition, slots) for condition in operation.conditions]
    decide = np.logical_and if operation.every else np.logical_or
    result = masks[0]
    for mask in masks[1:]:
        result = decide(result, mask)
    return result.astype(np.int64)


def _holds(condition: Condition, slots: Slots) -> Mask:
    value = np.asarray(at(slots, condition.of), dtype=np.int64)
    within: Mask = (value >= condition.low) & (value <= condition.high)
    if condition.among is not None:
        within &= np.isin(value, sorted(condition.among))
    return within


def claimed(operation: Counting, slots: Slots, size: int) -> Int:
    """What each row adds to the counter.

    Args:
        operation: the cap or tiers.
        slots: the slots of the rows.
        size: how many rows there are.
    """
    of = at(slots, operation.of)
    fits(largest(of) * operation.multiplier)
    amount = np.broadcast_to(np.asarray(of * operation.multiplier, dtype=np.int64), (size,))
    applies = _applies(operation, slots)
    return amount if applies is None else np.where(applies, amount, 0)


def _applies(operation: Counting, slots: Slots) -> Mask | None:
    if isinstance(operation, Tiered) or operation.tiers is None:
        return None
    return np.isin(np.asarray(at(slots, TIER_SLOT)), sorted(operation.tiers))


def settled(operation: Counting, slots: Slots, used: Int, claim: Int) -> tuple[Int, Int]:
    """The award by cumulative difference.

    Args:
        operation: the cap or tiers.
        slots: the slots of the rows.
        used: the counter before each row.
        claim: what each row adds to it, as `claimed` gives.

    Returns:
        The amounts awarded, and F(used).

    Raises:
        ColumnsRefused: F could pass 62 bits.
    """
    if isinstance(operation, Tiered):
        before = _tiered(operation, used)
        return _tiered(operation, used + claim) - before, before
    before = np.minimum(used, operation.limit)
    out = np.minimum(used + claim, operation.limit) - before
    applies = _applies(operation, slots)
    if applies is None:
        return out, before
    passed = at(slots, operation.of) * operation.multiplier
    return np.where(applies, out, passed), np.where(applies, before, 0)


def _tiered(operation: Tiered, amount: Int) -> Int:
    intercepts, rates = operation.intercepts(), operation.rates
    fits(max(map(abs, intercepts)) + largest(amount) * max(rates))
    row = np.searchsorted(np.array(operation.bounds, dtype=np.int64), amount, side="left")
    slope = np.array(rates, dtype=np.int64)[row]
    return (np.array(intercepts, dtype=np.int64)[row] + amount * slope) // operation.divisor
