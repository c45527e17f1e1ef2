"""Columns in and columns out, and what is refused about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from credit_rules.methodology import Methodology

Int = NDArray[np.int64]
Mask = NDArray[np.bool_]
Column = Int | int
"""A column of integers, or the one integer that all rows share."""

NOWHERE: Final = -1
"""In the column of places: the action names none; in a column of occasions: it belongs to none."""


class NotVectorisable(Exception):  # noqa: N818 - the name says what happened
    """A methodology, or a set of them, can only be assessed one action after the other."""

    code = "not_vectorisable"


class ColumnsRefused(ValueError):  # noqa: N818 - the name says what happened
    """A column holds what the engine would refuse; nothing was assessed.

    Attributes:
        column: name of the column.
        row: first offending row, counted from 0; None where the whole column is wrong.
    """

    code = "columns_refused"

    def __init__(self, column: str, row: int | None, sentence: str) -> None:
        self.column, self.row = column, row
        where = f"第 {row} 行" if row is not None else "整列"
        super().__init__(f"列“{column}”{where}：{sentence}")


class Status(IntEnum):
    """What became of a row."""

    CREDITED = 0
    NOT_ELIGIBLE = 1
    """A condition of the methodology does not hold."""
    EXCLUDED = 2
    """Another methodology was credited for the same trip, meal or period."""


@dataclass(frozen=True, slots=True)
class Boosts:
    """Campaign multipliers, each campaign paying from its own budget in the order of the rows.

    Args:
        hundredths: the multiplier times 100; 0 where the row belongs to no campaign.
        campaign: index of the campaign; ignored where there is no multiplier.
        budgets_mpt: what is left of each campaign's budget before the first row.
    """

    hundredths: Int
    campaign: Int
    budgets_mpt: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Actions as columns of equal length, rows in the order in which they arrived.

    Args:
        methodologies: the methodologies the rows refer to, one entry per version.
        methodology: index into `methodologies`.
        day: the day of the action in Asia/Shanghai, as `date.toordinal()`.
        member: whose member counters it uses.
        tier: index of the tier in the evidence table of the methodology.
        inputs: the first, second … input of the row's methodology as its reader gives it: steps of
            a quantity, index of a choice. Columns beyond its inputs are ignored.
        place: whose place counters it uses; `NOWHERE` for none. None where no row names a place.
        occasions: what makes two actions exclude each other within a ``trip`` or ``meal``: a number
            per occasion of a member, `NOWHERE` for none. Days and longer periods follow from `day`.
            None: every row has passed the exclusions, and none is checked.
        reach: how far apart the numbers of two occasions may lie and still be one, by name; 0 for
            what is not named. A trip known by the half hour in which it begins reaches 1.
        boosts: campaign multipliers; None for none.
        as_of: the day whose factors apply, where it is another than `day`: a draft judges also days
            before its first. None: the day of the action.
    """

    methodologies: tuple[Methodology, ...]
    methodology: Int
    day: Int
    member: Int
    tier: Int
    inputs: tuple[Int, ...]
    place: Int | None = None
    occasions: Mapping[str, Int] | None = None
    reach: Mapping[str, int] = field(default_factory=dict)
    boosts: Boosts | None = None
    as_of: Int | None = None

    def __len__(self) -> int:
        return len(self.methodology)

    def taken(self, rows: Int) -> Columns:
        """Some rows, in this order, without what members share: places and campaigns."""
        return replace(
            self,
            methodology=self.methodology[rows],
            day=self.day[rows],
            member=self.member[rows],
            tier=self.tier[rows],
            inputs=tuple(column[rows] for column in self.inputs),
            place=None,
            occasions=self.occasions
            and {name: column[rows] for name, column in self.occasions.items()},
            boosts=None,
            as_of=None if self.as_of is None else self.as_of[rows],
        )


@dataclass(frozen=True, slots=True)
class Awards:
    """What the rows earn, in their order.

    Args:
        reduction_mg: reduction in mg of CO2e.
        points_mpt: points in milli-points, without the bonus.
        bonus_mpt: what campaigns add, in milli-points.
        ranked: whether the tier of evidence counts in rankings.
        status: a `Status` per row; whatever is not credited earns nothing and is not ranked.
    """

    reduction_mg: Int
    points_mpt: Int
    bonus_mpt: Int
    ranked: Mask
    status: Int

    def taken(self, rows: Int) -> Awards:
        """Some rows, in this order."""
        return Awards(
            self.reduction_mg[rows],
            self.points_mpt[rows],
            self.bonus_mpt[rows],
            self.ranked[rows],
            self.status[rows],
        )

    @classmethod
    def none(cls) -> Awards:
        """The awards of no rows."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, empty != 0, empty)


def check_lengths(columns: Columns) -> None:
    """Refuse columns of different lengths or of another type than int64.

    Raises:
        ColumnsRefused: naming the column.
    """
    named: dict[str, Int | None] = {
        "methodology": columns.methodology,
        "day": columns.day,
        "member": columns.member,
        "tier": columns.tier,
        "place": columns.place,
        "as_of": columns.as_of,
        **{f"inputs[{index}]": column for index, column in enumerate(columns.inputs)},
        **{f"occasions.{name}": column for name, column in (columns.occasions or {}).items()},
    }
    if columns.boosts is not None:
        named |= {
            "boosts.hundredths": columns.boosts.hundredths,
            "boosts.campaign": columns.boosts.campaign,
        }
    for name, column in named.items():
        if column is not None:
            check_length(name, column, len(columns))


def check_length(name: str, column: Int, rows: int) -> None:
    """Refuse a column of another length than the rows or of another type than int64.

    Raises:
        ColumnsRefused: naming the column.
    """
    if column.shape != (rows,) or column.dtype != np.int64:
        raise ColumnsRefused(name, None, "须是与其他列等长的 int64 一维数组，请重新生成。")


def refuse_where(bad: Mask, column: str, rows: Int, sentence: str) -> None:
    """Refuse a column at the first row that is bad.

    Args:
        bad: which entries are bad.
        column: name of the column.
        rows: the row of every entry.
        sentence: what is wrong, a Chinese sentence.

    Raises:
        ColumnsRefused: at least one is bad.
    """
    if bad.any():
        raise ColumnsRefused(column, int(rows[bad].min()), sentence)
