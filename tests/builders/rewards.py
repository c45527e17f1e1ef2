"""Rewards, causes and draws through the real services."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from backend.donations.catalogue import create_cause
from backend.donations.queries import CauseDraft
from backend.draws.queries import DrawDraft
from backend.draws.service import announce
from backend.offers.models import Audience, OfferState
from backend.ports.keys import KeyRing
from backend.rewards.catalogue import create_reward
from backend.rewards.models import LimitPeriod
from backend.rewards.queries import RewardDraft


def a_reward_draft(**changed: Any) -> RewardDraft:
    said: dict[str, Any] = {
        "name": "环保布袋",
        "description": "再生棉制作，印有碳普惠标识。",
        "pickup": "行政中心一楼服务台",
        "points_mpt": 10_000,
        "cash_value": False,
        "audience": Audience.CITY,
        "member_limit": None,
        "institution_limit": None,
        "period": LimitPeriod.MONTH,
        "hold_days": 7,
        "available_from": date(2026, 1, 1),
        "available_until": None,
        "state": OfferState.OPEN,
    }
    return RewardDraft(**said | changed)


def a_reward(
    db: Connection, institution_id: int, now: datetime, *, stock: int = 10, **changed: Any
) -> int:
    return create_reward(
        db,
        a_reward_draft(**changed),
        institution_id=institution_id,
        stock=stock,
        actor_id=None,
        now=now,
    )


def a_cause(db: Connection, institution_id: int, now: datetime, **changed: Any) -> int:
    said: dict[str, Any] = {
        "name": "西溪湿地护鸟",
        "description": "为湿地鸟类补种芦苇。",
        "takes_points": True,
        "takes_reductions": True,
        "state": OfferState.OPEN,
    }
    draft = CauseDraft(**said | changed)
    return create_cause(db, draft, institution_id=institution_id, actor_id=None, now=now)


def a_draw(
    db: Connection, keys: KeyRing, institution_id: int, now: datetime, **changed: Any
) -> int:
    said: dict[str, Any] = {
        "name": "十一月绿色达人抽奖",
        "description": "",
        "prize": "绿植一盆",
        "cash_value": False,
        "audience": Audience.CITY,
        "winners": 2,
        "unit": "mpt",
        "threshold": 5_000,
        "counts_from": date(2026, 11, 1),
        "counts_until": date(2026, 11, 30),
        "closes_at": now + timedelta(days=1),
        "draws_at": now + timedelta(days=1, minutes=10),
    }
    draft = DrawDraft(**said | changed)
    return announce(db, keys, draft, institution_id=institution_id, actor_id=None, now=now)
