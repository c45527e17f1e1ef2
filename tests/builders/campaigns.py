"""Campaigns through the real services, up to any state."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from backend.campaigns import service
from backend.campaigns.models import CampaignKind
from backend.campaigns.policy import CampaignDraft
from backend.organisations.queries import Scope
from backend.people.service import create_member
from credit_rules import load_rulebook

CITY = Scope(everything=True)


def a_campaign_draft(now: datetime, **changed: Any) -> CampaignDraft:
    said: dict[str, Any] = {
        "citywide": True,
        "kind": CampaignKind.CLEAN_PLATE,
        "title": "光盘行动周",
        "content": "一周光盘，积分翻倍。",
        "starts_at": now - timedelta(days=1),
        "ends_at": now + timedelta(days=6),
        "kinds": ("dining.clean_plate",),
        "multiplier": Decimal("1.5"),
        "budget_mpt": 1_000_000,
    }
    return CampaignDraft(**said | changed)


def a_draft(db: Connection, institution_id: int, now: datetime, **changed: Any) -> int:
    """A draft by an account of its own."""
    author = changed.pop("author", None) or create_member(db, display_name="撰写人", now=now)
    return service.write_campaign(
        db,
        load_rulebook(),
        a_campaign_draft(now, **changed),
        institution_id=institution_id,
        actor_id=author,
        now=now,
    )


def a_submitted_campaign(db: Connection, institution_id: int, now: datetime, **changed: Any) -> int:
    """A campaign that waits for its approval."""
    campaign = a_draft(db, institution_id, now, **changed)
    submitter = create_member(db, display_name="提交人", now=now)
    service.submit(db, campaign, scope=CITY, actor_id=submitter, now=now)
    return campaign


def a_campaign(db: Connection, institution_id: int, now: datetime, **changed: Any) -> int:
    """An approved campaign; it runs since yesterday unless told otherwise."""
    campaign = a_submitted_campaign(db, institution_id, now, **changed)
    approver = create_member(db, display_name="审批人", now=now)
    service.approve(db, campaign, scope=CITY, actor_id=approver, now=now)
    return campaign
