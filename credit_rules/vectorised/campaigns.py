"""Bonuses over columns: a daily limit per member, and budgets paid out in order of arrival."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from credit_rules.counters import COUNTER_LIMIT, NANO_PER_MILLI, CapSpec
from credit_rules.methodology import Methodology
from credit_rules.vectorised.columns import Boosts, ColumnsRefused, Int, Mask, refuse_where
from credit_rules.vectorised.counting import Batch
from credit_rules.vectorised.groups import Group
from credit_rules.vectorised.operations import fits

CENTS_OF_A_MILLI = NANO_PER_MILLI // 100
"""Counter units per hundredth of a milli-point: multipliers come in hundredths."""
UsedBefore = Callable[[CapSpec, list[Int], list[Int]], list[Int]]
"""What was used of a counter before each row: its limit, the rows and what they add, in parts."""


def bonuses(
    batch: Batch, groups: Iterable[Group], boosts: Boosts, points: Int, used_before: UsedBefore
) -> Int:
    """What campaigns add to each row of a batch.

    Args:
        batch: the layout of the rows.
        groups: the rows credited.
        boosts: multipliers and budgets, in order of arrival.
        points: points of every row of the batch, without the bonus.
        used_before: the counters of bonuses.

    Raises:
        ColumnsRefused: a multiplier or campaign is refused.
    """
    check_campaigns(boosts)
    hundredths = boosts.hundredths[batch.arrival]
    bonus = np.zeros_like(points)
    by_cap: dict[str, tuple[CapSpec, list[Int]]] = {}
    for group in groups:
        rows = group.rows[hundredths[group.rows] != 0]
        if len(rows):
            spec = bonus_cap(group.methodology, hundredths[rows], batch.arrival[rows])
            by_cap.setdefault(spec.key, (spec, []))[1].append(rows)
    for spec, parts in by_cap.values():
        claims = [_claimed(points[rows], hundredths[rows]) for rows in parts]
        used = used_before(spec, parts, claims)
        for rows, before, claim in zip(parts, used, claims, strict=True):
            start = np.minimum(before, spec.limit_nano) // NANO_PER_MILLI
            bonus[rows] = np.minimum(before + claim, spec.limit_nano) // NANO_PER_MILLI - start
    _pay(batch, boosts, hundredths != 0, bonus)
    return bonus


def _claimed(points: Int, hundredths: Int) -> Int:
    fits(int(points.max()) * CENTS_OF_A_MILLI * int(hundredths.max()))
    return points * CENTS_OF_A_MILLI * (hundredths - 100)


def _pay(batch: Batch, boosts: Boosts, boosted: Mask, bonus: Int) -> None:
    """Each campaign pays until its budget is used up, in order of arrival."""
    campaign = boosts.campaign[batch.arrival]
    for index, budget in enumerate(boosts.budgets_mpt):
        rows = np.flatnonzero(boosted & (campaign == index))
        if len(rows):
            rows = rows[np.argsort(batch.arrival[rows])]
            fits(int(bonus[rows].max()) * len(rows))
            bonus[rows] = np.diff(np.minimum(np.cumsum(bonus[rows]), budget), prepend=0)


def bonus_cap(methodology: Methodology, hundredths: Int, arrival: Int) -> CapSpec:
    """The limit of a methodology's bonus.

    Args:
        methodology: the methodology of some rows.
        hundredths: their multipliers times 100.
        arrival: the rows.

    Raises:
        ColumnsRefused: it allows no bonus, or not so much.
    """
    spec = methodology.bonus_cap
    if methodology.bonus is None or spec is None:
        sentence = f"“{methodology.id}”不参加活动加成。"
        raise ColumnsRefused("boosts.hundredths", int(arrival.min()), sentence)
    highest = int(methodology.bonus.maximum * 100)
    bad = (hundredths <= 100) | (hundredths > highest)
    refuse_where(bad, "boosts.hundredths", arrival, f"倍数须大于 1、不超过 {highest}/100。")
    return spec


def check_campaigns(boosts: Boosts) -> None:
    """Refuse a row that names a campaign without a budget, and a budget that can be none.

    Raises:
        ColumnsRefused: there is one.
    """
    if not all(0 <= budget <= COUNTER_LIMIT for budget in boosts.budgets_mpt):
        sentence = "活动剩余预算超出范围，请核对活动预算。"
        raise ColumnsRefused("boosts.budgets_mpt", None, sentence)
    campaign = boosts.campaign
    bad = (boosts.hundredths != 0) & ((campaign < 0) | (campaign >= len(boosts.budgets_mpt)))
    refuse_where(bad, "boosts.campaign", np.arange(len(bad)), "没有这个活动。")
