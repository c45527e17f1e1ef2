"""A forecast from past stretches: as long as the campaign, within the history, with its range."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from backend.campaign_desk.policy import Stretch, forecast_of, stretches_before
from backend.campaign_desk.service import forecast
from backend.campaigns.queries import CampaignView, campaign_of
from tests.builders.campaigns import a_draft
from tests.builders.claims import NOW, RULEBOOK, log_for
from tests.builders.scene import a_scene

TODAY = date(2026, 11, 18)


@given(days=st.integers(1, 366), back=st.integers(0, 1500))
def test_stretches_lie_in_the_history_and_do_not_overlap(days: int, back: int) -> None:
    first = TODAY - timedelta(days=back)
    found = stretches_before(TODAY, days, first)
    assert len(found) == min(4, back // days)
    edges = [TODAY, *(day for begin, end in found for day in (end, begin))]
    assert edges == sorted(edges, reverse=True)
    assert all((end - begin).days == days - 1 and begin >= first for begin, end in found)


@given(
    bonuses=st.lists(st.integers(0, 10**9), min_size=1, max_size=4),
    budget=st.integers(1, 10**9),
    days=st.integers(1, 366),
)
def test_the_budget_is_spent_within_the_campaign_or_not_at_all(
    bonuses: list[int], budget: int, days: int
) -> None:
    found = forecast_of([Stretch(1, 1, bonus) for bonus in bonuses], days=days, budget_mpt=budget)
    assert found is not None
    assert found.bonus_mpt[0] <= found.bonus_mpt[1] <= found.bonus_mpt[2]
    if found.spent_after_days is None:
        assert max(bonuses) <= budget
    else:
        assert 0 <= found.spent_after_days < days


def test_the_forecast_is_what_the_same_actions_would_have_earned(db: Connection) -> None:
    scene = a_scene(db, NOW)
    log = log_for(db, scene)
    assert forecast(db, RULEBOOK, _draft(db, scene.institution_id), today=TODAY) is None
    earned = 0
    for day, members in ((3, (0, 1, 2)), (2, (0,)), (1, (0, 1))):
        for member in members:
            receipt = log(
                "stairs.climb",
                {"floors": "8"},
                member=member,
                occurred_at=NOW - timedelta(days=day),
            )
            earned = receipt.assessment.points_mpt
    noon = NOW + timedelta(hours=2)
    log("dining.clean_plate", {"meal": "lunch"}, occurred_at=noon - timedelta(days=3))
    found = forecast(db, RULEBOOK, _draft(db, scene.institution_id), today=TODAY)
    assert found is not None
    # Days 1 and 2 are one stretch; the one of days 3 and 4 began before the first action.
    half = earned // 2
    assert (found.stretches, found.people, found.actions) == (1, (2, 2, 2), (3, 3, 3))
    assert found.bonus_mpt == (3 * half, 3 * half, 3 * half)
    assert found.spent_after_days is None


def _draft(db: Connection, institution_id: int) -> CampaignView:
    campaign = a_draft(
        db,
        institution_id,
        NOW,
        kinds=("stairs.climb",),
        starts_at=NOW + timedelta(days=1),
        ends_at=NOW + timedelta(days=2),
    )
    return campaign_of(db, campaign, now=NOW)
