"""The demo city has a campaign in every state, and one that paid bonuses by now."""

from backend.bootstrap import Backend
from backend.campaign_desk.queries import report_of
from backend.campaigns.models import CampaignState
from backend.campaigns.queries import campaigns_in
from backend.organisations.queries import Scope


def test_campaigns_are_in_every_stage_and_paid_from_their_budgets(tiny: Backend) -> None:
    now = tiny.clock.now()
    with tiny.engine.connect() as db:
        found = campaigns_in(db, scope=Scope(everything=True), now=now, limit=9)
        assert {each.state for each in found} == {
            CampaignState.CLOSED,
            CampaignState.RUNNING,
            CampaignState.SCHEDULED,
            CampaignState.SUBMITTED,
            CampaignState.DRAFT,
        }
        paid = {each.id: report_of(db, each.id, now=now).bonus_mpt for each in found}
        assert paid == {each.id: each.spent_mpt for each in found}
        assert sum(paid.values()) > 0
