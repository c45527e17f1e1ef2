"""Campaigns: those that are for the caller, and joining one."""

from collections.abc import Mapping
from typing import Any

from backend.campaigns.queries import MemberCampaign
from backend.web.access import member_only
from backend.web.api import Blueprint
from backend.web.paging import decode_cursor, page
from backend.web.schemas import PageQuery, page_schema
from miniprogram_api.flows.campaigns import campaign, join, kinds_of, open_campaigns
from miniprogram_api.schemas.campaigns import CampaignSchema

blueprint = Blueprint("campaigns", __name__, description="Campaigns and joining them.")


@blueprint.route("/campaigns", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(CampaignSchema))
def list_campaigns(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the campaigns that are for the caller, newest first; those that ended included."""
    before = decode_cursor(query["cursor"], int)[0] if query["cursor"] else None
    found = open_campaigns(before_id=before, limit=query["limit"] + 1)
    shown = page(found, query["limit"], lambda each: (each.campaign.id,))
    return {**shown, "items": [_body(each) for each in shown["items"]]}


@blueprint.route("/campaigns/<int:campaign_id>", methods=["GET"])
@member_only
@blueprint.response(200, CampaignSchema)
def read_campaign(campaign_id: int) -> dict[str, Any]:
    """Read one campaign that is for the caller."""
    return _body(campaign(campaign_id))


@blueprint.route("/campaigns/<int:campaign_id>/enrolment", methods=["POST"])
@member_only
@blueprint.response(201, CampaignSchema, description="Joined")
@blueprint.alt_response(200, schema=CampaignSchema, description="Joined before", success=True)
def enrol_in_campaign(campaign_id: int) -> tuple[dict[str, Any], int]:
    """Join a campaign: what is done from now on earns its bonus. Joining again changes nothing."""
    found, first = join(campaign_id)
    return _body(found), 201 if first else 200


def _body(found: MemberCampaign) -> dict[str, Any]:
    view = found.campaign
    return {
        "id": view.id,
        "title": view.title,
        "content": view.content,
        "kind": view.kind,
        "state": view.state,
        "institution": view.institution_name,
        "citywide": view.citywide,
        "starts_at": view.starts_at.isoformat(),
        "ends_at": view.until.isoformat(),
        "ended_because": view.ended_because,
        "kinds": [{"id": kind, "title": title} for kind, title in kinds_of(view)],
        "multiplier": f"{view.multiplier.normalize():f}",
        "budget_mpt": view.budget_mpt,
        "budget_left_mpt": view.budget_left_mpt,
        "enrolled": view.enrolled,
        "enrolled_at": None if found.enrolled_at is None else found.enrolled_at.isoformat(),
    }
