"""Leaderboard computed from the roll-ups in PostgreSQL: the truth behind the boards in Redis."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.rankings.policy import Board, Season


@dataclass(frozen=True, slots=True)
class Group:
    """A department, institution or district in one season.

    Attributes:
        id: its id.
        name: what the board shows.
        headcount: members on the last day of the season, or today while it runs.
        points_mpt: points that count, in milli-points.
        reduction_mg: reductions that count, in mg CO2e.
        actions: how many actions.
    """

    id: int
    name: str
    headcount: int
    points_mpt: int
    reduction_mg: int
    actions: int


# Which id of a membership a board groups by, and what the group is called.
_GROUPED = {
    Board.DEPARTMENTS: (
        "d.id",
        "i.short_name || ' · ' || d.name",
        "NOT EXISTS (SELECT FROM department c WHERE c.parent_id = d.id) OR h.people > 0",
    ),
    Board.INSTITUTIONS: ("i.id", "i.short_name", "true"),
    Board.DISTRICTS: ("r.id", "r.name", "true"),
}


def _statement(board: Board) -> str:
    group_id, name, shown = _GROUPED[board]
    return f"""
    SELECT {group_id} AS id, {name} AS name,
           coalesce(sum(h.people), 0)::bigint AS headcount,
           coalesce(sum(t.points_mpt), 0)::bigint AS points_mpt,
           coalesce(sum(t.reduction_mg), 0)::bigint AS reduction_mg,
           coalesce(sum(t.actions), 0)::bigint AS actions
      FROM department d
      JOIN institution i ON i.id = d.institution_id
      JOIN district r ON r.id = i.district_id
      LEFT JOIN (SELECT department_id, count(*) AS people FROM membership
                  WHERE valid_from <= :day AND (valid_until IS NULL OR valid_until > :day)
                  GROUP BY department_id) h ON h.department_id = d.id
      LEFT JOIN (SELECT department_id, sum(points_mpt) AS points_mpt,
                        sum(reduction_mg) AS reduction_mg, sum(actions) AS actions
                   FROM department_day WHERE day BETWEEN :first AND :last
                  GROUP BY department_id) t ON t.department_id = d.id
     WHERE ({shown}) AND (CAST(:ids AS bigint[]) IS NULL OR {group_id} = ANY(:ids))
     GROUP BY 1, 2 ORDER BY 1
    """


_STATEMENTS = {
    board: text(_statement(board)).bindparams(bindparam("ids", type_=ARRAY(BigInteger())))
    for board in Board
}


def groups(
    db: Connection, *, board: Board, season: Season, today: date, ids: Sequence[int] | None = None
) -> list[Group]:
    """The groups of a board in a season, silent ones included, by id.

    Args:
        db: any transaction.
        board: departments, institutions or districts.
        season: the months it covers.
        today: the headcount is that of this day, or of the season's last day if that is past.
        ids: these groups only; None for all.
    """
    rows = db.execute(
        _STATEMENTS[board],
        {
            "first": season.first,
            "last": season.last,
            "day": min(today, season.last),
            "ids": None if ids is None else list(ids),
        },
    )
    return [Group(*row) for row in rows]


_GROUPS_OF = text("""
SELECT d.id, i.id, i.district_id FROM department d JOIN institution i ON i.id = d.institution_id
 WHERE d.id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(BigInteger())))


def groups_of(db: Connection, department_ids: Sequence[int]) -> dict[Board, list[int]]:
    """By board, the ids of the groups that these departments belong to."""
    rows = db.execute(_GROUPS_OF, {"ids": list(department_ids)}).all()
    return {board: sorted({row[column] for row in rows}) for column, board in enumerate(Board)}


_BELOW = {
    board: text(f"""
        SELECT DISTINCT {group_id} FROM department d
          JOIN institution i ON i.id = d.institution_id
          JOIN district r ON r.id = i.district_id
         WHERE i.id = ANY(:ids)
    """).bindparams(bindparam("ids", type_=ARRAY(BigInteger())))
    for board, (group_id, _, _) in _GROUPED.items()
}


def groups_within(
    db: Connection, *, board: Board, institution_ids: Collection[int]
) -> frozenset[int]:
    """Ids of a board's groups that have a department in one of these institutions."""
    return frozenset(db.scalars(_BELOW[board], {"ids": sorted(institution_ids)}))
