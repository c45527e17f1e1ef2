"""Campaigns as a member sees them, for pages and JSON alike."""

from backend.campaigns.queries import CampaignView, MemberCampaign, campaign_for, campaigns_for
from backend.campaigns.service import enrol
from backend.clock import business_day
from backend.web.access import actor
from backend.web.context import backend, now
from backend.web.transaction import connection
from credit_rules import NotInForce


def open_campaigns(*, before_id: int | None, limit: int) -> list[MemberCampaign]:
    """The campaigns that are for the caller, the newest first."""
    return campaigns_for(
        connection(),
        member_id=actor().member_id,
        institution_id=actor().institution_id,
        now=now(),
        before_id=before_id,
        limit=limit,
    )


def campaign(campaign_id: int) -> MemberCampaign:
    """One campaign that is for the caller.

    Raises:
        NotFoundError: there is none.
    """
    return campaign_for(
        connection(),
        campaign_id,
        member_id=actor().member_id,
        institution_id=actor().institution_id,
        now=now(),
    )


def join(campaign_id: int) -> tuple[MemberCampaign, bool]:
    """Takes the caller in; whether it was this call that did.

    Raises:
        NotFoundError: there is none for them.
        CampaignClosedError: it is over.
    """
    return enrol(
        connection(),
        campaign_id,
        member_id=actor().member_id,
        institution_id=actor().institution_id,
        now=now(),
    )


def kinds_of(found: CampaignView) -> list[tuple[str, str]]:
    """The kinds of action that earn the bonus, with their titles on its first day."""
    rulebook, on = backend().rulebook, business_day(max(found.starts_at, found.created_at))
    named = []
    for kind in found.kinds:
        try:
            named.append((kind, rulebook.methodology(kind, on).title))
        except NotInForce:
            named.append((kind, kind))
    return named
