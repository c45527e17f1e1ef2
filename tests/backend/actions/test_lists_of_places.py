"""Lists of what happened at places read a page, however long the history behind it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.actions.queries import Reach, actions_at_places
from backend.clock import business_day
from backend.organisations.queries import Scope
from backend.ports.keys import KeyRing
from credit_rules import load_rulebook
from tests.builders.drop_offs import drop
from tests.builders.scene import Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TODAY = business_day(NOW)
HISTORY = 20_000
_READ = text("""
SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'action'
""")
# As the days went by: the rows of a day lie together.
_PAST = text("""
INSERT INTO action (member_id, reference, kind, occurred_at, occurred_on, received_at, place_id,
                    institution_id, tier, channel, ranked, facts, context, methodology_id,
                    methodology_version, methodology_digest, rulebook_digest, reduction_mg,
                    points_mpt)
SELECT member_id, 'past-' || n, kind, occurred_at - back, occurred_on - 1 - (:count - n) / 200,
       received_at - back, :place, institution_id, tier, channel, ranked, facts, context,
       methodology_id, methodology_version, methodology_digest, rulebook_digest, reduction_mg,
       points_mpt
  FROM (SELECT * FROM action ORDER BY id LIMIT 1) AS a, generate_series(1, :count) AS n,
       LATERAL (SELECT (1 + (:count - n) / 200) * interval '1 day' AS back) AS b
""")


@pytest.fixture
def db(breakable_db: Connection) -> Connection:
    return breakable_db


@pytest.fixture
def scene(db: Connection) -> Scene:
    """A day's drop-off before a long history, and none of today after it."""
    built = a_scene(db, NOW)
    _drop(db, built, NOW - timedelta(days=2))
    db.execute(text("SET LOCAL ROLE NONE"))
    db.execute(_PAST, {"count": HISTORY, "place": built.attended.place.id})
    db.execute(text("ANALYZE action, place"))
    db.execute(text("SET LOCAL ROLE tanpuhui_web"))
    return built


def _drop(db: Connection, scene: Scene, at: datetime) -> int:
    return drop(
        db,
        rulebook=load_rulebook(),
        keys=KeyRing("a secret of the tests, 32 characters"),
        member_id=scene.members[0],
        code=scene.attended.url,
        now=at,
    ).action.id


def _listed(db: Connection, reach: Reach, **wanted: object) -> tuple[list[int], int]:
    """What is listed, and how many rows of actions were read for it."""
    before = db.scalar(_READ) or 0
    found = actions_at_places(db, reach=reach, limit=20, **wanted)  # type: ignore[arg-type]  # of the list
    return [each.action.id for each in found], (db.scalar(_READ) or 0) - before


def test_an_attendants_list_reads_today_alone(db: Connection, scene: Scene) -> None:
    duty = Scope(institution_ids=frozenset({scene.institution_id}))
    reach = Reach(scope=Scope(), duty=duty, today=TODAY)
    listed, read = _listed(db, reach)
    assert listed == []
    assert read < HISTORY / 20
    first = _drop(db, scene, NOW)
    listed, read = _listed(db, reach)
    assert listed == [first]
    assert read < HISTORY / 20


def test_an_administrators_list_reads_a_page_of_each_place(db: Connection, scene: Scene) -> None:
    own = Scope(institution_ids=frozenset({scene.institution_id}))
    reach = Reach(scope=own, duty=Scope(), today=TODAY)
    listed, read = _listed(db, reach)
    assert len(listed) == 20
    assert listed == sorted(listed, reverse=True)
    assert read < HISTORY / 20
    below, _ = _listed(db, reach, before_id=listed[-1])
    assert max(below) == listed[-1] - 1


@pytest.mark.usefixtures("scene")
def test_a_days_list_reads_that_day(db: Connection) -> None:
    whole = Reach(scope=Scope(everything=True), duty=Scope(), today=TODAY)
    day = TODAY - timedelta(days=40)
    listed, read = _listed(db, whole, on=day)
    assert len(listed) == 20
    assert read < HISTORY / 4
