"""Writing a plan out as one function for one tier of evidence and one set of choices.

Once tier and choices are known, every weight and every row of a table is a constant: most of the
operations vanish into multipliers, and what remains is arithmetic on a few local variables. The
whole plan, closures over slots, says the same; examples run it, and traces are rendered from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from credit_rules.counters import LANES, NANO_PER_MILLI
from credit_rules.methodology import Award, Methodology, Plan, Row
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
from credit_rules.written import Written


def write(methodology: Methodology, plan: Plan, numbers: Sequence[int]) -> Written:
    """Write a plan out.

    Args:
        methodology: the methodology.
        plan: one of its plans.
        numbers: the index of the tier, then the inputs as their readers give them; of these only
            the choices matter.
    """
    known = {TIER_SLOT: numbers[TIER_SLOT]} | {
        slot: numbers[slot] for slot, reader in enumerate(methodology.readers, 1) if reader.index
    }
    bonus = methodology.bonus_cap
    return _Writing(plan, known).written(bonus.key if bonus else None)


class _Form(NamedTuple):
    """A value as a multiple of something named; without a name, a constant."""

    name: str | None
    times: int

    def __str__(self) -> str:
        if self.name is None:
            return str(self.times)
        return self.name if self.times == 1 else f"{self.name} * {self.times}"


_ZERO: Final = _Form(None, 0)


class _Writing:
    """Writes a plan.

    Args:
        plan: the plan.
        known: tier and choices, by slot.
    """

    def __init__(self, plan: Plan, known: Mapping[int, int]) -> None:
        self._plan = plan
        self._lines: list[str] = []
        self._forms = {slot: _Form(None, initial) for slot, initial in enumerate(plan.template)}
        self._forms |= {slot: _Form(f"i{slot}", 1) for slot in range(plan.width)}
        self._forms |= {slot: _Form(None, value) for slot, value in known.items()}
        self._inputs = [slot for slot in range(plan.width) if slot not in known]
        self._tier = known[TIER_SLOT]
        self._used = {
            used: f"u{number}_{lane}"
            for number, row in enumerate(plan.rows)
            for lane, used, _ in row.lanes
        }
        self._results = {award.line.before for award in (plan.reduction, plan.points) if award}

    def written(self, bonus_key: str | None) -> Written:
        """Write every operation."""
        plan = self._plan
        for operation in plan.operations:
            self._write(operation)
        return Written(
            keys=tuple(row.key for row in plan.rows),
            bonus_key=bonus_key,
            body=tuple(self._lines),
            conditions=tuple(
                str(self._forms[line.slot])
                for line in plan.required
                if self._forms[line.slot] != _Form(None, 1)
            ),
            added=tuple(map(self._added, plan.rows)),
            reduction=self._award(plan.reduction),
            points=self._award(plan.points),
            inputs=tuple(self._inputs),
        )

    def _added(self, row: Row) -> tuple[str, ...]:
        forms = dict.fromkeys(range(len(LANES)), _ZERO)
        forms |= {lane: self._forms[claimed] for lane, _, claimed in row.lanes}
        if all(form == _ZERO for form in forms.values()):
            return ()
        return tuple(map(str, forms.values()))

    def _award(self, award: Award | None) -> str:
        """What an award is, in milli-units; a cap that counts nothing here awards nothing."""
        if award is None or self._forms[award.line.before].name is None:
            return "0"
        return f"a{award.line.before}"

    def _named(self, name: str, text: str) -> _Form:
        self._lines.append(f"{name} = {text}")
        return _Form(name, 1)

    # -- operations ----------------------------------------------------------------------------

    def _write(self, operation: Operation) -> None:
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
            if form.name is not None:
                moving.append(form.name)
        if not times or not moving:
            return _Form(None, times)
        if len(moving) == 1:
            return _Form(moving[0], times)
        return self._named(f"s{operation.out}", " * ".join(moving))._replace(times=times)

    def _pick(self, operation: Pick) -> _Form:
        index = 0
        for slot, size in zip(operation.keys, operation.sizes, strict=True):
            index = index * size + self._forms[slot].times
        return _Form(None, operation.values[index])

    def _sum(self, operation: Sum) -> _Form:
        moving: dict[str, int] = {}
        constant = 0
        for slot, multiplier in operation.parts:
            name, times = self._forms[slot]
            if name is None:
                constant += times * multiplier
            else:
                moving[name] = moving.get(name, 0) + times * multiplier
        parts = [_Form(name, times) for name, times in moving.items() if times]
        if not parts:
            return _Form(None, constant)
        if constant:
            parts.append(_Form(None, constant))
        if len(parts) == 1:
            return parts[0]
        return self._named(f"s{operation.out}", " + ".join(map(str, parts)))

    def _clamp(self, operation: Clamp) -> _Form:
        name, times = self._forms[operation.of]
        low, high, factor = operation.low, operation.high, times * operation.multiplier
        if name is None:
            return _Form(None, min(max(factor, low), high))
        bound = self._named(f"s{operation.out}", str(_Form(name, factor)))
        self._lines.append(f"if {bound} < {low}: {bound} = {low}")
        self._lines.append(f"elif {bound} > {high}: {bound} = {high}")
        return bound

    def _count(self, operation: Cap | Tiered) -> None:
        name, times = self._forms[operation.of]
        amount = _Form(name, times * operation.multiplier)
        counts = isinstance(operation, Tiered) or (
            operation.tiers is None or self._tier in operation.tiers
        )
        if not counts or not amount.times:
            self._forms[operation.out] = amount
            self._forms[operation.claimed] = self._forms[operation.before] = _ZERO
            return
        out, used = operation.out, self._used[operation.used]
        if amount.name is not None and (amount.times != 1 or not amount.name.isidentifier()):
            amount = self._named(f"c{out}", str(amount))
        self._forms[operation.claimed] = amount
        self._lines.append(f"e{out} = {used} + {amount}")
        if isinstance(operation, Cap):
            self._cap(operation, used)
        else:
            self._tiered(operation, used)
        self._forms[operation.before] = _Form(f"b{out}", 1)
        self._forms[out] = _Form(f"(e{out} - b{out})", 1)
        if operation.before in self._results:
            # The one rounding: downwards, of the cumulative amount, so that no fraction is lost.
            before, after = (f"{name}{out} // {NANO_PER_MILLI}" for name in "be")
            self._lines.append(f"a{operation.before} = {after} - {before}")

    def _cap(self, operation: Cap, used: str) -> None:
        out, limit = operation.out, operation.limit
        self._lines.append(f"b{out} = {used} if {used} < {limit} else {limit}")
        self._lines.append(f"if e{out} > {limit}: e{out} = {limit}")

    def _tiered(self, operation: Tiered, used: str) -> None:
        out = operation.out
        for name, amount in ((f"b{out}", used), (f"e{out}", f"e{out}")):
            rows = zip(operation.intercepts(), operation.rates, strict=True)
            shaped = [f"{name} = {_line(_Form(amount, rate), more)}" for more, rate in rows]
            for number, bound in enumerate(operation.bounds):
                word = "elif" if number else "if"
                self._lines.append(f"{word} {amount} <= {bound}: {shaped[number]}")
            self._lines.append(f"else: {shaped[-1]}" if operation.bounds else shaped[-1])
            if operation.divisor != 1:
                self._lines.append(f"{name} //= {operation.divisor}")

    def _require(self, operation: Require) -> _Form:
        decided, left = [], []
        for condition in operation.conditions:
            form = self._forms[condition.of]
            if form.name is None:
                decided.append(_holds(condition, form.times))
            else:
                # Of a quantity: what is asked of choices is decided above.
                left.append(f"{condition.low} <= {form} <= {condition.high}")
        if operation.every and not all(decided):
            return _ZERO
        if not operation.every and any(decided):
            return _Form(None, 1)
        if not left:
            return _Form(None, int(operation.every))
        return _Form(f"({(' and ' if operation.every else ' or ').join(left)})", 1)


def _line(form: _Form, more: int) -> str:
    """A multiple and a constant."""
    if not form.times:
        return str(more)
    return f"{form} + {more}" if more else str(form)


def _holds(condition: Condition, value: int) -> bool:
    return condition.low <= value <= condition.high and (
        condition.among is None or value in condition.among
    )
