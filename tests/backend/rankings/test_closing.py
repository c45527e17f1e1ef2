"""A closed season keeps its result; what changes it later is told."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from backend import worker
from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.rankings import closing, jobs, queries
from backend.rankings.policy import season_named
from tests.builders.city import City, a_city
from tests.builders.drop_offs import drop

OCTOBER = season_named("2026-10")
FOURTH = datetime(2026, 11, 3, 16, 0, tzinfo=UTC)


@pytest.fixture
def city(backend: Backend, clock: FixedClock) -> City:
    """Two members dropped off in October; it is the 4th of November."""
    city = a_city(backend)
    for number in (0, 6):
        _log(city, number)
    clock.instant = FOURTH
    return city


def _log(city: City, number: int) -> None:
    backend = city.backend
    with backend.engine.begin() as db:
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=city.scene.members[number],
            code=city.scene.attended.url,
            now=datetime(2026, 10, 20, 4, tzinfo=UTC),
        )
        jobs.rebuild(db)


def _close(backend: Backend, now: datetime) -> list[str]:
    with backend.engine.begin() as db:
        return [season.name for season in closing.close_due(db, now=now)]


def test_a_season_is_closed_once_on_the_fourth_day(city: City) -> None:
    assert _close(city.backend, datetime(2026, 11, 3, 15, 59, tzinfo=UTC)) == []
    assert _close(city.backend, FOURTH) == ["2026-10"]
    assert _close(city.backend, FOURTH) == []
    with city.backend.engine.begin() as db:
        record = queries.season_record(db, OCTOBER)
        assert record.closed_at == FOURTH
        jobs.rebuild(db)
        assert closing.restate(db, [OCTOBER], now=FOURTH) == []
        assert queries.season_record(db, OCTOBER) == record


def test_a_late_award_restates_the_season_when_it_reaches_it(city: City) -> None:
    _close(city.backend, FOURTH)
    with city.backend.engine.begin() as db:
        db.execute(text("UPDATE outbox SET done_at = now()"))
        before = queries.season_record(db, OCTOBER)
        drop(
            db,
            rulebook=city.backend.rulebook,
            keys=city.backend.keys,
            member_id=city.scene.members[1],
            code=city.scene.attended.url,
            now=datetime(2026, 10, 30, 4, tzinfo=UTC),
        )
        ids = list(db.scalars(text("SELECT id FROM outbox WHERE done_at IS NULL")))
    worker.serve(city.backend)
    worker.perform("award.posted", ids)
    with city.backend.engine.begin() as db:
        after = queries.season_record(db, OCTOBER)
        assert (after.closed_at, after.restated_at) == (before.closed_at, FOURTH)
        assert after.digest != before.digest
        assert closing.differences(db) == []


def test_a_result_that_was_changed_by_hand_is_found(city: City) -> None:
    _close(city.backend, FOURTH)
    with city.backend.engine.begin() as db:
        db.execute(text("UPDATE season_group SET index_e10 = index_e10 + 1"))
        assert closing.differences(db) == [OCTOBER]
