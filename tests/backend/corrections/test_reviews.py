"""Held awards count nowhere until posted, wrong ones are taken back once, nobody goes below 0."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from backend.actions.models import ActionStatus, HoldOutcome
from backend.actions.queries import Reach, total_at_places
from backend.actions.receipts import Receipt, receipt_of
from backend.actions.refusals import EvidenceUsedError
from backend.actions.totals import department_day_totals
from backend.clock import business_day
from backend.corrections.queries import held_awards
from backend.corrections.reviews import AlreadyDecidedError, Decision, resolve, reverse, time_out
from backend.errors import ForbiddenError, NotFoundError
from backend.ledger.queries import balance_of, statement_of
from backend.ledger.spending import Gift, donate
from backend.organisations.queries import Scope
from backend.places.models import Datum
from backend.places.policy import Position
from backend.ports.keys import KeyRing
from credit_rules import load_rulebook
from tests.builders.books import assert_sound
from tests.builders.drop_offs import drop
from tests.builders.scene import LATITUDE, LONGITUDE, Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
TODAY = business_day(NOW)
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
CITY = Scope(everything=True)


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


def _drop(
    db: Connection, scene: Scene, mass: str, *, minutes: int = 0, material: str = "paper"
) -> Receipt:
    return drop(
        db,
        rulebook=RULEBOOK,
        keys=KEYS,
        member_id=scene.members[0],
        code=scene.attended.url,
        now=NOW,
        occurred_at=NOW - timedelta(minutes=minutes),
        material=material,
        mass=mass,
    )


def _decision(scene: Scene, receipt: Receipt, *, actor: int = 1) -> Decision:
    return Decision(receipt.action.id, CITY, scene.members[actor], "核对过磅记录", NOW)


def _held(db: Connection, scene: Scene) -> tuple[int, int]:
    balance = balance_of(db, member_id=scene.members[0])
    return balance.reduction_mg, balance.points_mpt


def _now(db: Connection, receipt: Receipt) -> Receipt:
    return receipt_of(db, RULEBOOK, member_id=receipt.action.member_id, action_id=receipt.action.id)


def test_a_held_award_counts_nowhere_and_keeps_its_room(db: Connection, scene: Scene) -> None:
    held = _drop(db, scene, "31")
    assert held.action.status is ActionStatus.HELD
    assert held.assessment.points_mpt > 0
    assert _held(db, scene) == (0, 0)
    assert statement_of(db, member_id=scene.members[0], before_id=None, limit=9) == []
    assert department_day_totals(db) == []
    reach = Reach(CITY, Scope(), TODAY)
    assert total_at_places(db, reach=reach, on=TODAY).points_mpt == 0
    later = _drop(db, scene, "31", minutes=1, material="glass")
    together = held.assessment.points_mpt + later.assessment.points_mpt
    assert together <= 30_000
    assert_sound(db, RULEBOOK)


def test_a_held_award_is_posted_once(db: Connection, scene: Scene) -> None:
    held = _drop(db, scene, "31")
    resolve(db, RULEBOOK, _decision(scene, held), outcome=HoldOutcome.POSTED)
    assert _held(db, scene) == (held.assessment.reduction_mg, held.assessment.points_mpt)
    assert _now(db, held).action.status is ActionStatus.CREDITED
    for outcome in (HoldOutcome.POSTED, HoldOutcome.VOIDED):
        with pytest.raises(AlreadyDecidedError):
            resolve(db, RULEBOOK, _decision(scene, held), outcome=outcome)
    assert [total.actions for total in department_day_totals(db)] == [1]
    assert_sound(db, RULEBOOK)


def test_a_voided_award_gives_its_room_to_the_days_other_actions(
    db: Connection, scene: Scene
) -> None:
    alone = _drop(db, scene, "2").assessment
    held = _drop(db, scene, "31", minutes=1)
    after = _drop(db, scene, "2", minutes=2, material="glass")
    settled = resolve(db, RULEBOOK, _decision(scene, held), outcome=HoldOutcome.VOIDED)
    assert [difference.action.id for difference in settled.differences] == [after.action.id]
    assert _now(db, held).action.status is ActionStatus.VOIDED
    now = _now(db, after).assessment
    assert now.points_mpt > after.assessment.points_mpt
    assert _held(db, scene) == (
        alone.reduction_mg + now.reduction_mg,
        alone.points_mpt + now.points_mpt,
    )
    assert_sound(db, RULEBOOK)


def test_nobody_decides_within_72_hours_and_the_award_lapses(db: Connection, scene: Scene) -> None:
    held = _drop(db, scene, "31")
    almost = NOW + timedelta(hours=72) - timedelta(seconds=1)
    assert time_out(db, RULEBOOK, now=almost, limit=10) == 0
    assert time_out(db, RULEBOOK, now=almost + timedelta(seconds=1), limit=10) == 1
    assert time_out(db, RULEBOOK, now=almost + timedelta(seconds=1), limit=10) == 0
    assert _now(db, held).action.status is ActionStatus.TIMED_OUT
    with pytest.raises(AlreadyDecidedError):
        resolve(db, RULEBOOK, _decision(scene, held), outcome=HoldOutcome.POSTED)
    assert_sound(db, RULEBOOK)


def test_what_is_held_is_listed_within_the_scope(db: Connection, scene: Scene) -> None:
    held = _drop(db, scene, "31")
    elsewhere = Scope(institution_ids=frozenset({scene.institution_id + 1}))
    inside = Scope(institution_ids=frozenset({scene.institution_id}))
    (listed,) = held_awards(db, scope=inside, limit=10)
    assert (listed.action.id, listed.place_name) == (held.action.id, "一号楼投放点")
    assert listed.times_out_at == NOW + timedelta(hours=72)
    assert held_awards(db, scope=elsewhere, limit=10) == []
    outside = replace(_decision(scene, held), scope=elsewhere)
    with pytest.raises(NotFoundError):
        resolve(db, RULEBOOK, outside, outcome=HoldOutcome.POSTED)
    with pytest.raises(NotFoundError):
        reverse(db, RULEBOOK, outside)


def test_nobody_decides_about_their_own(db: Connection, scene: Scene) -> None:
    held = _drop(db, scene, "31")
    with pytest.raises(ForbiddenError):
        resolve(db, RULEBOOK, _decision(scene, held, actor=0), outcome=HoldOutcome.POSTED)


def test_a_reversal_leaves_the_day_as_if_it_had_not_happened(db: Connection, scene: Scene) -> None:
    first = _drop(db, scene, "3")
    second = _drop(db, scene, "4", minutes=1, material="glass")
    third = _drop(db, scene, "0.5", minutes=2, material="battery")
    reversal = reverse(db, RULEBOOK, _decision(scene, first))
    assert (reversal.written_off.reduction_mg, reversal.written_off.points_mpt) == (0, 0)
    assert _now(db, first).action.status is ActionStatus.REVERSED
    assert _now(db, first).action.reason == "核对过磅记录"
    left = [_now(db, each).assessment for each in (second, third)]
    assert _held(db, scene) == (
        sum(each.reduction_mg for each in left),
        sum(each.points_mpt for each in left),
    )
    with pytest.raises(AlreadyDecidedError):
        reverse(db, RULEBOOK, _decision(scene, first))
    assert_sound(db, RULEBOOK)
    day = _held(db, scene)
    other = [
        drop(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[2],
            code=scene.attended.url,
            now=NOW,
            material=material,
            mass=mass,
        ).assessment
        for material, mass in (("glass", "4"), ("battery", "0.5"))
    ]
    assert day == (sum(a.reduction_mg for a in other), sum(a.points_mpt for a in other))


def test_what_was_spent_is_written_off_and_shown(db: Connection, scene: Scene) -> None:
    dropped = _drop(db, scene, "3")
    earned = dropped.assessment.points_mpt
    _give_away(db, scene.members[0], points_mpt=earned - 1_000)
    reversal = reverse(db, RULEBOOK, _decision(scene, dropped))
    assert reversal.written_off.points_mpt == earned - 1_000
    assert _held(db, scene) == (0, 0)
    lines = statement_of(db, member_id=scene.members[0], before_id=None, limit=9)
    assert [(line.kind, line.points_mpt) for line in lines] == [
        ("reversal", -earned),
        ("correction", earned - 1_000),
        ("donation", 1_000 - earned),
        ("award", earned),
    ]
    assert_sound(db, RULEBOOK)


def _give_away(db: Connection, member_id: int, *, points_mpt: int) -> None:
    """Donates points."""
    gift = Gift("trees", "mpt", points_mpt)
    donate(
        db,
        member_id=member_id,
        reference="gift-0001",
        digest=b"",
        gift=gift,
        on=TODAY,
        actor_id=None,
    )


def test_better_evidence_of_the_same_act_posts_the_difference_once(
    db: Connection, scene: Scene
) -> None:
    def log(reference: str, position: Position | None) -> Receipt:
        return drop(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[0],
            code=scene.located.url,
            now=NOW,
            reference=reference,
            mass="2",
            position=position,
        )

    there = Position(LATITUDE, LONGITUDE, accuracy_m=10, datum=Datum.GCJ02)
    stated = log("stated-0001", None)
    proven = log("proven-0001", there)
    assert (stated.action.tier, proven.action.tier) == ("T0", "T1")
    assert proven.action.id == stated.action.id
    assert proven.first
    assert proven.assessment.reduction_mg > stated.assessment.reduction_mg == 0
    assert _held(db, scene) == (proven.assessment.reduction_mg, proven.assessment.points_mpt)
    kinds = [e.kind for e in statement_of(db, member_id=scene.members[0], before_id=None, limit=9)]
    assert kinds == ["correction", "award"]
    assert [total.actions for total in department_day_totals(db)] == [1]
    for reference, position in (("stated-0001", None), ("proven-0001", there)):
        again = log(reference, position)
        assert (again.first, again.assessment.points_mpt) == (False, proven.assessment.points_mpt)
    with pytest.raises(EvidenceUsedError):
        log("proven-0002", there)
    assert_sound(db, RULEBOOK)


def test_an_upgraded_award_is_reversed_as_a_whole(db: Connection, scene: Scene) -> None:
    there = Position(LATITUDE, LONGITUDE, accuracy_m=10, datum=Datum.GCJ02)
    _, upgraded = (
        drop(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[0],
            code=scene.located.url,
            now=NOW,
            position=position,
        )
        for position in (None, there)
    )
    reverse(db, RULEBOOK, _decision(scene, upgraded))
    assert _held(db, scene) == (0, 0)
    kinds = [e.kind for e in statement_of(db, member_id=scene.members[0], before_id=None, limit=9)]
    assert kinds == ["reversal", "reversal", "correction", "award"]
    assert_sound(db, RULEBOOK)
