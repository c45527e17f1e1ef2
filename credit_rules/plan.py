"""The seven operations every block is lowered to, on integers only.

A value is an integer times a fixed exact scale known when the methodology is compiled; a plan runs
over a list of such integers (the slots). An operation says *what* is computed; its closure is that
with everything known beforehand already looked up, so that an action pays for arithmetic alone.
Slot 0 holds the index of the tier of evidence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

Slots = list[int]
Run = Callable[[Slots], None]

TIER_SLOT: Final = 0


@dataclass(frozen=True, slots=True)
class Product:
    """`out` = product of the slots `of`."""

    out: int
    of: tuple[int, ...]

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, of = self.out, self.of
        if len(of) == 1:
            (only,) = of

            def copy(slots: Slots) -> None:
                slots[out] = slots[only]

            return copy
        first, second, *rest = of

        def multiply(slots: Slots) -> None:
            value = slots[first] * slots[second]
            for slot in rest:
                value *= slots[slot]
            slots[out] = value

        return multiply


@dataclass(frozen=True, slots=True)
class Pick:
    """`out` = the entry of `values` at the mixed-radix index of the slots `keys`."""

    out: int
    keys: tuple[int, ...]
    sizes: tuple[int, ...]
    values: tuple[int, ...]

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, values = self.out, self.values
        if len(self.keys) == 1:
            (key,) = self.keys

            def pick(slots: Slots) -> None:
                slots[out] = values[slots[key]]

            return pick
        pairs = tuple(zip(self.keys, self.sizes, strict=True))

        def pick_by_many(slots: Slots) -> None:
            index = 0
            for slot, size in pairs:
                index = index * size + slots[slot]
            slots[out] = values[index]

        return pick_by_many


@dataclass(frozen=True, slots=True)
class Sum:
    """`out` = sum of slot times multiplier; a negative multiplier subtracts."""

    out: int
    parts: tuple[tuple[int, int], ...]

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, parts = self.out, self.parts
        if len(parts) == 2 and {times for _, times in parts} == {1}:
            (first, _), (second, _) = parts

            def add_two(slots: Slots) -> None:
                slots[out] = slots[first] + slots[second]

            return add_two

        def add(slots: Slots) -> None:
            value = 0
            for slot, multiplier in parts:
                value += slots[slot] * multiplier
            slots[out] = value

        return add


@dataclass(frozen=True, slots=True)
class Clamp:
    """`out` = `of` times `multiplier`, kept within `low` and `high`."""

    out: int
    of: int
    multiplier: int
    low: int
    high: int

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, of, multiplier, low, high = self.out, self.of, self.multiplier, self.low, self.high

        def clamp(slots: Slots) -> None:
            slots[out] = min(max(slots[of] * multiplier, low), high)

        return clamp


@dataclass(frozen=True, slots=True)
class Capped:
    """`out` = min(limit, used + claimed) - min(limit, used), in counter units.

    `claimed` receives `of` times `multiplier`, which is what the counter grows by; `before`
    receives min(limit, used). For a tier outside `tiers` the amount passes and nothing is counted.
    """

    out: int
    of: int
    multiplier: int
    used: int
    claimed: int
    before: int
    limit: int
    tiers: frozenset[int] | None

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, of, multiplier, limit = self.out, self.of, self.multiplier, self.limit
        used, claimed, before = self.used, self.claimed, self.before

        def cap(slots: Slots) -> None:
            slots[claimed] = amount = slots[of] * multiplier
            slots[before] = start = min(limit, slots[used])
            slots[out] = min(limit, slots[used] + amount) - start

        if self.tiers is None:
            return cap
        tiers = self.tiers

        def cap_some(slots: Slots) -> None:
            if slots[TIER_SLOT] in tiers:
                cap(slots)
            else:
                slots[out] = slots[of] * multiplier
                slots[claimed] = slots[before] = 0

        return cap_some


@dataclass(frozen=True, slots=True)
class Tiered:
    """`out` = F(used + claimed) - F(used), F piecewise linear through 0, in counter units.

    `rates[i] / divisor` holds up to `bounds[i]`; the last rate holds for ever. F is rounded down
    to counter units, which cancels over the actions of a period.
    """

    out: int
    of: int
    multiplier: int
    used: int
    claimed: int
    before: int
    bounds: tuple[int, ...]
    rates: tuple[int, ...]
    divisor: int

    def intercepts(self) -> tuple[int, ...]:
        """Per row, what F has there beyond amount times rate, before division."""
        found = [0]
        for bound, (rate, following) in zip(self.bounds, pairwise(self.rates), strict=True):
            found.append(found[-1] + bound * (rate - following))
        return tuple(found)

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, of, multiplier, divisor = self.out, self.of, self.multiplier, self.divisor
        used, claimed, before = self.used, self.claimed, self.before
        bounds, rates, intercepts = self.bounds, self.rates, self.intercepts()

        def tier(slots: Slots) -> None:
            # F at both ends by one look-up each; the second row is never before the first.
            start = slots[used]
            slots[claimed] = amount = slots[of] * multiplier
            end = start + amount
            row = bisect_left(bounds, start)
            slots[before] = below = (intercepts[row] + start * rates[row]) // divisor
            row = bisect_left(bounds, end, row)
            slots[out] = (intercepts[row] + end * rates[row]) // divisor - below

        return tier


@dataclass(frozen=True, slots=True)
class Condition:
    """The slot lies within `low` and `high`, and in `among` where that is given."""

    of: int
    low: int
    high: int
    among: frozenset[int] | None

    def holds(self, slots: Slots) -> bool:
        """Whether the condition holds."""
        value = slots[self.of]
        return self.low <= value <= self.high and (self.among is None or value in self.among)


@dataclass(frozen=True, slots=True)
class Require:
    """`out` = 1 where all (or any) of the conditions hold, else 0."""

    out: int
    conditions: tuple[Condition, ...]
    every: bool

    def closure(self) -> Run:
        """The operation as a function over the slots."""
        out, conditions = self.out, self.conditions
        decide = all if self.every else any

        def require(slots: Slots) -> None:
            slots[out] = int(decide(condition.holds(slots) for condition in conditions))

        return require


Operation = Product | Pick | Sum | Clamp | Capped | Tiered | Require


def rising(bounds: Sequence[int]) -> bool:
    """Whether the bounds of tiers rise strictly from above zero."""
    return all(low < high for low, high in pairwise((0, *bounds)))
