"""A campaign gives what it was granted, from any slot, and not a milli-point more."""

import itertools
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection, text

from backend.ledger.budgets import budget_left, fund_campaign
from backend.ledger.queries import balance_of, drifting_balances
from backend.ledger.service import Award, Outcome, post_award
from tests.builders.points import a_member_of_number

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 18)
_NUMBERS = itertools.count()


def an_award(member_id: int, *, bonus_mpt: int = 0, campaign_id: int | None = None) -> Award:
    return Award(
        member_id=member_id,
        reference=f"budget-{next(_NUMBERS):06d}",
        request_digest=b"x" * 32,
        kind="recycling.drop_off",
        occurred_at=NOW,
        occurred_on=DAY,
        received_at=NOW,
        department_id=None,
        institution_id=None,
        district_id=None,
        place_id=None,
        tier="T2",
        channel="rotating_code",
        ranked=True,
        facts="{}",
        context="{}",
        methodology_id="recycling.drop_off",
        methodology_version=1,
        methodology_digest=b"x" * 32,
        rulebook_digest=b"x" * 32,
        trace_digest=b"x" * 32,
        reduction_mg=1_000,
        points_mpt=2_000,
        caps=(),
        used={},
        added={},
        evidence=(),
        usage_limits=(),
        campaign_id=campaign_id,
        bonus_mpt=bonus_mpt,
    )


def _slots(db: Connection, campaign_id: int) -> list[int]:
    return list(
        db.scalars(
            text("SELECT amount FROM balance WHERE campaign_id = :id ORDER BY account_id"),
            {"id": campaign_id},
        )
    )


def test_a_grant_is_spread_over_sixteen_slots(db: Connection) -> None:
    fund_campaign(db, campaign_id=7, points_mpt=100, on=DAY, actor_id=None)
    assert _slots(db, 7) == [7] * 4 + [6] * 12
    assert budget_left(db, campaign_id=7) == 100
    assert budget_left(db, campaign_id=8) == 0
    assert drifting_balances(db) == []
    with pytest.raises(ValueError, match="nothing"):
        fund_campaign(db, campaign_id=7, points_mpt=0, on=DAY, actor_id=None)


def test_a_bonus_comes_from_the_budget_and_refills_its_slot(db: Connection) -> None:
    a_member_of_number(db, 33)
    fund_campaign(db, campaign_id=7, points_mpt=1_600, on=DAY, actor_id=None)
    given = 0
    for bonus in (60, 60, 900, 500):
        posting = post_award(db, an_award(33, bonus_mpt=bonus, campaign_id=7))
        assert posting.outcome is Outcome.POSTED
        given += bonus
        assert budget_left(db, campaign_id=7) == 1_600 - given
    assert balance_of(db, member_id=33).points_mpt == 4 * 2_000 + given
    assert min(_slots(db, 7)) >= 0
    assert drifting_balances(db) == []


def test_a_budget_gives_no_more_than_it_has(db: Connection) -> None:
    a_member_of_number(db, 34)
    fund_campaign(db, campaign_id=7, points_mpt=1_600, on=DAY, actor_id=None)
    with db.begin_nested() as refused:
        posting = post_award(db, an_award(34, bonus_mpt=1_601, campaign_id=7))
        assert posting.outcome is Outcome.BUDGET_SHORT
        refused.rollback()
    assert budget_left(db, campaign_id=7) == 1_600
    assert post_award(db, an_award(34, bonus_mpt=1_600, campaign_id=7)).outcome is Outcome.POSTED
    assert _slots(db, 7) == [0] * 16
