"""Runs over processes: the same result however many there are, over one and the same history."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.db.engine import make_engine
from backend.db.snapshot import snapshot
from backend.rulebook.service import released_digests
from backend.simulation.policy import Simulation
from backend.simulation.processes import HistoryProcessError, Spread, every_core
from backend.simulation.replaying import ReplayDifference, replay_history
from backend.simulation.service import simulate
from credit_rules import Draft, load_draft
from tests.builders.actions import an_action
from tests.builders.city import City, a_city
from tests.builders.drafts import a_stricter_drop_off
from tests.conftest import NOW

KINDS = (
    ("recycling.drop_off", {"material": "paper", "mass": "13"}),
    ("recycling.drop_off", {"material": "glass", "mass": "1.5"}),
    ("culture.museum_visit", {"venue": "museum"}),
)
FIRST, LAST = date(2026, 11, 1), date(2026, 12, 31)
ACTIONS = 36


@pytest.fixture
def city(backend: Backend) -> City:
    """Twelve members with three actions each."""
    city = a_city(backend)
    for number in range(ACTIONS):
        kind, facts = KINDS[number // 12]
        log(city, number % 12, kind, facts, days=number % 5)
    return city


@pytest.fixture
def draft(backend: Backend, tmp_path: Path) -> Draft:
    return load_draft(a_stricter_drop_off(tmp_path / "draft"), backend.rulebook)


def log(city: City, member: int, kind: str, facts: dict[str, str], *, days: int) -> None:
    with city.backend.engine.begin() as db:
        an_action(
            db,
            rulebook=city.backend.rulebook,
            member_id=city.scene.members[member],
            kind=kind,
            facts=facts,
            at=NOW + timedelta(days=days),
        )


def simulated(city: City, draft: Draft, spread: Spread) -> tuple[Simulation, list[int]]:
    told: list[int] = []
    with snapshot(city.backend.engine) as db:
        found = simulate(db, draft, first=FIRST, last=LAST, tell=told.append, spread=spread)
    return found, told


def replayed(city: City, spread: Spread) -> tuple[int, list[ReplayDifference]]:
    with snapshot(city.backend.engine) as db:
        parts = list(
            replay_history(db, city.backend.rulebook, rulebooks=released_digests(db), spread=spread)
        )
    differences = [difference for part in parts for difference in part.differences]
    return sum(part.actions for part in parts), differences


def test_three_processes_come_to_what_one_comes_to(city: City, draft: Draft, database: str) -> None:
    one, three = (Spread(database, processes, actions=5) for processes in (1, 3))
    alone, told = simulated(city, draft, one)
    assert simulated(city, draft, three) == (alone, told)
    assert (alone.total.actions, alone.total.refused, sum(told)) == (ACTIONS, 12, ACTIONS)
    assert len(told) > 3
    assert replayed(city, one) == (ACTIONS, [])
    owner = make_engine(database, owner=True)
    with owner.begin() as db:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("UPDATE action SET points_mpt = points_mpt + 1 WHERE id % 7 = 0"))
    owner.dispose()
    count, differences = replayed(city, one)
    assert replayed(city, three) == (count, differences)
    assert sorted(each.action_id for each in differences) == [7, 14, 21, 28, 35]


def test_every_process_sees_what_the_starter_sees(city: City, draft: Draft, database: str) -> None:
    spread = Spread(database, 2, actions=5)
    with snapshot(city.backend.engine) as db:
        assert db.execute(text("SELECT count(*) FROM action")).scalar_one() == ACTIONS
        log(city, 3, *KINDS[0], days=6)
        found = simulate(db, draft, first=FIRST, last=LAST, tell=lambda _: None, spread=spread)
    assert found.total.actions == ACTIONS


def test_a_process_that_ends_early_ends_the_run(
    city: City, capfd: pytest.CaptureFixture[str]
) -> None:
    nowhere = Spread("postgresql://nobody@127.0.0.1:9/none", 2, actions=5)
    with pytest.raises(HistoryProcessError, match="重新运行"):
        replayed(city, nowhere)
    assert "connection failed" in capfd.readouterr().err


def test_a_run_takes_every_core(database: str) -> None:
    spread = every_core(database)
    assert spread.database_url == database
    assert spread.processes >= 1
