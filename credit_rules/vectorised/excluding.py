"""Exclusions over columns: of actions that exclude each other, the first to arrive is credited.

Only members and periods in which two such actions meet are gone through one by one; in a
history these are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import get_args

import numpy as np

from credit_rules.counters import Period
from credit_rules.vectorised.columns import NOWHERE, Columns, Int, Mask
from credit_rules.vectorised.counting import Batch, period_starts
from credit_rules.vectorised.groups import Group

_PERIODS: Mapping[str, Period] = {period: period for period in get_args(Period)}


def excluded(columns: Columns, batch: Batch, groups: Iterable[Group], eligible: Mask) -> Mask:
    """The rows of a batch that another credited action excludes.

    Args:
        columns: the columns, with occasions.
        batch: their layout.
        groups: the groups.
        eligible: the rows on which every condition holds; others exclude nothing.
    """
    result = np.zeros(len(batch), dtype=np.bool_)
    owner = np.full(len(batch), -1, dtype=np.int64)
    present: dict[str, int] = {}
    for group in groups:
        owner[group.rows] = present.setdefault(group.methodology.id, len(present))
    against = _against(groups, present)
    occasions = {
        period: occasion[batch.arrival]
        for period in {period for pairs in against.values() for period, _ in pairs}
        if (occasion := occasion_of(columns, period)) is not None
    }
    contested = np.zeros(len(batch), dtype=np.bool_)
    for period, occasion in occasions.items():
        parties = [me for me, pairs in against.items() if any(p == period for p, _ in pairs)]
        itself = np.array([(period, me) in against.get(me, ()) for me in present.values()])
        party, reach = np.isin(owner, parties), columns.reach.get(period, 0)
        contested |= _contested(batch, owner, party, itself, occasion, reach)
    late = _first_come(columns.reach, batch, owner, contested, occasions, against, eligible)
    result[late] = True
    return result


def _against(
    groups: Iterable[Group], present: Mapping[str, int]
) -> dict[int, set[tuple[str, int]]]:
    """By methodology: the periods and methodologies present that exclude it."""
    found: dict[int, set[tuple[str, int]]] = {}
    for group in groups:
        for exclusion in group.methodology.excludes:
            if exclusion.methodology_id in present:
                pairs = found.setdefault(present[group.methodology.id], set())
                pairs.add((exclusion.period, present[exclusion.methodology_id]))
    return found


def occasion_of(columns: Columns, period: str) -> Int | None:
    """What two rows of a member must share to exclude each other; None where it is not known."""
    if period in _PERIODS:
        return period_starts(_PERIODS[period], columns.day)
    return (columns.occasions or {}).get(period)


def around(occasion: int, reach: int) -> range:
    """The occasions that are one with an occasion; none is one with `NOWHERE`."""
    if occasion == NOWHERE:
        return range(0)
    return range(max(0, occasion - reach), occasion + reach + 1)


def _contested(
    batch: Batch, owner: Int, party: Mask, itself: Mask, occasion: Int, reach: int
) -> Mask:
    """Rows of members and occasions in which more than one methodology of the parties stands.

    Occasions that reach each other are taken together, chains of them too: which of their rows
    exclude each other is found out one by one.

    Args:
        batch: the layout of the rows.
        owner: the methodology of every row.
        party: whether it is one of the parties.
        itself: whether a methodology excludes itself, so that any two rows of it are too many.
        occasion: what two rows of a member must share to exclude each other.
        reach: how far apart two occasions may lie and still be one.
    """
    member = batch.member
    result = np.zeros(len(batch), dtype=np.bool_)
    rows = np.flatnonzero(party & (occasion != NOWHERE))
    if not len(rows):
        return result
    order = rows[np.lexsort((owner[rows], occasion[rows], member[rows]))]
    same = (np.diff(member[order]) == 0) & (np.diff(occasion[order]) <= reach)
    number = np.concatenate(([0], np.cumsum(~same)))
    owners = owner[order]
    mixed = same & ((np.diff(owners) != 0) | itself[owners[1:]])
    result[order] = np.isin(number, number[1:][mixed])
    return result


def _first_come(
    reach: Mapping[str, int],
    batch: Batch,
    owner: Int,
    contested: Mask,
    occasions: Mapping[str, Int],
    against: Mapping[int, set[tuple[str, int]]],
    eligible: Mask,
) -> list[int]:
    """Go through the contested rows in order of arrival and name those that come too late."""
    rows = np.flatnonzero(contested)
    credited: set[tuple[str, int, int, int]] = set()
    late: list[int] = []
    for row in rows[np.argsort(batch.arrival[rows])].tolist():
        me, who = int(owner[row]), int(batch.member[row])
        keys = {period: int(occasion[row]) for period, occasion in occasions.items()}
        if any(
            (period, who, near, other) in credited
            for period, other in against.get(me, ())
            for near in around(keys.get(period, NOWHERE), reach.get(period, 0))
        ):
            late.append(row)
        elif eligible[row]:
            credited.update((period, who, key, me) for period, key in keys.items())
    return late
