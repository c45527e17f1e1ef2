"""Sixteen who record at once until a budget is used up: it is spent to its end and never over."""

import threading
from datetime import timedelta
from decimal import Decimal

from backend.actions.claims import ClaimInput
from backend.actions.service import record
from backend.bootstrap import Backend
from backend.campaigns.service import enrol
from backend.ledger.budgets import budget_left
from tests.builders.books import assert_sound
from tests.builders.campaigns import a_campaign
from tests.builders.scene import Scene, a_scene
from tests.conftest import PATIENCE_SECONDS

WRITERS = 16
BUDGET_MPT = 100_000
DAYS = 4


def a_joined_campaign(backend: Backend) -> tuple[Scene, int]:
    """Two points a day, and two as a bonus: the budget pays for fifty of sixty-four."""
    now = backend.clock.now()
    begun = now - timedelta(days=5)
    with backend.engine.begin() as db:
        scene = a_scene(db, now, members=WRITERS)
        campaign = a_campaign(
            db,
            scene.institution_id,
            begun,
            kinds=("stairs.climb",),
            multiplier=Decimal(2),
            budget_mpt=BUDGET_MPT,
        )
        for member in scene.members:
            enrol(db, campaign, member_id=member, institution_id=None, now=begun)
    return scene, campaign


def climb(backend: Backend, member_id: int, number: int) -> int:
    """The bonus of one climb, `number` days ago."""
    now = backend.clock.now()
    claim = ClaimInput(
        member_id=member_id,
        reference=f"climb-{member_id:06d}-{number}",
        kind="stairs.climb",
        occurred_at=now - timedelta(days=number),
        facts={"floors": "8"},
    )
    with backend.engine.begin() as db:
        receipt = record(db, backend.rulebook, backend.keys, claim, now=now)
    return receipt.assessment.bonus_mpt


def test_sixteen_writers_spend_a_budget_to_its_end_and_not_beyond(backend: Backend) -> None:
    scene, campaign = a_joined_campaign(backend)
    bonuses: list[int] = []
    errors: list[Exception] = []
    barrier = threading.Barrier(WRITERS)

    def work(member_id: int) -> None:
        barrier.wait(PATIENCE_SECONDS)
        try:
            bonuses.extend(climb(backend, member_id, number) for number in range(DAYS))
        except Exception as error:  # noqa: BLE001 -- told by the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(member,)) for member in scene.members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert errors == []
    assert len(bonuses) == WRITERS * DAYS
    assert sum(bonuses) == BUDGET_MPT
    with backend.engine.begin() as db:
        assert budget_left(db, campaign_id=campaign) == 0
        assert_sound(db, backend.rulebook)
