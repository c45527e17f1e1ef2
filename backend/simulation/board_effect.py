"""What draft rules would do to the board of departments."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from backend.rankings import queries
from backend.rankings.policy import MIN_GROUP, BoardMeasure
from backend.rankings.queries import Group
from backend.rankings.service import ranked
from backend.simulation.policy import Sums


@dataclass(frozen=True, slots=True)
class DepartmentEffect:
    """A department on the board, as credited and under the draft.

    Attributes:
        id: the department.
        name: what the board shows.
        headcount: its members on the last day.
        rank_before: its rank by points per head as credited; equal scores share one.
        rank_after: the same under the draft.
        sums: what counts in rankings.
    """

    id: int
    name: str
    headcount: int
    rank_before: int
    rank_after: int
    sums: Sums


@dataclass(frozen=True, slots=True)
class BoardEffect:
    """The board of departments under a draft.

    Attributes:
        departments: those that are shown, by their rank as credited.
        merged: how many have fewer than `policy.MIN_GROUP` members.
        merged_sums: what those earned together; None where all of them have fewer.
    """

    departments: tuple[DepartmentEffect, ...]
    merged: int
    merged_sums: Sums | None


def board_effect(db: Connection, sums: Mapping[int, Sums], *, day: date) -> BoardEffect:
    """Ranks all departments by points per head, as credited and under the draft.

    Args:
        db: any transaction.
        sums: by department, what its actions of these days earned and would earn.
        day: the Asia/Shanghai day on which heads are counted.
    """
    groups = queries.departments_on(db, day)
    shown = [group for group in groups if group.headcount >= MIN_GROUP]
    before = _ranks(shown, {key: each.points_before_mpt for key, each in sums.items()})
    after = _ranks(shown, {key: each.points_after_mpt for key, each in sums.items()})
    departments = [
        DepartmentEffect(
            group.id,
            group.name,
            group.headcount,
            before[group.id],
            after[group.id],
            sums.get(group.id, Sums()),
        )
        for group in shown
    ]
    departments.sort(key=lambda department: (department.rank_before, department.id))
    return BoardEffect(tuple(departments), len(groups) - len(shown), _together(groups, sums))


def _together(groups: list[Group], sums: Mapping[int, Sums]) -> Sums | None:
    """What the departments earned that are too small to be shown."""
    small = [group for group in groups if group.headcount < MIN_GROUP]
    if sum(group.headcount for group in small) < MIN_GROUP:
        return None
    together = Sums()
    for group in small:
        together.join(sums.get(group.id, Sums()))
    return together


def _ranks(groups: list[Group], points_mpt: Mapping[int, int]) -> dict[int, int]:
    scored = [replace(group, points_mpt=points_mpt.get(group.id, 0)) for group in groups]
    return {place.group.id: place.rank for place in ranked(scored, BoardMeasure.PER_HEAD)}
