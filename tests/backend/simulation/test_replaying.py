"""The whole history recomputed: clean as it was written, and every change to it named."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.actions.queries import Recorded
from backend.rulebook.service import register, released_digests
from backend.simulation.replaying import ReplayDifference, ReplayFault, replay_history
from credit_rules import Rulebook, load_rulebook
from tests.builders.actions import an_action
from tests.builders.scene import a_scene
from tests.conftest import NOW

KINDS = (
    ("recycling.drop_off", {"material": "paper", "mass": "3.2"}),
    ("recycling.drop_off", {"material": "glass", "mass": "1.5"}),
    ("culture.museum_visit", {"venue": "museum"}),
    ("recycling.drop_off", {"material": "mixed", "mass": "9"}),
)
TAMPERED = {
    "action SET points_mpt = points_mpt + 1": [ReplayFault.POINTS],
    "action SET reduction_mg = reduction_mg - 1": [ReplayFault.REDUCTION],
    "action SET ranked = NOT ranked": [ReplayFault.RANKED],
    """action SET facts = facts || jsonb '{"mass": "1.51"}'""": [
        ReplayFault.REDUCTION,
        ReplayFault.POINTS,
        ReplayFault.TRACE_DIGEST,
    ],
    """action SET facts = facts || jsonb '{"mass": "-1"}'""": [ReplayFault.FACTS_REFUSED],
    "action SET context = '{}'": [ReplayFault.CONTEXT_UNREADABLE],
    """action SET context = '{"used": 1}'""": [ReplayFault.CONTEXT_UNREADABLE],
    "action SET methodology_digest = '00'": [ReplayFault.METHODOLOGY_DIGEST],
    "action SET rulebook_digest = '00'": [ReplayFault.RULEBOOK_DIGEST],
    "action SET methodology_version = 7": [ReplayFault.VERSION_MISSING],
    "action SET occurred_on = '2025-12-31'": [ReplayFault.NOT_IN_FORCE],
    "entry SET trace_digest = '00'": [ReplayFault.TRACE_DIGEST],
    "entry SET kind = 'correction'": [ReplayFault.AWARD_MISSING],
}


@pytest.fixture
def db(breakable_db: Connection) -> Connection:
    return breakable_db


@pytest.fixture(scope="module")
def rulebook() -> Rulebook:
    return load_rulebook()


@pytest.fixture
def actions(db: Connection, rulebook: Rulebook) -> list[Recorded]:
    """Two members, four actions each, on four days."""
    register(db, rulebook)
    scene = a_scene(db, NOW)
    return [
        an_action(
            db,
            rulebook=rulebook,
            member_id=member_id,
            kind=kind,
            facts=facts,
            at=NOW + timedelta(days=number),
        ).action
        for number, (kind, facts) in enumerate(KINDS)
        for member_id in scene.members[:2]
    ]


def differences(db: Connection, rulebook: Rulebook) -> list[ReplayDifference]:
    parts = replay_history(db, rulebook, rulebooks=released_digests(db))
    return [difference for part in parts for difference in part.differences]


def tamper(db: Connection, change: str, action: Recorded) -> None:
    """Changes one row as only a superuser can, past the triggers."""
    db.execute(text("SET LOCAL ROLE NONE"))
    db.execute(text("SET LOCAL session_replication_role = replica"))
    key = "id" if change.startswith("action") else "action_id"
    assert db.exec_driver_sql(f"UPDATE {change} WHERE {key} = {action.id}").rowcount == 1
    db.execute(text("SET LOCAL ROLE tanpuhui_web"))


def test_every_award_comes_out_again(
    db: Connection, rulebook: Rulebook, actions: list[Recorded]
) -> None:
    released = released_digests(db)
    parts = list(replay_history(db, rulebook, rulebooks=released))
    assert sum(part.actions for part in parts) == len(actions) == 8
    assert not any(part.differences for part in parts)
    since = replay_history(db, rulebook, rulebooks=released, since=date(2026, 11, 20))
    assert sum(part.actions for part in since) == 4


@pytest.mark.parametrize("change", TAMPERED)
def test_a_tampered_row_is_named(
    db: Connection, rulebook: Rulebook, actions: list[Recorded], change: str
) -> None:
    tamper(db, change, actions[2])
    (difference,) = differences(db, rulebook)
    assert difference.action_id == actions[2].id
    assert [finding.fault for finding in difference.findings] == TAMPERED[change]


def test_a_rulebook_that_lost_a_version_is_named(
    db: Connection, rulebook: Rulebook, actions: list[Recorded]
) -> None:
    lost = {kind: line for kind, line in rulebook.versions.items() if kind != actions[4].kind}
    found = differences(db, replace(rulebook, versions=lost))
    assert [difference.action_id for difference in found] == [actions[4].id, actions[5].id]
    assert {difference.methodology for difference in found} == {"culture.museum_visit@1"}
    assert {finding.fault for each in found for finding in each.findings} == {
        ReplayFault.VERSION_MISSING
    }
