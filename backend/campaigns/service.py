"""A campaign from its draft to its end, and joining one.

Two people publish it: one writes and submits, another approves. With the approval its budget is in
the ledger and it runs by itself, from its first instant to its last.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, exists, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_keep

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.campaigns.models import Campaign, CampaignEnrolment, CampaignState
from backend.campaigns.policy import (
    CampaignClosedError,
    CampaignDraft,
    SecondPersonError,
    check_draft,
    require_second_person,
    require_state,
)
from backend.campaigns.queries import CampaignView, MemberCampaign, campaign_for, campaign_of
from backend.clock import business_day
from backend.db.seen import require_unchanged
from backend.errors import FieldError, InvalidInputError
from backend.ledger.budgets import fund_campaign
from backend.organisations.queries import Scope
from backend.people.models import Membership
from credit_rules import Rulebook


def write_campaign(
    db: Connection,
    rulebook: Rulebook,
    draft: CampaignDraft,
    *,
    institution_id: int,
    actor_id: int,
    now: datetime,
) -> int:
    """Keeps a new draft; returns its id.

    Raises:
        InvalidInputError: something in it is wrong; fields named.
    """
    _check(rulebook, draft, now)
    campaign_id: int = db.execute(
        insert(Campaign)
        .values(
            **_columns(draft, institution_id),
            institution_id=institution_id,
            state=CampaignState.DRAFT,
            author_id=actor_id,
            created_at=now,
        )
        .returning(Campaign.id)
    ).scalar_one()
    after = {**asdict(draft), "institution_id": institution_id}
    _audit(db, Tag.CAMPAIGN_CREATE, campaign_id, actor_id, now, after)
    return campaign_id


def rewrite_campaign(
    db: Connection,
    rulebook: Rulebook,
    campaign_id: int,
    draft: CampaignDraft,
    *,
    scope: Scope,
    actor_id: int,
    now: datetime,
    seen: str | None,
) -> None:
    """Changes a draft; whoever changes it is its author from then on.

    Raises:
        NotFoundError: there is none in the scope.
        EditedMeanwhileError: somebody else changed it after `seen` was read.
        CampaignStateError: it was submitted.
        InvalidInputError: something in it is wrong; fields named.
    """
    found = campaign_of(db, campaign_id, now=now, scope=scope, locked=True)
    require_unchanged(found, seen)
    require_state(found.state, CampaignState.DRAFT)
    _check(rulebook, draft, now)
    _move(db, campaign_id, author_id=actor_id, **_columns(draft, found.institution_id))
    _audit(db, Tag.CAMPAIGN_CHANGE, campaign_id, actor_id, now, asdict(draft))


def submit(db: Connection, campaign_id: int, *, scope: Scope, actor_id: int, now: datetime) -> None:
    """Hands a draft to whoever approves.

    Raises:
        NotFoundError: there is none in the scope.
        CampaignStateError: it is no draft.
        InvalidInputError: nobody could join it, or it would be over.
    """
    found = campaign_of(db, campaign_id, now=now, scope=scope, locked=True)
    require_state(found.state, CampaignState.DRAFT)
    _require_possible(db, found, now)
    _move(
        db,
        campaign_id,
        state=CampaignState.SUBMITTED,
        submitted_at=now,
        submitted_by=actor_id,
        returned_because=None,
    )
    _audit(db, Tag.CAMPAIGN_SUBMIT, campaign_id, actor_id, now, {"state": "submitted"})


def send_back(
    db: Connection, campaign_id: int, *, scope: Scope, actor_id: int, reason: str, now: datetime
) -> None:
    """Gives a submitted campaign back to its author, with the reason.

    Raises:
        NotFoundError: there is none in the scope.
        CampaignStateError: it was not submitted.
    """
    found = campaign_of(db, campaign_id, now=now, scope=scope, locked=True)
    require_state(found.state, CampaignState.SUBMITTED)
    _move(db, campaign_id, state=CampaignState.DRAFT, returned_because=reason)
    after = {"state": "draft", "reason": reason}
    _audit(db, Tag.CAMPAIGN_RETURN, campaign_id, actor_id, now, after)


def approve(
    db: Connection, campaign_id: int, *, scope: Scope, actor_id: int, now: datetime
) -> None:
    """Publishes a campaign and funds it, in one transaction: from here on it runs by itself.

    Raises:
        NotFoundError: there is none in the scope.
        CampaignStateError: it was not submitted.
        SecondPersonError: the actor wrote or submitted it, or may not speak for the whole city.
        InvalidInputError: nobody could join it, or it would be over.
    """
    found = campaign_of(db, campaign_id, now=now, scope=scope, locked=True)
    require_state(found.state, CampaignState.SUBMITTED)
    require_second_person(actor_id, found.author_id, found.submitted_by)
    if found.citywide and not scope.everything:
        raise SecondPersonError("面向全市的活动由市级管理员审批，请转交市级管理员。")
    _require_possible(db, found, now)
    _move(db, campaign_id, state=CampaignState.APPROVED, approved_at=now, approved_by=actor_id)
    fund_campaign(
        db,
        campaign_id=campaign_id,
        points_mpt=found.budget_mpt,
        on=business_day(now),
        actor_id=actor_id,
    )
    after = {"state": "approved", "budget_mpt": found.budget_mpt}
    _audit(db, Tag.CAMPAIGN_APPROVE, campaign_id, actor_id, now, after)


def end(
    db: Connection, campaign_id: int, *, scope: Scope, actor_id: int, reason: str, now: datetime
) -> CampaignState:
    """Withdraws a campaign that has not begun, or cuts a running one short; returns which.

    What members did until now earns its bonus, however late it is uploaded; points given stay.

    Raises:
        NotFoundError: there is none in the scope.
        CampaignStateError: it is over.
    """
    found = campaign_of(db, campaign_id, now=now, scope=scope, locked=True)
    require_state(
        found.state,
        CampaignState.DRAFT,
        CampaignState.SUBMITTED,
        CampaignState.SCHEDULED,
        CampaignState.RUNNING,
    )
    running = found.state is CampaignState.RUNNING
    state = CampaignState.CUT_SHORT if running else CampaignState.WITHDRAWN
    _move(
        db,
        campaign_id,
        state=state,
        ended_at=now,
        ended_by=actor_id,
        ended_because=reason,
    )
    after = {"state": state, "reason": reason}
    _audit(db, Tag.CAMPAIGN_END, campaign_id, actor_id, now, after)
    return state


def enrol(
    db: Connection,
    campaign_id: int,
    *,
    member_id: int,
    institution_id: int | None,
    now: datetime,
) -> tuple[MemberCampaign, bool]:
    """Takes a member into a campaign; whether it was this call that did.

    Raises:
        NotFoundError: there is none for them.
        CampaignClosedError: it is over.
    """
    asked = partial(
        campaign_for, db, campaign_id, member_id=member_id, institution_id=institution_id, now=now
    )
    found = asked(shared=True)
    if found.enrolled_at is not None:
        return found, False
    if found.campaign.state not in {CampaignState.SCHEDULED, CampaignState.RUNNING}:
        raise CampaignClosedError("这场活动已经结束，不能再参加，请看看其他活动。")
    added = db.scalar(
        insert_or_keep(CampaignEnrolment)
        .values(campaign_id=campaign_id, member_id=member_id, enrolled_at=now)
        .on_conflict_do_nothing()
        .returning(CampaignEnrolment.member_id)
    )
    return asked(), added is not None


def _check(rulebook: Rulebook, draft: CampaignDraft, now: datetime) -> None:
    if draft.ends_at <= now:
        sentence = "结束时间已经过去，请改到将来。"
        raise InvalidInputError(sentence, fields=[FieldError("ends_at", "range", sentence)])
    first = business_day(max(draft.starts_at, now))
    check_draft(draft, {each.id: each for each in rulebook.in_force(first)})


def _require_possible(db: Connection, found: CampaignView, now: datetime) -> None:
    if found.ends_at <= now:
        sentence = "活动的结束时间已经过去，请退回修改后再提交。"
        raise InvalidInputError(sentence, fields=[FieldError("ends_at", "range", sentence)])
    today = business_day(now)
    members = exists().where(
        Membership.institution_id == found.institution_id,
        or_(Membership.valid_until.is_(None), Membership.valid_until > today),
    )
    if not found.citywide and not db.scalar(select(members)):
        sentence = "这家单位还没有成员，没有人能参加：请先导入花名册，或改为面向全市。"
        raise InvalidInputError(sentence, fields=[FieldError("audience", "empty", sentence)])


def _columns(draft: CampaignDraft, institution_id: int) -> dict[str, Any]:
    said = {name: value for name, value in asdict(draft).items() if name != "citywide"}
    said["kinds"] = sorted(set(draft.kinds))
    said["audience_id"] = None if draft.citywide else institution_id
    return said


def _move(db: Connection, campaign_id: int, **values: Any) -> None:
    db.execute(update(Campaign).where(Campaign.id == campaign_id).values(**values))


def _audit(
    db: Connection,
    tag: Tag,
    campaign_id: int,
    actor_id: int,
    now: datetime,
    after: Mapping[str, Any],
) -> None:
    record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="campaign",
        object_id=campaign_id,
        after=after,
        at=now,
    )
