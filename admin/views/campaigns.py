"""Campaigns: the list, the form of a draft, and one campaign with what can be done with it next."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.campaigns import CampaignsPage, ChangedCampaign, NewCampaign, Reason
from admin.forms.reading import Submission, by_field, differing, filters, submitted, typed
from admin.forms.rewards import Done
from admin.views.rewards import writable_institutions
from backend.campaign_desk.queries import report_of
from backend.campaign_desk.service import forecast
from backend.campaigns import service
from backend.campaigns.models import CampaignState
from backend.campaigns.policy import CampaignDraft
from backend.campaigns.queries import CampaignView, campaign_of, campaigns_in
from backend.clock import business_day, shanghai_time
from backend.db.seen import EditedMeanwhileError, fingerprint
from backend.errors import DomainError, InvalidInputError, field_errors
from backend.people.access import institution_in_scope
from backend.people.queries import display_names
from backend.web import problems, transaction
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("campaigns", __name__)

_A_PAGE = 50
_MPT_A_POINT = 1_000
_AUDIENCES: Mapping[str, str] = {"city": "全市干部职工和市民", "institution": "仅所属单位的成员"}
_BLANK: Mapping[str, str] = {
    "institution_id": "",
    "title": "",
    "content": "",
    "kind": "general",
    "audience": "institution",
    "starts_at": "",
    "ends_at": "",
    "multiplier": "1.5",
    "budget": "",
}
_AHEAD = frozenset({CampaignState.DRAFT, CampaignState.SUBMITTED, CampaignState.SCHEDULED})
_PUBLISHED = frozenset({CampaignState.RUNNING, CampaignState.CLOSED, CampaignState.CUT_SHORT})


@pages.get("/campaigns")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The campaigns of the institutions in the caller's scope, the newest first."""
    before = filters(CampaignsPage)["before"]
    found = campaigns_in(
        connection(), scope=scope(PLACE_READERS), now=now(), before_id=before, limit=_A_PAGE + 1
    )
    return render_template(
        "campaigns/list.html",
        campaigns=found[:_A_PAGE],
        next_before=found[_A_PAGE - 1].id if len(found) > _A_PAGE else None,
        writes=may(*PLACE_WRITERS),
    )


@pages.get("/campaigns/<int:campaign_id>")
@console_roles(*PLACE_READERS)
def detail(campaign_id: int) -> str:
    """One campaign: what it says, who decided, what it came to so far."""
    return _detail(campaign_id, "", filters(Done)["done"])


@pages.get("/campaigns/new")
@console_roles(*PLACE_WRITERS)
def new() -> str:
    """The form of a new campaign."""
    return _form(None, _BLANK, (), {})


@pages.post("/campaigns/new")
@console_roles(*PLACE_WRITERS)
@creates
def create() -> ResponseReturnValue:
    """Keeps the draft, or shows the form again with what is wrong."""
    sent = submitted(NewCampaign)
    if not sent.errors:
        institution = institution_in_scope(
            connection(), actor(), sent.values["institution_id"], roles=PLACE_WRITERS
        )
        try:
            campaign_id = service.write_campaign(
                connection(),
                backend().rulebook,
                _draft(sent.values),
                institution_id=institution.id,
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("campaigns.detail", campaign_id=campaign_id, done="kept"), 303)
    return _form(None, typed(_BLANK), request.form.getlist("kinds"), sent.errors), 422


@pages.get("/campaigns/<int:campaign_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit(campaign_id: int) -> ResponseReturnValue:
    """The form of a draft as it stands; what is no draft any more is only shown."""
    campaign = campaign_of(connection(), campaign_id, now=now(), scope=scope(PLACE_WRITERS))
    if campaign.state is not CampaignState.DRAFT:
        return redirect(url_for("campaigns.detail", campaign_id=campaign_id), 303)
    return _form(campaign, _as_typed(campaign), campaign.kinds, {})


@pages.post("/campaigns/<int:campaign_id>/edit")
@console_roles(*PLACE_WRITERS)
def change(campaign_id: int) -> ResponseReturnValue:
    """Changes the draft, or shows the form again with what is wrong."""
    within = scope(PLACE_WRITERS)
    campaign = campaign_of(connection(), campaign_id, now=now(), scope=within)
    sent = submitted(ChangedCampaign)
    if not sent.errors:
        try:
            service.rewrite_campaign(
                connection(),
                backend().rulebook,
                campaign_id,
                _draft(sent.values),
                scope=within,
                actor_id=actor().member_id,
                now=now(),
                seen=sent.values["seen"],
            )
        except EditedMeanwhileError as error:
            return _overtaken(campaign_id, error.message), 409
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("campaigns.detail", campaign_id=campaign_id, done="kept"), 303)
    return _form(campaign, typed(_BLANK), request.form.getlist("kinds"), sent.errors), 422


@pages.post("/campaigns/<int:campaign_id>/submission")
@console_roles(*PLACE_WRITERS)
def submit(campaign_id: int) -> ResponseReturnValue:
    """Hands the draft to whoever approves."""
    return _decide(campaign_id, "submitted", service.submit)


@pages.post("/campaigns/<int:campaign_id>/approval")
@console_roles(*PLACE_WRITERS)
def approve(campaign_id: int) -> ResponseReturnValue:
    """Publishes and funds it; only by somebody who neither wrote nor submitted it."""
    return _decide(campaign_id, "approved", service.approve)


@pages.post("/campaigns/<int:campaign_id>/return")
@console_roles(*PLACE_WRITERS)
def send_back(campaign_id: int) -> ResponseReturnValue:
    """Gives it back to its author, with the reason."""
    return _with_reason(campaign_id, "returned", service.send_back)


@pages.post("/campaigns/<int:campaign_id>/end")
@console_roles(*PLACE_WRITERS)
def end(campaign_id: int) -> ResponseReturnValue:
    """Withdraws it before it begins, cuts it short while it runs, with the reason."""
    return _with_reason(campaign_id, "ended", service.end)


def _with_reason(campaign_id: int, done: str, act: Callable[..., object]) -> ResponseReturnValue:
    sent = submitted(Reason)
    if sent.errors:
        return _detail(campaign_id, f"原因：{sent.sentence}", ""), 422
    return _decide(campaign_id, done, act, reason=sent.values["reason"])


def _decide(
    campaign_id: int, done: str, act: Callable[..., object], **said: str
) -> ResponseReturnValue:
    """Does one step of its life; a refusal is told on its page."""
    within = scope(PLACE_WRITERS)
    campaign_of(connection(), campaign_id, now=now(), scope=within)
    try:
        act(
            connection(),
            campaign_id,
            scope=within,
            actor_id=actor().member_id,
            now=now(),
            **said,
        )
    except DomainError as error:
        transaction.roll_back()
        return _detail(campaign_id, error.message, ""), problems.status_of(error)
    return redirect(url_for("campaigns.detail", campaign_id=campaign_id, done=done), 303)


def _detail(campaign_id: int, fault: str, done: str) -> str:
    report = report_of(connection(), campaign_id, now=now(), scope=scope(PLACE_READERS))
    campaign = report.campaign
    ahead = campaign.state in _AHEAD
    people = {campaign.author_id, campaign.submitted_by, campaign.approved_by} - {None}
    return render_template(
        "campaigns/detail.html",
        campaign=campaign,
        report=report if campaign.state in _PUBLISHED else None,
        ahead=ahead,
        forecast=forecast(connection(), backend().rulebook, campaign, today=business_day(now()))
        if ahead
        else None,
        titles=_titles(),
        audiences=_AUDIENCES,
        names=display_names(connection(), member_ids={each for each in people if each}),
        public=f"{backend().settings.public_url}/campaigns/{campaign_id}",
        writes=may(*PLACE_WRITERS),
        mine=actor().member_id in {campaign.author_id, campaign.submitted_by},
        fault=fault,
        done=done,
    )


def _titles() -> dict[str, str]:
    """Every kind of action that campaigns may add to today, with its title."""
    today = business_day(now())
    found = backend().rulebook.in_force(today)
    return {each.id: each.title for each in found if each.bonus is not None}


def _draft(values: Mapping[str, Any]) -> CampaignDraft:
    if values["audience"] not in _AUDIENCES:
        sentence = "请选择活动面向谁。"
        raise InvalidInputError(sentence, fields=field_errors({"audience": sentence}))
    same = ("kind", "title", "content", "starts_at", "ends_at", "multiplier")
    return CampaignDraft(
        **{name: values[name] for name in same},
        citywide=values["audience"] == "city",
        kinds=tuple(values["kinds"]),
        budget_mpt=values["budget"] * _MPT_A_POINT,
    )


def _as_typed(campaign: CampaignView) -> dict[str, str]:
    """A draft as the form would have sent it."""
    return {
        "institution_id": str(campaign.institution_id),
        "title": campaign.title,
        "content": campaign.content,
        "kind": campaign.kind.value,
        "audience": "city" if campaign.citywide else "institution",
        "starts_at": f"{shanghai_time(campaign.starts_at):%Y-%m-%dT%H:%M}",
        "ends_at": f"{shanghai_time(campaign.ends_at):%Y-%m-%dT%H:%M}",
        "multiplier": f"{campaign.multiplier.normalize():f}",
        "budget": str(campaign.budget_mpt // _MPT_A_POINT),
    }


def _overtaken(campaign_id: int, sentence: str) -> str:
    """The form as it stands now, with what was typed beside it where the two differ."""
    campaign = campaign_of(connection(), campaign_id, now=now(), scope=scope(PLACE_WRITERS))
    stands = _as_typed(campaign)
    sent = {name: value for name, value in typed(_BLANK).items() if name in request.form}
    theirs = differing(sent, stands)
    return _form(campaign, stands, campaign.kinds, {}, meanwhile=sentence, theirs=theirs)


def _form(
    campaign: CampaignView | None,
    values: Mapping[str, str],
    kinds: Any,
    errors: Mapping[str, str],
    *,
    meanwhile: str = "",
    theirs: Mapping[str, str] | None = None,
) -> str:
    # A form that is wrong goes on with what its author saw; one that is late begins anew.
    seen = request.form.get("seen") if errors else None
    return render_template(
        "campaigns/form.html",
        campaign=campaign,
        values=values,
        chosen=kinds,
        titles=_titles(),
        audiences=_AUDIENCES,
        errors=errors,
        seen=seen or (fingerprint(campaign) if campaign else ""),
        meanwhile=meanwhile,
        theirs=theirs or {},
        institutions=writable_institutions() if campaign is None else (),
    )
