"""The counters that grow while the rows of a batch take their turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from credit_rules.counters import COUNTER_LIMIT, LANES, Used
from credit_rules.vectorised.columns import ColumnsRefused
from credit_rules.written import Bound

_NO_LANES = (0,) * len(LANES)


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

    def bound(self) -> Bound:
        """What a written turn takes of it."""
        return Bound(self.group, self.lanes, self.begun)

    def forget(self, *, sure: bool) -> None:
        """Let go of all lanes; they only grew, so that now is the time to look at their range.

        Args:
            sure: they cannot be out of it.
        """
        if not sure and max(chain(*self.lanes.values()), default=0) > COUNTER_LIMIT:
            raise ColumnsRefused("inputs", None, "累计量超出 62 位整数，请核对计数器。")
        self.lanes.clear()
