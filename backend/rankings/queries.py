"""The sums of a season in PostgreSQL: the truth behind the boards in Redis."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.errors import NotFoundError
from backend.rankings.index import DIGITS, SeasonParameters, band_of
from backend.rankings.policy import MIN_GROUP, Board, Season


@dataclass(frozen=True, slots=True)
class Group:
    """A department, institution or district in one season.

    Attributes:
        id: its id.
        name: what the board shows.
        headcount: people of the season's roster who are counted with it, silent ones included.
        points_mpt: points that count, in milli-points.
        reduction_mg: reductions that count, in mg CO2e.
        actions: how many actions.
        active: people with a ranked action.
        joined: people of departments of fewer than five, or of none, who are counted with it.
        capped: people who earned more than counts.
        index_e10: the size-fair index in units of 1e-10; None for fewer than five people.
        low80_e10: lower end of its 80 % interval.
        high80_e10: upper end.
    """

    id: int
    name: str
    headcount: int
    points_mpt: int
    reduction_mg: int
    actions: int
    active: int = 0
    joined: int = 0
    capped: int = 0
    index_e10: int | None = None
    low80_e10: int | None = None
    high80_e10: int | None = None

    @property
    def index(self) -> Decimal | None:
        """The index."""
        return _figure(self.index_e10)

    @property
    def low80(self) -> Decimal | None:
        """The lower end of its 80 % interval."""
        return _figure(self.low80_e10)

    @property
    def high80(self) -> Decimal | None:
        """The upper end."""
        return _figure(self.high80_e10)

    @property
    def band(self) -> str | None:
        """The band, A to E."""
        return None if self.index is None else band_of(self.index)


def _figure(e10: int | None) -> Decimal | None:
    return None if e10 is None else Decimal(e10).scaleb(-DIGITS)


@dataclass(frozen=True, slots=True)
class GroupSums:
    """What people of a group add up to; roots in units of 1 / `index.ROOT_SCALE`."""

    group_id: int
    people: int
    active: int
    joined: int
    capped: int
    points_mpt: int
    reduction_mg: int
    actions: int
    roots: int
    squares: int


@dataclass(frozen=True, slots=True)
class SeasonRecord:
    """A season as it was opened.

    Attributes:
        cap_mpt: what counts of a person's points, at most.
        provisional: whether there was none before it.
        closed_at: when its result was taken; None while it runs and for some days after.
        digest: SHA-256 over the result, with `closed_at`.
        restated_at: when the result last changed since.
    """

    cap_mpt: int
    provisional: bool
    closed_at: datetime | None
    digest: bytes | None
    restated_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredMeasure:
    """What the index of a board is measured by, and the season it was taken from."""

    parameters: SeasonParameters
    taken_from: str


# The id a board groups people by, and what the group is called.
_GROUPED = {
    Board.DEPARTMENTS: ("d.id", "i.short_name || ' · ' || d.name"),
    Board.INSTITUTIONS: ("i.id", "i.short_name"),
    Board.DISTRICTS: ("r.id", "r.name"),
}
_NAMED = {
    Board.DEPARTMENTS: "(department d JOIN institution i ON i.id = d.institution_id)",
    Board.INSTITUTIONS: "institution i",
    Board.DISTRICTS: "district r",
}
_IDS = bindparam("ids", type_=ARRAY(BigInteger()))
_STATEMENTS = {
    board: text(f"""
        SELECT {group_id} AS id, {name} AS name, g.people, g.points_mpt, g.reduction_mg, g.actions,
               g.active, g.joined, g.capped, g.index_e10, g.low80_e10, g.high80_e10
          FROM season_group g JOIN {_NAMED[board]} ON {group_id} = g.group_id
         WHERE g.season = :season AND g.board = :board
           AND (CAST(:ids AS bigint[]) IS NULL OR g.group_id = ANY(:ids))
         ORDER BY 1
    """).bindparams(_IDS)
    for board, (group_id, name) in _GROUPED.items()
}


def groups(
    db: Connection, *, board: Board, season: Season, ids: Sequence[int] | None = None
) -> list[Group]:
    """The groups of a board in a season, silent ones included, by id.

    Args:
        db: any transaction.
        board: departments, institutions or districts.
        season: the month it covers; none that was not opened has groups.
        ids: these groups only; None for all.
    """
    rows = db.execute(
        _STATEMENTS[board],
        {
            "season": season.name,
            "board": board.value,
            "ids": None if ids is None else list(ids),
        },
    )
    return [Group(*row) for row in rows]


_FROM_MEMBERS = """
SELECT m.{key} AS group_id, count(*) AS people, count(*) FILTER (WHERE m.actions > 0) AS active,
       {joined} AS joined, count(*) FILTER (WHERE m.points_mpt > s.cap_mpt) AS capped,
       sum(m.points_mpt) AS points_mpt, sum(m.reduction_mg) AS reduction_mg,
       sum(m.actions) AS actions, sum(m.root) AS roots, sum(m.root::numeric * m.root) AS squares
  FROM season_member m JOIN ranking_season s ON s.name = m.season
 WHERE m.season = :season AND m.{key} IS NOT NULL
   AND (CAST(:ids AS bigint[]) IS NULL OR m.{key} = ANY(:ids))
 GROUP BY 1 ORDER BY 1
"""
# A district counts its institutions of fewer than five people only if they are five together:
# otherwise its figures less those of the institutions shown would be theirs.
_FROM_INSTITUTIONS = """
WITH within AS (
    SELECT (SELECT m.district_id FROM season_member m
             WHERE m.season = g.season AND m.institution_id = g.group_id LIMIT 1) AS district_id,
           g.*
      FROM season_group g WHERE g.season = :season AND g.board = 'institutions'
), few AS (
    SELECT district_id FROM within WHERE people < :minimum
     GROUP BY 1 HAVING sum(people) < :minimum
)
SELECT district_id AS group_id, sum(people), sum(active), 0, sum(capped), sum(points_mpt),
       sum(reduction_mg), sum(actions), sum(roots), sum(squares)
  FROM within
 WHERE (CAST(:ids AS bigint[]) IS NULL OR district_id = ANY(:ids))
   AND NOT (people < :minimum AND district_id IN (SELECT district_id FROM few))
 GROUP BY 1 ORDER BY 1
"""
_SUMS = {
    Board.DEPARTMENTS: text(
        _FROM_MEMBERS.format(
            key="unit_id",
            joined="count(*) FILTER (WHERE m.department_id IS DISTINCT FROM m.unit_id)",
        )
    ).bindparams(_IDS),
    Board.INSTITUTIONS: text(_FROM_MEMBERS.format(key="institution_id", joined="0")).bindparams(
        _IDS
    ),
    Board.DISTRICTS: text(_FROM_INSTITUTIONS).bindparams(
        _IDS, bindparam("minimum", MIN_GROUP, BigInteger())
    ),
}


def sums_from_members(
    db: Connection, *, board: Board, season: Season, ids: Sequence[int] | None
) -> list[GroupSums]:
    """What the people of each group add up to; districts from the sums of their institutions.

    Args:
        db: any transaction.
        board: departments, institutions or districts.
        season: which one; none that was not opened has any.
        ids: these groups only; None for all.
    """
    rows = db.execute(
        _SUMS[board], {"season": season.name, "ids": None if ids is None else list(ids)}
    )
    return [GroupSums(*(int(figure) for figure in row)) for row in rows]


_RECORD = text("""
SELECT cap_mpt, provisional, closed_at, digest, restated_at FROM ranking_season WHERE name = :season
""")
_MEASURE = text("""
SELECT m.mu, m.sigma2, m.tau2, m.taken_from, s.cap_mpt
  FROM season_measure m JOIN ranking_season s ON s.name = m.season
 WHERE m.season = :season AND m.board = :board
""")
_FIGURES_OF_MEMBERS = text("""
SELECT member_id, points_mpt, reduction_mg, actions FROM season_member WHERE season = :season
""")
_KEPT = text("""
SELECT group_id, people, active, joined, capped, points_mpt, reduction_mg, actions, roots, squares
  FROM season_group WHERE season = :season AND board = :board
   AND (CAST(:group AS bigint) IS NULL OR group_id = :group)
""")
_UNIT = text("""
SELECT unit_id, institution_id, district_id FROM season_member
 WHERE season = :season AND member_id = :member
""")


def find_season(db: Connection, season: Season) -> SeasonRecord | None:
    """The season as it was opened; None where it was not."""
    row = db.execute(_RECORD, {"season": season.name}).first()
    return None if row is None else SeasonRecord(*row)


def season_record(db: Connection, season: Season) -> SeasonRecord:
    """The season as it was opened.

    Raises:
        NotFoundError: it was not.
    """
    found = find_season(db, season)
    if found is None:
        raise NotFoundError(f"{season.name} 没有榜，请选择其他月份。")
    return found


def opened_seasons(db: Connection) -> list[Season]:
    """The seasons that were opened, in order."""
    rows = db.execute(
        text("SELECT name, first_day, last_day FROM ranking_season ORDER BY first_day")
    )
    return [Season(*row) for row in rows]


def figures_of_members(
    db: Connection, season: Season
) -> Iterator[tuple[int, tuple[int, int, int]]]:
    """What is kept of each person of a season: points in mpt, reductions in mg, actions."""
    for member, *figures in db.execute(_FIGURES_OF_MEMBERS, {"season": season.name}):
        yield member, (figures[0], figures[1], figures[2])


def kept_sums(
    db: Connection, *, board: Board, season: Season, group_id: int | None = None
) -> list[GroupSums]:
    """The sums of a board's groups, or of one of them, as they are kept."""
    rows = db.execute(_KEPT, {"season": season.name, "board": board.value, "group": group_id})
    return [GroupSums(*(int(figure) for figure in row)) for row in rows]


def measure_of(db: Connection, *, board: Board, season: Season) -> StoredMeasure | None:
    """What the index of a board is measured by; None where there is nothing to measure."""
    row = db.execute(_MEASURE, {"season": season.name, "board": board.value}).first()
    if row is None:
        return None
    mu, sigma2, tau2, taken_from, cap_mpt = row
    parameters = SeasonParameters(
        Fraction(mu), Fraction(sigma2), Fraction(tau2), Fraction(cap_mpt, 1000)
    )
    return StoredMeasure(parameters, taken_from)


def group_of_member(db: Connection, *, board: Board, season: Season, member_id: int) -> int | None:
    """The group of a board in which a member is counted in a season, if any."""
    row = db.execute(_UNIT, {"season": season.name, "member": member_id}).first()
    return None if row is None else row[list(Board).index(board)]


_ON_A_DAY = text("""
SELECT d.id, i.short_name || ' · ' || d.name, count(m.id)
  FROM department d
  JOIN institution i ON i.id = d.institution_id
  LEFT JOIN membership m ON m.department_id = d.id
       AND m.valid_from <= :day AND (m.valid_until IS NULL OR m.valid_until > :day)
 GROUP BY 1, 2
HAVING count(m.id) > 0 OR NOT EXISTS (SELECT FROM department c WHERE c.parent_id = d.id)
 ORDER BY 1
""")


def departments_on(db: Connection, day: date) -> list[Group]:
    """All departments with their headcount on a day, and no figures, by id."""
    rows = db.execute(_ON_A_DAY, {"day": day})
    return [Group(group_id, name, people, 0, 0, 0) for group_id, name, people in rows]


_BELOW = {
    board: text(f"""
        SELECT DISTINCT {group_id} FROM department d
          JOIN institution i ON i.id = d.institution_id
          JOIN district r ON r.id = i.district_id
         WHERE i.id = ANY(:ids)
    """).bindparams(bindparam("ids", type_=ARRAY(BigInteger())))
    for board, (group_id, _) in _GROUPED.items()
}


def groups_within(
    db: Connection, *, board: Board, institution_ids: Collection[int]
) -> frozenset[int]:
    """Ids of a board's groups that have a department in one of these institutions."""
    return frozenset(db.scalars(_BELOW[board], {"ids": sorted(institution_ids)}))
