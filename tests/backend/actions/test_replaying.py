"""The whole book recomputed: clean as it was written, and every change to it named."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, text

from backend.actions import book
from backend.actions.book import Order
from backend.actions.queries import Recorded
from backend.actions.replaying import Difference, Fault, replay_book
from backend.rulebook.service import register, released_digests
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
    "action SET points_mpt = points_mpt + 1": [Fault.POINTS],
    "action SET reduction_mg = reduction_mg - 1": [Fault.REDUCTION],
    "action SET ranked = NOT ranked": [Fault.RANKED],
    """action SET facts = facts || jsonb '{"mass": "1.51"}'""": [
        Fault.REDUCTION,
        Fault.POINTS,
        Fault.TRACE_DIGEST,
    ],
    """action SET facts = facts || jsonb '{"mass": "-1"}'""": [Fault.FACTS_REFUSED],
    "action SET context = '{}'": [Fault.CONTEXT_UNREADABLE],
    """action SET context = '{"used": 1}'""": [Fault.CONTEXT_UNREADABLE],
    "action SET methodology_digest = '00'": [Fault.METHODOLOGY_DIGEST],
    "action SET rulebook_digest = '00'": [Fault.RULEBOOK_DIGEST],
    "action SET methodology_version = 7": [Fault.VERSION_MISSING],
    "action SET occurred_on = '2025-12-31'": [Fault.NOT_IN_FORCE],
    "entry SET trace_digest = '00'": [Fault.TRACE_DIGEST],
    "entry SET kind = 'correction'": [Fault.AWARD_MISSING],
}


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


def differences(db: Connection, rulebook: Rulebook) -> list[Difference]:
    batches = replay_book(db, rulebook, rulebooks=released_digests(db))
    return [difference for batch in batches for difference in batch.differences]


def tamper(db: Connection, change: str, action: Recorded) -> None:
    """Changes one row as only a superuser can, past the triggers."""
    db.execute(text("SET LOCAL ROLE NONE"))
    db.execute(text("SET LOCAL session_replication_role = replica"))
    key = "id" if change.startswith("action") else "action_id"
    assert db.exec_driver_sql(f"UPDATE {change} WHERE {key} = {action.id}").rowcount == 1
    db.execute(text("SET LOCAL ROLE tanpuhui_app"))


def test_every_award_comes_out_again(
    db: Connection, rulebook: Rulebook, actions: list[Recorded]
) -> None:
    released = released_digests(db)
    batches = list(replay_book(db, rulebook, rulebooks=released))
    assert sum(batch.actions for batch in batches) == len(actions) == 8
    assert not any(batch.differences for batch in batches)
    since = replay_book(db, rulebook, rulebooks=released, since=date(2026, 11, 20))
    assert sum(batch.actions for batch in since) == 4


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
    assert {finding.fault for each in found for finding in each.findings} == {Fault.VERSION_MISSING}


def test_the_book_is_read_in_batches_in_either_order(
    db: Connection, actions: list[Recorded], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "_BATCH", 3)
    posted = list(book.booked(db))
    assert [len(batch) for batch in posted] == [3, 3, 2]
    assert [b.action for batch in posted for b in batch] == actions
    days = [action.occurred_on for action in actions]
    for order in Order:
        batches = list(book.happened(db, since=min(days), until=max(days), order=order))
        assert [len(batch) for batch in batches] == [3, 3, 2]
        expected = [action.id for action in actions]
        if order is Order.BY_MEMBER:
            expected = [a.id for a in sorted(actions, key=lambda a: (a.member_id, a.id))]
        assert [action.id for batch in batches for action in batch] == expected
