"""What a campaign adds to actions: to whom, when, from its budget, and the same in every replay."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, text

from backend.actions.queries import action_of, actions_by_id
from backend.actions.reassessment import AssessmentInputs, ReassessmentTask, reassess_days
from backend.actions.replaying import reassess
from backend.campaign_desk.queries import report_of
from backend.campaigns import service
from backend.corrections.reviews import Decision, reverse
from backend.ledger.budgets import budget_left
from backend.ledger.service import post_award
from tests.backend.ledger.test_budgets import an_award
from tests.builders.books import assert_sound
from tests.builders.campaigns import CITY, a_campaign
from tests.builders.claims import NOW, RULEBOOK, Log, log_for
from tests.builders.scene import Scene, a_scene

PLATE = "dining.clean_plate"


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Log:
    return log_for(db, scene)


def join(db: Connection, campaign: int, member: int, **changed: object) -> None:
    said: dict[str, object] = {"institution_id": None, "now": NOW - timedelta(hours=2)} | changed
    service.enrol(db, campaign, member_id=member, **said)  # type: ignore[arg-type]  # a test's own keywords


def test_who_joined_gets_the_bonus_and_the_book_pays_it_from_the_budget(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3))
    join(db, campaign, scene.members[0])
    plain = log(PLATE, {}, member=1).assessment
    boosted = log(PLATE, {}, member=0)
    assert (plain.bonus_mpt, boosted.assessment.points_mpt) == (0, plain.points_mpt)
    assert boosted.assessment.bonus_mpt == plain.points_mpt // 2 > 0
    assert "光盘行动周" in "".join(boosted.assessment.trace.sentences())
    assert budget_left(db, campaign_id=campaign) == 1_000_000 - boosted.assessment.bonus_mpt
    report = report_of(db, campaign, now=NOW)
    assert (report.participants, report.actions) == (1, 1)
    assert report.bonus_mpt == report.campaign.spent_mpt == boosted.assessment.bonus_mpt
    held = db.scalar(
        text("SELECT sum(amount) FROM balance WHERE member_id = :m AND kind = 'member_points'"),
        {"m": scene.members[0]},
    )
    assert held == boosted.assessment.points_mpt + boosted.assessment.bonus_mpt


def test_a_boosted_award_replays_to_the_trace_that_the_book_holds(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3))
    join(db, campaign, scene.members[0])
    action = log(PLATE, {}).action.id
    digest = db.scalar(text("SELECT trace_digest FROM entry WHERE action_id = :a"), {"a": action})
    again = reassess(RULEBOOK, actions_by_id(db, [action])[action])
    assert bytes.fromhex(again.trace.digest()) == digest
    assert again.bonus_mpt > 0


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": NOW + timedelta(days=1), "ends_at": NOW + timedelta(days=2)},
        {"ends_at": NOW - timedelta(hours=1, seconds=0)},
        {"kinds": ("stairs.climb",)},
    ],
    ids=["not-begun", "ended-at-that-instant", "another-kind"],
)
def test_an_action_outside_a_campaign_gets_no_bonus(
    db: Connection, scene: Scene, log: Log, change: dict[str, object]
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3), **change)
    join(db, campaign, scene.members[0])
    assert log(PLATE, {}).assessment.bonus_mpt == 0


def test_an_action_from_before_joining_gets_no_bonus(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3))
    join(db, campaign, scene.members[0], now=NOW)
    assert log(PLATE, {}).assessment.bonus_mpt == 0


def test_a_late_upload_counts_in_the_campaign_of_its_own_instant(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(
        db, scene.institution_id, NOW - timedelta(hours=3), ends_at=NOW + timedelta(hours=1)
    )
    join(db, campaign, scene.members[0])
    late = log(PLATE, {}, now=NOW + timedelta(days=2))
    assert late.assessment.bonus_mpt > 0


def test_a_campaign_cut_short_pays_what_was_done_before(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3))
    join(db, campaign, scene.members[0])
    join(db, campaign, scene.members[1])
    service.end(
        db,
        campaign,
        scope=CITY,
        actor_id=scene.members[5],
        reason="场地停用",
        now=NOW - timedelta(minutes=90),
    )
    at = NOW - timedelta(hours=1, minutes=45)
    assert log(PLATE, {}, occurred_at=at).assessment.bonus_mpt > 0
    assert log(PLATE, {}, member=1).assessment.bonus_mpt == 0


def test_of_two_campaigns_the_one_that_pays_most_and_still_can_pays(
    db: Connection, scene: Scene, log: Log
) -> None:
    begun = NOW - timedelta(hours=3)
    small = a_campaign(db, scene.institution_id, begun, multiplier=Decimal("1.1"))
    large = a_campaign(db, scene.institution_id, begun, multiplier=Decimal(2))
    for campaign in (small, large):
        join(db, campaign, scene.members[0])
    assert log(PLATE, {}).assessment.bonus_mpt > 0
    assert budget_left(db, campaign_id=small) == 1_000_000
    assert budget_left(db, campaign_id=large) < 1_000_000
    rest = budget_left(db, campaign_id=large)
    post_award(db, an_award(scene.members[2], bonus_mpt=rest, campaign_id=large))
    tomorrow = NOW + timedelta(days=1)
    later = log(PLATE, {}, now=tomorrow, occurred_at=tomorrow - timedelta(hours=1))
    assert later.assessment.bonus_mpt > 0
    assert budget_left(db, campaign_id=small) < 1_000_000


def test_a_reversed_action_gives_its_bonus_back_to_the_budget(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(db, scene.institution_id, NOW - timedelta(hours=3))
    join(db, campaign, scene.members[0])
    action = log(PLATE, {}).action.id
    assert budget_left(db, campaign_id=campaign) < 1_000_000
    reverse(db, RULEBOOK, Decision(action, CITY, scene.members[10], "重复", NOW))
    assert budget_left(db, campaign_id=campaign) == 1_000_000
    report = report_of(db, campaign, now=NOW)
    assert (report.actions, report.bonus_mpt, report.campaign.spent_mpt) == (0, 0, 0)


def test_what_is_assessed_again_after_a_reversal_keeps_the_bonus_it_was_given(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(
        db, scene.institution_id, NOW - timedelta(hours=3), kinds=("stairs.climb",)
    )
    join(db, campaign, scene.members[0])
    first = log("stairs.climb", {"floors": "8"})
    second = log("stairs.climb", {"floors": "9"}, occurred_at=NOW - timedelta(minutes=30))
    spent = 1_000_000 - budget_left(db, campaign_id=campaign)
    assert spent == first.assessment.bonus_mpt + second.assessment.bonus_mpt > 0
    reverse(db, RULEBOOK, Decision(first.action.id, CITY, scene.members[10], "重复", NOW))
    recorded = action_of(db, member_id=scene.members[0], action_id=second.action.id)
    assert recorded is not None
    again = reassess(RULEBOOK, recorded)
    assert again.bonus_mpt == second.assessment.bonus_mpt
    assert budget_left(db, campaign_id=campaign) == 1_000_000 - again.bonus_mpt
    assert_sound(db, RULEBOOK)


def test_a_bonus_that_shrinks_with_its_action_goes_back_into_the_budget(
    db: Connection, scene: Scene, log: Log
) -> None:
    campaign = a_campaign(
        db, scene.institution_id, NOW - timedelta(hours=3), kinds=("stairs.climb",)
    )
    member = scene.members[0]
    join(db, campaign, member)
    receipt = log("stairs.climb", {"floors": "8"})
    stairs = RULEBOOK.methodology("stairs.climb", receipt.action.occurred_on)
    fewer = AssessmentInputs(stairs, "T0", receipt.action.channel, {"floors": "2"})
    day = receipt.action.occurred_on
    task = ReassessmentTask(member, day, day, basis=lambda _action: fewer)
    reassess_days(db, RULEBOOK, task, today=day, actor_id=None)
    recorded = action_of(db, member_id=member, action_id=receipt.action.id)
    assert recorded is not None
    again = reassess(RULEBOOK, recorded)
    assert 0 < again.bonus_mpt < receipt.assessment.bonus_mpt
    assert budget_left(db, campaign_id=campaign) == 1_000_000 - again.bonus_mpt
    assert_sound(db, RULEBOOK)
