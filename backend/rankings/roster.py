"""The roster of a season: who stands on it, and with which department each is counted.

A person stands where they belonged on the season's first day, silent or not; who joins later counts
from the next season on, who leaves or moves stays where they stood. An account closed before the
season is left out. The first season of all has no day before it on which rosters could have been
entered: it is joined by everybody who belongs somewhere at any time of its month.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger

from backend.clock import SHANGHAI
from backend.rankings.policy import MIN_GROUP, Season

_ENLIST = text("""
INSERT INTO season_member (season, member_id, district_id, institution_id, department_id)
SELECT DISTINCT ON (m.member_id)
       :season, m.member_id, i.district_id, m.institution_id, m.department_id
  FROM membership m
  JOIN member p ON p.id = m.member_id
  JOIN institution i ON i.id = m.institution_id
 WHERE m.valid_from <= :latest AND (m.valid_until IS NULL OR m.valid_until > :first)
   AND (p.deactivated_at IS NULL OR p.deactivated_at >= :begins)
   AND (p.erased_at IS NULL OR p.erased_at >= :begins)
   AND NOT EXISTS (SELECT FROM season_member s
                    WHERE s.season = :season AND s.member_id = m.member_id)
 ORDER BY m.member_id, m.valid_from
ON CONFLICT DO NOTHING
""")
_PEOPLE = text("""
SELECT institution_id, coalesce(department_id, 0), count(*)
  FROM season_member WHERE season = :season GROUP BY 1, 2
""")
_PARENTS = text("SELECT id, parent_id FROM department")
_ASSIGN = text("""
UPDATE season_member m SET unit_id = t.unit_id
  FROM unnest(CAST(:departments AS bigint[]), CAST(:units AS bigint[])) AS t(department_id, unit_id)
 WHERE m.season = :season AND m.department_id = t.department_id
   AND m.unit_id IS DISTINCT FROM t.unit_id
""").bindparams(
    bindparam("departments", type_=ARRAY(BigInteger())),
    bindparam("units", type_=ARRAY(BigInteger())),
)
_ASSIGN_OTHERS = text("""
UPDATE season_member m SET unit_id = t.unit_id
  FROM unnest(CAST(:institutions AS bigint[]), CAST(:units AS bigint[]))
       AS t(institution_id, unit_id)
 WHERE m.season = :season AND m.department_id IS NULL AND m.institution_id = t.institution_id
   AND m.unit_id IS DISTINCT FROM t.unit_id
""").bindparams(
    bindparam("institutions", type_=ARRAY(BigInteger())),
    bindparam("units", type_=ARRAY(BigInteger())),
)


@dataclass(slots=True)
class Units:
    """With which department people are counted.

    Attributes:
        of_department: by the department they stand in.
        of_others: by institution, those without a department; None where they have no unit.
    """

    of_department: dict[int, int] = field(default_factory=dict)
    of_others: dict[int, int | None] = field(default_factory=dict)


def enlist(db: Connection, season: Season, *, whole_month: bool) -> int:
    """Puts on the roster who belongs there and is not on it; returns how many.

    Args:
        db: the caller's transaction, which holds the lock of the roll-ups.
        season: whose roster.
        whole_month: whoever belongs somewhere at any time of the month, instead of on its first
            day.
    """
    added = db.execute(
        _ENLIST,
        {
            "season": season.name,
            "first": season.first,
            "latest": season.last if whole_month else season.first,
            "begins": datetime.combine(season.first, time(), SHANGHAI),
        },
    ).rowcount
    if added:
        _assign(db, season)
    return added


def _assign(db: Connection, season: Season) -> None:
    people: dict[int, dict[int, int]] = {}
    for institution, department, count in db.execute(_PEOPLE, {"season": season.name}):
        people.setdefault(institution, {})[department] = count
    parents = {row.id: row.parent_id for row in db.execute(_PARENTS)}
    units = units_of(people, parents)
    db.execute(
        _ASSIGN,
        {
            "season": season.name,
            "departments": list(units.of_department),
            "units": list(units.of_department.values()),
        },
    )
    db.execute(
        _ASSIGN_OTHERS,
        {
            "season": season.name,
            "institutions": list(units.of_others),
            "units": list(units.of_others.values()),
        },
    )


def units_of(people: Mapping[int, Mapping[int, int]], parents: Mapping[int, int | None]) -> Units:
    """With which department everybody is counted, so that no figure speaks of fewer than five.

    A department of fewer than five joins the one above it. Those who are left over in an
    institution, because there is none above or because they have no department, stay out of the
    departments' board if they are five or more; fewer join the institution's smallest department:
    otherwise they would be what its figures leave of the institution's.

    Args:
        people: by institution and department, how many stand there; 0 is no department.
        parents: the department above each.
    """
    units = Units()
    for institution, here in people.items():
        _units_within(institution, here, parents, units)
    return units


def _units_within(
    institution: int, here: Mapping[int, int], parents: Mapping[int, int | None], units: Units
) -> None:
    sizes = {department: count for department, count in here.items() if department}
    into = {department: department for department in sizes}
    for department in sorted(sizes, key=lambda each: (-_depth(each, parents), each)):
        _join_upwards(department, parents, sizes, into)
    large = [each for each, size in sizes.items() if size >= MIN_GROUP]
    small = [each for each, size in sizes.items() if 0 < size < MIN_GROUP]
    left_over = sum(sizes[each] for each in small) + here.get(0, 0)
    refuge = min(large, key=lambda each: (sizes[each], each), default=None)
    joins = refuge is not None and 0 < left_over < MIN_GROUP
    for department in here:
        if department:
            unit = _end_of(department, into)
            units.of_department[department] = refuge if joins and unit in small and refuge else unit
    units.of_others[institution] = refuge if joins else None


def _join_upwards(
    department: int,
    parents: Mapping[int, int | None],
    sizes: dict[int, int],
    into: dict[int, int],
) -> None:
    """Joins a small department to the nearest one above it where people stand, if there is one."""
    above = parents.get(department)
    if not 0 < sizes[department] < MIN_GROUP or above is None:
        return
    while above not in sizes and (higher := parents.get(above)) is not None:
        above = higher
    if above not in sizes:
        return
    sizes[above] += sizes[department]
    sizes[department] = 0
    into[department] = above


def _depth(department: int, parents: Mapping[int, int | None]) -> int:
    depth, above = 0, parents.get(department)
    while above is not None:
        depth, above = depth + 1, parents.get(above)
    return depth


def _end_of(department: int, into: Mapping[int, int]) -> int:
    while into[department] != department:
        department = into[department]
    return department
