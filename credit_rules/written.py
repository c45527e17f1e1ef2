"""A plan written out for one tier of evidence and one set of choices, and the functions it makes.

The functions are Python of nothing but whole numbers and the names below, so that nothing of a
file's text gets into them:
`i2` is the input in slot 2, `u0_1` the second lane of counter row 0 before the action, `c` what an
action adds to a counter, `b` and `e` what its shape gives before and after, `a` an award, and `s`
a sum, product or bound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from credit_rules.counters import LANES, NOTHING, Used

SMALL_BITS: Final = 60
"""Counters below 2^60 and claims of at most 2^61 need no check that their sum fits 62 bits."""

Awarded = tuple[int, int, dict[str, Used], tuple[Used, ...]]
"""Reduction in mg, points in milli-points, what is added to the counter rows by key, and the rows
that were read."""
AwardOne = Callable[[Sequence[int], Mapping[str, Used]], Awarded | None]
"""Awards one action by its tier and inputs and the counter rows given; None where a condition does
not hold or a counter needs a look."""
Lanes = dict[int, list[int]]
"""The lanes of a counter by group of a subject and period."""
TakeTurn = Callable[[int, Sequence[int]], tuple[int, int] | None]
"""Awards a row by its number, its tier and its inputs, adding to the counters: the reduction in mg
and the points in milli-points, or None where a condition does not hold."""


class Bound(NamedTuple):
    """A counter that turns are bound to.

    Args:
        group: the group of every row.
        lanes: the lanes of the groups that had a row.
        begun: gives the lanes of a group at its first row.
    """

    group: Sequence[int]
    lanes: Lanes
    begun: Callable[[int], list[int]]


@dataclass(frozen=True, slots=True)
class Written:
    """A plan for one tier of evidence and one set of choices.

    Args:
        keys: the counter rows of the plan.
        bonus_key: the counter row of the bonus, which is known and not read.
        body: the lines that compute.
        conditions: what must hold after them.
        added: per counter row what is added to each lane; nothing for one that is not added to.
        reduction: what the reduction is, in mg.
        points: what the points are, in milli-points.
        inputs: the slots read.
    """

    keys: tuple[str, ...]
    bonus_key: str | None
    body: tuple[str, ...]
    conditions: tuple[str, ...]
    added: tuple[tuple[str, ...], ...]
    reduction: str
    points: str
    inputs: tuple[int, ...]

    def award(self) -> AwardOne:
        """The function that awards one action."""
        names: dict[str, object] = {f"K{row}": key for row, key in enumerate(self.keys)}
        names |= {"KB": self.bonus_key, "N": NOTHING, "U": Used, "new": tuple.__new__}
        return cast("AwardOne", _function(self.award_lines(), names))

    def award_lines(self) -> list[str]:
        """The lines of `award`."""
        rows = range(len(self.keys))
        known = [f"(r{row} is not N)" for row in rows]
        if self.bonus_key is not None:
            known.append("(KB in used)")
        return [
            "def written(given, used):",
            *(f"    r{row} = used.get(K{row}, N)" for row in rows),
            f"    if len(used) != {' + '.join(known) or '0'}: return None",
            *(f"    {line}" for row in rows for line in self._checked(row)),
            *self._computed(),
            *(f"    {line}" for line in self._usage()),
            f"    return {self.reduction}, {self.points}, usage, {self._rows()}",
        ]

    def _checked(self, row: int) -> list[str]:
        lanes = [f"u{row}_{lane}" for lane in range(len(LANES))]
        return [
            f"{', '.join(lanes)} = r{row}",
            f"if ({' | '.join(lanes)}) >> {SMALL_BITS}: return None",
        ]

    def _rows(self) -> str:
        return f"({''.join(f'r{row}, ' for row in range(len(self.keys)))})"

    def _usage(self) -> list[str]:
        """What is added by key; a row to which nothing is added is left out."""
        always, maybe = [], []
        for row, lanes in enumerate(self.added):
            made = f"new(U, ({', '.join(lanes)}))"
            some = [lane for lane in lanes if lane != "0"]
            if any(map(str.isdecimal, some)):
                always.append(f"K{row}: {made}")
            elif some:
                maybe.append(f"if {' or '.join(some)}: usage[K{row}] = {made}")
        return [f"usage = {{{', '.join(always)}}}", *maybe]

    def turn(self, counters: Sequence[Bound | None]) -> TakeTurn:
        """The function that awards a row of a batch and adds to its counters.

        Args:
            counters: of each of `keys`; None for one that is not added to.
        """
        names: dict[str, object] = {}
        for row, bound in enumerate(counters):
            if bound is not None:
                names |= {f"{name}{row}": part for name, part in zip("GLB", bound, strict=True)}
        return cast("TakeTurn", _function(self.turn_lines(), names))

    def turn_lines(self) -> list[str]:
        """The lines of `turn`."""
        rows = [row for row, lanes in enumerate(self.added) if lanes]
        return [
            "def written(row, given):",
            *(f"    l{row} = L{row}.get(G{row}[row]) or B{row}(G{row}[row])" for row in rows),
            *(f"    u{row}_0, u{row}_1, u{row}_2, u{row}_3 = l{row}" for row in rows),
            *self._computed(),
            *(
                f"    l{row}[{lane}] = u{row}_{lane} + {added}"
                for row in rows
                for lane, added in enumerate(self.added[row])
                if added != "0"
            ),
            f"    return {self.reduction}, {self.points}",
        ]

    def _computed(self) -> list[str]:
        return [
            *(f"    i{slot} = given[{slot}]" for slot in self.inputs),
            *(f"    {line}" for line in self.body),
            *(f"    if not {condition}: return None" for condition in self.conditions),
        ]


def _function(lines: list[str], names: dict[str, object]) -> object:
    exec("\n".join(lines), names)  # noqa: S102 - whole numbers and our own names, see above
    return names["written"]
