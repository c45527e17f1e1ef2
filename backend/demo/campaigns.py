"""Campaigns of the demo city in every state, and what members of one institution did in them.

They lie around the present day, so that one runs and one is over on any day of any month.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from backend.actions.claims import ClaimInput
from backend.actions.service import record_all
from backend.bootstrap import Backend
from backend.campaigns import service
from backend.campaigns.models import CampaignKind
from backend.campaigns.policy import CampaignDraft
from backend.clock import SHANGHAI, business_day
from backend.organisations.models import Institution
from backend.organisations.queries import Scope
from backend.people.models import Membership, Role, RoleGrant

_CITY: Final = Scope(everything=True)
_JOINING: Final = 30
_EVERY: Final = 6
_COMMUTES: Final = ("commute.bicycle", "commute.bus", "commute.metro", "commute.walk")


class _Said(NamedTuple):
    """A campaign: first and last day from today, what it says, and what its members do."""

    begins: int
    ends: int
    kind: CampaignKind
    title: str
    kinds: tuple[str, ...]
    deed: tuple[str, Mapping[str, str]] = ("", {})


_OVER: Final = _Said(
    -9,
    -4,
    CampaignKind.CLEAN_PLATE,
    "光盘行动周",
    ("dining.clean_plate", "stairs.climb"),
    ("dining.clean_plate", {"meal": "lunch"}),
)
_RUNNING: Final = _Said(
    -3,
    11,
    CampaignKind.GREEN_TRAVEL,
    "绿色出行宣传月",
    ("commute.bicycle", "commute.bus", "commute.metro", "commute.walk", "stairs.climb"),
    ("stairs.climb", {"floors": "6"}),
)
_COMING: Final = _Said(7, 14, CampaignKind.LOW_CARBON_DAY, "全国低碳日", ("stairs.climb",))
_WAITING: Final = _Said(20, 27, CampaignKind.ENERGY_WEEK, "节能宣传周", ("office.paperless",))
_DRAFT: Final = _Said(30, 37, CampaignKind.WASTE_SORTING, "垃圾分类周", ("recycling.drop_off",))


def run_campaigns(db: Connection, backend: Backend, *, entered: datetime, now: datetime) -> None:
    """Publishes a campaign that is over by now, one that runs and one to come; two are prepared.

    Args:
        db: the caller's transaction, after the history was loaded; the caller commits.
        backend: rulebook and keys.
        entered: when the city was entered, before its history.
        now: the present instant.
    """
    number = func.substr(Institution.credit_code, 9, 8)
    host = db.scalars(select(Institution.id).order_by(number).limit(1)).one()
    author = _officer(db, Role.INSTITUTION_ADMIN, host)
    approver = _officer(db, Role.CITY_ADMIN, None)
    members = db.scalars(
        select(Membership.member_id)
        .where(Membership.institution_id == host)
        .order_by(Membership.member_id)
        .limit(_JOINING)
    ).all()
    for said, published in ((_OVER, True), (_RUNNING, True), (_COMING, True), (_WAITING, False)):
        at = entered if published else now
        campaign = _written(db, backend, said, host, author, now=now, at=at)
        service.submit(db, campaign, scope=_CITY, actor_id=author, now=at)
        if published:
            service.approve(db, campaign, scope=_CITY, actor_id=approver, now=at)
        if said in (_OVER, _RUNNING):
            for member_id in members:
                service.enrol(db, campaign, member_id=member_id, institution_id=host, now=at)
            _take_part(db, backend, said, members, now)
    _written(db, backend, _DRAFT, host, author, now=now, at=now)


def _take_part(
    db: Connection, backend: Backend, said: _Said, members: Sequence[int], now: datetime
) -> None:
    """An action every few days of each member, at noon, on the days of a campaign until now."""
    kind, facts = said.deed
    for day in range(said.begins, min(said.ends, 0)):
        at = _midnight(now) + timedelta(days=day, hours=13)
        claims = [
            ClaimInput(
                member_id=member_id,
                reference=f"demo-{said.kind}-{-day}",
                kind=kind,
                occurred_at=at - timedelta(hours=1),
                facts=facts,
            )
            for number, member_id in enumerate(members)
            if (number + day) % _EVERY == 0
        ]
        record_all(db, backend.rulebook, backend.keys, claims, now=at)


def _midnight(now: datetime) -> datetime:
    """When the Asia/Shanghai day of an instant began."""
    return datetime.combine(business_day(now), time(), SHANGHAI)


def _officer(db: Connection, role: Role, institution_id: int | None) -> int:
    """The first member who holds a role."""
    return db.scalars(
        select(RoleGrant.member_id)
        .where(
            RoleGrant.role == role, RoleGrant.institution_id.is_not_distinct_from(institution_id)
        )
        .order_by(RoleGrant.member_id)
        .limit(1)
    ).one()


def _written(
    db: Connection,
    backend: Backend,
    said: _Said,
    host: int,
    author: int,
    *,
    now: datetime,
    at: datetime,
) -> int:
    midnight = _midnight(now)
    draft = CampaignDraft(
        citywide=said.kind is CampaignKind.GREEN_TRAVEL,
        kind=said.kind,
        title=said.title,
        content="点“参加”之后，活动期间记录的下列行为有积分加成，预算用完为止。",
        starts_at=midnight + timedelta(days=said.begins),
        ends_at=midnight + timedelta(days=said.ends),
        kinds=said.kinds,
        multiplier=Decimal("1.5"),
        budget_mpt=2_000_000,
    )
    return service.write_campaign(
        db, backend.rulebook, draft, institution_id=host, actor_id=author, now=at
    )
