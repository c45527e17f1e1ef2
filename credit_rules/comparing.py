"""What changes from one set of awards to another, by person, department, day and kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap
from typing import NamedTuple

import numpy as np

from credit_rules.history import Credits, History
from credit_rules.vectorised.columns import Int


class Totals(NamedTuple):
    """Sums of awards: mg of CO2e, milli-points, milli-points of bonus."""

    reduction_mg: int
    points_mpt: int
    bonus_mpt: int


class Change(NamedTuple):
    """What a person, department, day or kind was awarded, and what it would be.

    Args:
        actions: how many actions.
        differing: how many of them are awarded otherwise.
        old: the sums before.
        new: the sums after.
    """

    actions: int
    differing: int
    old: Totals
    new: Totals

    @property
    def points_mpt(self) -> int:
        """By how much points change, the bonus included."""
        new, old = self.new, self.old
        return new.points_mpt + new.bonus_mpt - old.points_mpt - old.bonus_mpt

    @property
    def reduction_mg(self) -> int:
        """By how much the reduction changes."""
        return self.new.reduction_mg - self.old.reduction_mg


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Changes by person, department, day or kind, as columns over the rising `key`."""

    key: Int
    actions: Int
    differing: Int
    old: Credits
    new: Credits

    def __len__(self) -> int:
        return len(self.key)

    def items(self) -> Iterator[tuple[int, Change]]:
        """Every key with its change."""
        return zip(self.key.tolist(), starmap(_change, self._rows()), strict=True)

    def __getitem__(self, key: int) -> Change:
        at = int(np.searchsorted(self.key, key))
        if at == len(self.key) or self.key[at] != key:
            raise KeyError(key)
        return self._at(at)

    def gains_mpt(self) -> Int:
        """By how much the points of each key change, the bonus included."""
        return self.new.points_mpt + self.new.bonus_mpt - self.old.points_mpt - self.old.bonus_mpt

    def winners(self, most: int) -> list[tuple[int, Change]]:
        """Those whose points grow most, greatest first; equal ones by key."""
        return self._extreme(-self.gains_mpt(), most)

    def losers(self, most: int) -> list[tuple[int, Change]]:
        """Those whose points shrink most, greatest first; equal ones by key."""
        return self._extreme(self.gains_mpt(), most)

    def deciles(self) -> list[Change]:
        """The changes of ten groups of keys as equal as can be, from fewest old points to most."""
        order = np.argsort(self.old.points_mpt + self.old.bonus_mpt, kind="stable")
        return [self.total(part) for part in np.array_split(order, 10)]

    def total(self, part: Int) -> Change:
        """The changes of some positions together."""
        return _change(*(int(column[part].sum()) for column in self._columns()))

    def _extreme(self, gains: Int, most: int) -> list[tuple[int, Change]]:
        order = np.argsort(gains, kind="stable")[:most]
        return [(int(self.key[at]), self._at(at)) for at in order if gains[at] < 0]

    def _columns(self) -> tuple[Int, ...]:
        old, new = self.old, self.new
        return (
            self.actions, self.differing,
            old.reduction_mg, old.points_mpt, old.bonus_mpt,
            new.reduction_mg, new.points_mpt, new.bonus_mpt,
        )  # fmt: skip

    def _rows(self) -> Iterator[tuple[int, ...]]:
        return zip(*(column.tolist() for column in self._columns()), strict=True)

    def _at(self, at: int) -> Change:
        return _change(*(int(column[at]) for column in self._columns()))


def _change(*row: int) -> Change:
    actions, differing, *amounts = row
    return Change(actions, differing, Totals(*amounts[:3]), Totals(*amounts[3:]))


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one set of awards to another.

    Args:
        total: over everything.
        by_person: by member id.
        by_department: by department id.
        by_day: by `date.toordinal()`.
        by_kind: by index into the kinds of the history.
    """

    total: Change
    by_person: Breakdown
    by_department: Breakdown
    by_day: Breakdown
    by_kind: Breakdown


def diff(history: History, old: Credits, new: Credits) -> Difference:
    """Compare two sets of awards for the same history.

    Args:
        history: whose actions, when, and of which kind.
        old: awards before, such as ``history.awarded``.
        new: awards after, such as `resettle` gives.
    """
    whole = _breakdown(np.zeros_like(history.day), old, new)
    return Difference(
        total=whole.total(np.arange(len(whole))),
        by_person=_breakdown(history.member, old, new),
        by_department=_breakdown(history.department, old, new),
        by_day=_breakdown(history.day, old, new),
        by_kind=_breakdown(history.kind, old, new),
    )


def _breakdown(key: Int, old: Credits, new: Credits) -> Breakdown:
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    begins = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))
    differs = (
        (old.reduction_mg != new.reduction_mg)
        | (old.points_mpt != new.points_mpt)
        | (old.bonus_mpt != new.bonus_mpt)
    ).astype(np.int64)

    def summed(column: Int) -> Int:
        return np.add.reduceat(column[order], begins) if len(begins) else column[:0]

    def credited(credits_: Credits) -> Credits:
        return Credits(
            summed(credits_.reduction_mg), summed(credits_.points_mpt), summed(credits_.bonus_mpt)
        )

    return Breakdown(
        key=ordered[begins],
        actions=summed(np.ones_like(key)),
        differing=summed(differs),
        old=credited(old),
        new=credited(new),
    )
