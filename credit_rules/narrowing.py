"""A plan narrowed to one tier of evidence and one set of choices, which is what actions share.

Once tier and choices are known, every weight and every row of a table is a constant: most of the
operations vanish into multipliers, and what remains are conditions, quantities and counters. Awards
and counters come out as from the whole plan, which runs again only when a trace is rendered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from operator import itemgetter
from typing import NamedTuple

from credit_rules.counters import LANES
from credit_rules.methodology import Award, Methodology, Plan, Row
from credit_rules.narrowed import Claim, Narrowed
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

_WIDTH = len(LANES)


class _Form(NamedTuple):
    """A value as a multiple of a slot; without a slot, a constant."""

    slot: int | None
    times: int


_ZERO = _Form(None, 0)


class _Narrowing:
    """Narrows a plan.

    Args:
        plan: the plan.
        known: tier and choices, by slot.
    """

    def __init__(self, plan: Plan, known: Mapping[int, int]) -> None:
        self._plan = plan
        self._slots = [0] * (plan.width + _WIDTH * len(plan.rows))
        self._made: list[Operation] = []
        self._forms = {slot: _Form(None, initial) for slot, initial in enumerate(plan.template)}
        self._forms |= {slot: _Form(slot, 1) for slot in range(plan.width)}
        self._forms |= {slot: _Form(None, value) for slot, value in known.items()}
        self._tier = known[TIER_SLOT]
        self._used: dict[int, int] = {}
        for number, row in enumerate(plan.rows):
            begin = plan.width + _WIDTH * number
            self._used |= {used: begin + lane for lane, used, _ in row.lanes}

    def narrowed(self, *, ranked: bool) -> Narrowed:
        """Narrow every operation."""
        for operation in self._plan.operations:
            self._narrow(operation)
        required = tuple(
            (self._standing(self._forms[line.slot]), line)
            for line in self._plan.required
            if self._forms[line.slot] != _Form(None, 1)
        )
        claims = tuple(filter(None, map(self._claim, count(), self._plan.rows)))
        reduction, points = self._award(self._plan.reduction), self._award(self._plan.points)
        fresh = self._slots[self._plan.width :]
        return Narrowed(
            keys=tuple(row.key for row in self._plan.rows),
            tail=fresh[_WIDTH * len(self._plan.rows) :],
            fresh=fresh,
            runs=tuple(
                operation.awarding()
                if isinstance(operation, Cap) and operation.before in (reduction, points)
                else operation.closure()
                for operation in self._made
            ),
            required=required,
            claims=claims,
            reduction=reduction,
            points=points,
            ranked=ranked,
        )

    def _claim(self, number: int, row: Row) -> Claim | None:
        forms = dict.fromkeys(range(_WIDTH), _ZERO)
        forms |= {lane: self._forms[claimed] for lane, _, claimed in row.lanes}
        if all(form == _ZERO for form in forms.values()):
            return None
        return row.key, number, itemgetter(*map(self._standing, forms.values()))

    def _award(self, award: Award | None) -> int | None:
        """The slot in which an award will stand; None where it is always zero."""
        return None if award is None else self._forms[award.line.before].slot

    # -- slots ---------------------------------------------------------------------------------

    def _slot(self, initial: int = 0) -> int:
        self._slots.append(initial)
        return len(self._slots) - 1

    def _standing(self, form: _Form) -> int:
        """A slot that holds the value of a form."""
        if form.slot is None:
            return self._slot(form.times)
        if form.times == 1:
            return form.slot
        return self._put(lambda out: Sum(out, ((form.slot or 0, form.times),)))

    def _put(self, make: Callable[[int], Operation]) -> int:
        out = self._slot()
        self._made.append(make(out))
        return out

    # -- operations ----------------------------------------------------------------------------

    def _narrow(self, operation: Operation) -> None:
        match operation:
            case Cap() | Tiered():
                self._count(operation)
            case Product():
                self._forms[operation.out] = self._product(operation)
            case Pick():
                self._forms[operation.out] = self._pick(operation)
            case Sum():
                self._forms[operation.out] = self._sum(operation)
            case Clamp():
                self._forms[operation.out] = self._clamp(operation)
            case _:
                self._forms[operation.out] = self._require(operation)

    def _product(self, operation: Product) -> _Form:
        times, moving = 1, []
        for slot in operation.of:
            form = self._forms[slot]
            times *= form.times
            if form.slot is not None:
                moving.append(form.slot)
        if not times or not moving:
            return _Form(None, times)
        if len(moving) == 1:
            return _Form(moving[0], times)
        return _Form(self._put(lambda out: Product(out, tuple(moving))), times)

    def _pick(self, operation: Pick) -> _Form:
        index = 0
        for slot, size in zip(operation.keys, operation.sizes, strict=True):
            index = index * size + self._forms[slot].times
        return _Form(None, operation.values[index])

    def _sum(self, operation: Sum) -> _Form:
        moving: dict[int, int] = {}
        constant = 0
        for slot, multiplier in operation.parts:
            form = self._forms[slot]
            if form.slot is None:
                constant += form.times * multiplier
            else:
                moving[form.slot] = moving.get(form.slot, 0) + form.times * multiplier
        parts = [(slot, times) for slot, times in moving.items() if times]
        if not parts:
            return _Form(None, constant)
        if constant:
            parts.append((self._slot(constant), 1))
        if len(parts) == 1:
            return _Form(*parts[0])
        return _Form(self._put(lambda out: Sum(out, tuple(parts))), 1)

    def _clamp(self, operation: Clamp) -> _Form:
        form = self._forms[operation.of]
        times = form.times * operation.multiplier
        if form.slot is None:
            return _Form(None, min(max(times, operation.low), operation.high))
        of = form.slot
        return _Form(self._put(lambda out: Clamp(out, of, times, operation.low, operation.high)), 1)

    def _count(self, operation: Cap | Tiered) -> None:
        form = self._forms[operation.of]
        times = form.times * operation.multiplier
        counts = isinstance(operation, Tiered) or (
            operation.tiers is None or self._tier in operation.tiers
        )
        if not counts or not times:
            self._forms[operation.out] = _Form(form.slot, times)
            self._forms[operation.claimed] = self._forms[operation.before] = _ZERO
            return
        of = form.slot if form.slot is not None else self._slot(1)
        out, claimed, before = self._slot(), self._slot(), self._slot()
        self._forms[operation.out] = _Form(out, 1)
        self._forms[operation.claimed] = _Form(claimed, 1)
        self._forms[operation.before] = _Form(before, 1)
        at = (out, of, times, self._used[operation.used], claimed, before)
        if isinstance(operation, Cap):
            self._made.append(Cap(*at, operation.limit, None))
        else:
            self._made.append(Tiered(*at, operation.bounds, operation.rates, operation.divisor))

    def _require(self, operation: Require) -> _Form:
        decided, open_ = [], []
        for condition in operation.conditions:
            form = self._forms[condition.of]
            if form.slot is None:
                decided.append(_holds(condition, form.times))
            else:
                open_.append(replace(condition, of=self._standing(form)))
        if operation.every and not all(decided):
            return _ZERO
        if not operation.every and any(decided):
            return _Form(None, 1)
        if not open_:
            return _Form(None, int(operation.every))
        return _Form(self._put(lambda out: Require(out, tuple(open_), operation.every)), 1)


def _holds(condition: Condition, value: int) -> bool:
    return condition.low <= value <= condition.high and (
        condition.among is None or value in condition.among
    )


def narrow(methodology: Methodology, plan: Plan, index: int, numbers: Sequence[int]) -> Narrowed:
    """Narrow a plan and keep it in `Plan.narrowed`.

    Args:
        methodology: the methodology.
        plan: one of its plans.
        index: the number of tier and choices, by the weights of `Methodology.reads`.
        numbers: the index of the tier, then the inputs as their readers give them.
    """
    tier = methodology.evidence.table.tiers[numbers[TIER_SLOT]]
    known = {TIER_SLOT: numbers[TIER_SLOT]} | {
        slot: numbers[slot] for slot, reader in enumerate(methodology.readers, 1) if reader.index
    }
    plan.narrowed[index] = narrowed = _Narrowing(plan, known).narrowed(ranked=tier.ranked)
    return narrowed
