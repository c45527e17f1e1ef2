"""What one turn is: a row of a narrowed plan awarded from its counters, which then grow.

A turn is bound to all that its rows share, because it is taken a million times.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter

from credit_rules.counters import COUNTER_LIMIT, LANES, Used
from credit_rules.narrowed import Narrowed, ReadLanes
from credit_rules.vectorised.columns import ColumnsRefused

_NO_LANES = (0,) * len(LANES)
TakeTurn = Callable[[int, Sequence[int]], tuple[int, int] | None]
"""Awards a row by its number, its tier and its inputs, adding to the counters: the reduction in mg
and the points in milli-points, or None where a condition does not hold."""


@dataclass(slots=True)
class Counter:
    """A counter: its lanes by group of a subject and period, and the group of every row.

    Args:
        group: the group of every row.
        opening: the lanes before the first row, by group.
        lanes: the lanes of groups that had a row.
    """

    group: Sequence[int]
    opening: dict[int, Used] = field(default_factory=dict)
    lanes: dict[int, list[int]] = field(default_factory=dict)

    def at(self, row: int) -> list[int]:
        """The lanes of the group of a row."""
        group = self.group[row]
        return self.lanes.get(group) or self.begun(group)

    def begun(self, group: int) -> list[int]:
        """The lanes of a group at its first row."""
        lanes = self.lanes[group] = [*self.opening.get(group, _NO_LANES)]
        return lanes

    def forget(self, *, sure: bool) -> None:
        """Let go of all lanes; they only grew, so that now is the time to look at their range.

        Args:
            sure: they cannot be out of it.
        """
        if not sure and max(chain(*self.lanes.values()), default=0) > COUNTER_LIMIT:
            raise ColumnsRefused("inputs", None, "累计量超出 62 位整数，请核对计数器。")
        self.lanes.clear()


def turn(
    narrowed: Narrowed, width: int, counters: Sequence[tuple[Counter, ReadLanes] | None]
) -> TakeTurn:
    """What awards a row of a narrowed plan, bound to all that its rows share.

    Args:
        narrowed: the plan.
        width: how many slots tier and inputs take.
        counters: its counters and what reads the lanes added; None for one that is not added to.
    """
    if len(counters) == 1 and counters[0] is not None:
        return _with_one(narrowed, width, *counters[0])
    return _with_several(narrowed, width, counters)


def _with_one(narrowed: Narrowed, width: int, counter: Counter, read: ReadLanes) -> TakeTurn:
    """A turn with a single counter: bound more tightly, for most have no other."""
    runs, tail, required = narrowed.runs, narrowed.tail, [slot for slot, _ in narrowed.required]
    group, known, begun = counter.group, counter.lanes, counter.begun
    awarded = _awarded(narrowed)

    def take(row: int, taken: Sequence[int]) -> tuple[int, int] | None:
        lanes = known.get(group[row]) or begun(group[row])
        slots = [*taken[:width], *lanes, *tail]
        for run in runs:
            run(slots)
        for slot in required:  # all() takes longer to begin than this to end
            if not slots[slot]:
                return None
        reduction, points, activity, count = read(slots)
        lanes[0] += reduction
        lanes[1] += points
        lanes[2] += activity
        lanes[3] += count
        return awarded(slots)

    return take


def _with_several(
    narrowed: Narrowed, width: int, counters: Sequence[tuple[Counter, ReadLanes] | None]
) -> TakeTurn:
    """A turn with any number of counters."""
    runs, tail, required = narrowed.runs, narrowed.tail, [slot for slot, _ in narrowed.required]
    awarded = _awarded(narrowed)

    def take(row: int, taken: Sequence[int]) -> tuple[int, int] | None:
        slots, adds = [*taken[:width]], []
        for each in counters:
            if each is None:
                slots += _NO_LANES
            else:
                counter, read = each
                lanes = counter.at(row)
                adds.append((lanes, read))
                slots += lanes
        slots += tail
        for run in runs:
            run(slots)
        if not all(slots[slot] for slot in required):
            return None
        for lanes, read in adds:
            reduction, points, activity, count = read(slots)
            lanes[0] += reduction
            lanes[1] += points
            lanes[2] += activity
            lanes[3] += count
        return awarded(slots)

    return take


def _awarded(narrowed: Narrowed) -> Callable[[Sequence[int]], tuple[int, int]]:
    """What reads reduction and points from the slots; what is always zero stands in none."""
    reduction, points = narrowed.reduction, narrowed.points
    if reduction is not None and points is not None:
        return itemgetter(reduction, points)
    return lambda slots: (
        0 if reduction is None else slots[reduction],
        0 if points is None else slots[points],
    )
