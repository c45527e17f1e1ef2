"""Who stands on a season's roster, with which department, and by which measure."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.people.memberships import begin_membership
from backend.people.service import create_member
from backend.rankings import jobs, queries
from backend.rankings.policy import Board, season_named
from backend.rankings.roster import units_of
from tests.builders.city import City, a_city
from tests.builders.drop_offs import drop

OCTOBER, NOVEMBER = season_named("2026-10"), season_named("2026-11")
OCTOBERS_NOON = datetime(2026, 10, 20, 4, tzinfo=UTC)
PARENTS = {1: None, 2: 1, 3: 2, 4: None, 5: 4}


@pytest.mark.parametrize(
    "people,of_department,of_others",
    [
        ({1: 20, 4: 17}, {1: 1, 4: 4}, None),
        # 40 = 20 + 17 + 3 would tell what the three did.
        ({1: 20, 4: 17, 0: 3}, {1: 1, 4: 4}, 4),
        ({1: 20, 4: 3}, {1: 1, 4: 1}, 1),
        ({1: 20, 4: 3, 0: 2}, {1: 1, 4: 4}, None),
        ({1: 20, 2: 4}, {1: 1, 2: 1}, None),
        ({1: 2, 2: 1, 3: 3}, {1: 1, 2: 1, 3: 1}, None),
        ({1: 20, 3: 3}, {1: 1, 3: 1}, None),
        ({4: 2, 5: 2}, {4: 4, 5: 4}, None),
        ({0: 3}, {}, None),
    ],
)
def test_no_figure_speaks_of_one_to_four_people(
    people: Mapping[int, int], of_department: Mapping[int, int], of_others: int | None
) -> None:
    units = units_of({9: people}, PARENTS)
    assert units.of_department == of_department
    assert units.of_others == {9: of_others}


@pytest.fixture
def city(backend: Backend) -> City:
    return a_city(backend)


@pytest.fixture
def log(city: City) -> Callable[..., None]:
    """Logs a drop-off of a member by number at noon, on the twentieth of October or today."""

    def logged(db: Connection, number: int, *, at: datetime | None = None) -> None:
        drop(
            db,
            rulebook=city.backend.rulebook,
            keys=city.backend.keys,
            member_id=city.scene.members[number],
            code=city.scene.attended.url,
            now=at or city.backend.clock.now(),
        )

    return logged


def points(db: Connection) -> dict[int, int]:
    groups = queries.groups(db, board=Board.DEPARTMENTS, season=NOVEMBER)
    return {group.id: group.points_mpt for group in groups}


def people(db: Connection) -> dict[int, int]:
    groups = queries.groups(db, board=Board.DEPARTMENTS, season=NOVEMBER)
    return {group.id: group.headcount for group in groups}


def test_points_go_with_the_person_and_the_roster_stays(
    city: City, log: Callable[..., None]
) -> None:
    first, second = city.scene.departments
    mover, leaver, closed = city.scene.members[:3]
    with city.backend.engine.begin() as db:
        log(db, 6, at=OCTOBERS_NOON)
        jobs.recompute(db, OCTOBER)
        jobs.recompute(db, NOVEMBER)
        assert people(db) == {first: 6, second: 6}
        _move(db, city, mover, second)
        db.execute(
            text("UPDATE membership SET valid_until = '2026-11-10' WHERE member_id = :id"),
            {"id": leaver},
        )
        db.execute(text("UPDATE member SET deactivated_at = now() WHERE id = :id"), {"id": closed})
        _join(db, city, second)
        log(db, 0)
        jobs.rebuild(db)
        assert people(db) == {first: 6, second: 6}
        assert points(db)[first] > 0
        assert points(db)[second] == 0
        assert jobs.season_differences(db) == set()


def test_an_account_closed_before_the_season_is_left_out(
    city: City, log: Callable[..., None]
) -> None:
    first, second = city.scene.departments
    with city.backend.engine.begin() as db:
        log(db, 6, at=OCTOBERS_NOON)
        jobs.recompute(db, OCTOBER)
        db.execute(
            text("UPDATE member SET deactivated_at = '2026-10-31 15:59Z' WHERE id = :id"),
            {"id": city.scene.members[0]},
        )
        jobs.recompute(db, NOVEMBER)
        assert people(db) == {first: 5, second: 6}


def test_the_measure_is_that_of_the_season_before_and_stays(
    city: City, log: Callable[..., None]
) -> None:
    with city.backend.engine.begin() as db:
        log(db, 0, at=OCTOBERS_NOON)
        log(db, 6, at=OCTOBERS_NOON)
        jobs.recompute(db, OCTOBER)
        jobs.recompute(db, NOVEMBER)
        frozen = queries.measure_of(db, board=Board.DEPARTMENTS, season=NOVEMBER)
        own = queries.measure_of(db, board=Board.DEPARTMENTS, season=OCTOBER)
        assert frozen is not None
        assert own is not None
        assert (own.taken_from, frozen.taken_from) == ("2026-10", "2026-10")
        before = {
            g.id: g.index for g in queries.groups(db, board=Board.DEPARTMENTS, season=NOVEMBER)
        }
        log(db, 1)
        log(db, 7, at=datetime(2026, 10, 21, 4, tzinfo=UTC))
        jobs.rebuild(db)
        assert queries.measure_of(db, board=Board.DEPARTMENTS, season=NOVEMBER) == frozen
        after = {
            g.id: g.index for g in queries.groups(db, board=Board.DEPARTMENTS, season=NOVEMBER)
        }
    first, second = city.scene.departments
    assert after[second] == before[second]
    assert (after[first] or 0) > (before[first] or 0)


def test_who_has_no_department_counts_for_the_institution(city: City) -> None:
    with city.backend.engine.begin() as db:
        for _ in range(5):
            _join(db, city, None, since=date(2020, 1, 1))
        jobs.recompute(db, NOVEMBER)
        assert sum(people(db).values()) == 12
        (institution,) = queries.groups(db, board=Board.INSTITUTIONS, season=NOVEMBER)
        assert institution.headcount == 17


def test_figures_that_do_not_follow_from_the_actions_are_found_and_mended(
    city: City, log: Callable[..., None]
) -> None:
    with city.backend.engine.begin() as db:
        log(db, 0)
        jobs.rebuild(db)
        db.execute(text("UPDATE season_member SET points_mpt = points_mpt + 1"))
        assert len(jobs.season_differences(db)) == 12
        assert jobs.group_differences(db)
        jobs.rebuild(db)
        assert (jobs.season_differences(db), jobs.group_differences(db)) == (set(), set())


def _move(db: Connection, city: City, member_id: int, department_id: int) -> None:
    db.execute(
        text("UPDATE membership SET valid_until = '2026-11-05' WHERE member_id = :id"),
        {"id": member_id},
    )
    _belong(db, city, member_id, department_id, date(2026, 11, 5))


def _join(
    db: Connection, city: City, department_id: int | None, since: date = date(2026, 11, 5)
) -> None:
    now = city.backend.clock.now()
    member = create_member(db, display_name="新人", now=now)
    _belong(db, city, member, department_id, since)


def _belong(
    db: Connection, city: City, member_id: int, department_id: int | None, since: date
) -> None:
    begin_membership(
        db,
        member_id=member_id,
        institution_id=city.scene.institution_id,
        department_id=department_id,
        valid_from=since,
        now=city.backend.clock.now(),
    )
