"""Campaigns on the phone: the list, and one with the way in."""

from typing import Final

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from backend.campaigns.labels import CAMPAIGN_STATES
from backend.campaigns.models import CampaignState
from backend.errors import DomainError, NotFoundError
from backend.web import problems, transaction
from backend.web.access import member_page
from miniprogram_api.flows.campaigns import campaign, join, kinds_of, open_campaigns
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("campaigning", __name__)

_LATEST: Final = 30
_OPEN: Final = frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING})


@blueprint.get("/campaigns")
@member_page
def listing() -> str:
    """The latest campaigns that are for the member."""
    found = open_campaigns(before_id=None, limit=_LATEST)
    return render_template("campaigns.html", found=found, states=CAMPAIGN_STATES, open=_OPEN)


@blueprint.get("/campaigns/<int:campaign_id>")
@member_page
def show(campaign_id: int) -> str:
    """One campaign: what it is about, what earns more, the way in."""
    return _page(campaign_id, None)


@blueprint.post("/campaigns/<int:campaign_id>")
@member_page
def enrol(campaign_id: int) -> ResponseReturnValue:
    """Takes the member in; a refusal is told on the page of the campaign."""
    try:
        join(campaign_id)
    except NotFoundError:
        raise
    except DomainError as error:
        transaction.roll_back()
        return _page(campaign_id, error), problems.status_of(error)
    return redirect(url_for("campaigning.show", campaign_id=campaign_id), 303)


def _page(campaign_id: int, error: DomainError | None) -> str:
    found = campaign(campaign_id)
    return render_template(
        "campaign.html",
        campaign=found.campaign,
        enrolled_at=found.enrolled_at,
        state=CAMPAIGN_STATES[found.campaign.state],
        kinds=kinds_of(found.campaign),
        takes_people=found.campaign.state in _OPEN,
        runs=found.campaign.state is CampaignState.RUNNING,
        fault=None if error is None else error.message,
    )
