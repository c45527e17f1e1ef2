"""Reads of campaigns: those of a scope, those for a member, what an action earns more by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, and_, func, literal, or_, select

from backend.campaigns.models import Campaign, CampaignEnrolment, CampaignKind, CampaignState
from backend.campaigns.policy import state_at
from backend.errors import NotFoundError
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in

_NOT_FOUND = "没有找到这场活动，请返回列表重新选择。"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignView:
    """A campaign as it stands at an instant.

    Attributes:
        state: how far it is.
        citywide: everybody may join; else only members of the institution.
        budget_left_mpt: what it may still add; nothing before it was approved.
        enrolled: how many joined.
    """

    id: int
    institution_id: int
    institution_name: str
    citywide: bool
    kind: CampaignKind
    title: str
    content: str
    starts_at: datetime
    ends_at: datetime
    kinds: tuple[str, ...]
    multiplier: Decimal
    budget_mpt: int
    budget_left_mpt: int
    state: CampaignState
    author_id: int
    created_at: datetime
    returned_because: str | None
    submitted_at: datetime | None
    submitted_by: int | None
    approved_at: datetime | None
    approved_by: int | None
    ended_at: datetime | None
    ended_because: str | None
    enrolled: int

    @property
    def spent_mpt(self) -> int:
        """What it added to awards, less what was taken back with them."""
        return 0 if self.approved_at is None else self.budget_mpt - self.budget_left_mpt

    @property
    def until(self) -> datetime:
        """The first instant that no longer counts: the planned one, or when it was cut short."""
        return self.ends_at if self.ended_at is None else min(self.ended_at, self.ends_at)


_CAMPAIGN: Select[Any] = (
    select(
        *(
            column
            for column in Campaign.__table__.c
            if column.name not in {"audience_id", "ended_by", "kinds"}
        ),
        Campaign.kinds,
        Campaign.audience_id.is_(None).label("citywide"),
        Institution.short_name.label("institution_name"),
        func.ledger_budget_left(Campaign.id).label("budget_left_mpt"),
        select(func.count())
        .where(CampaignEnrolment.campaign_id == Campaign.id)
        .correlate(Campaign)
        .scalar_subquery()
        .label("enrolled"),
    )
    .select_from(Campaign)
    .join(Institution, Institution.id == Campaign.institution_id)
)


def campaign_of(
    db: Connection,
    campaign_id: int,
    *,
    now: datetime,
    scope: Scope | None = None,
    locked: bool = False,
) -> CampaignView:
    """One campaign; of an institution in the scope, where one is given.

    Args:
        db: any transaction.
        campaign_id: which one.
        now: the present instant.
        scope: only of an institution in this scope; None for any.
        locked: nobody else changes it until this transaction ends.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    query = _CAMPAIGN.where(Campaign.id == campaign_id)
    if scope is not None:
        query = query.where(Campaign.institution_id.in_(institutions_in(scope)))
    if locked:
        query = query.with_for_update(of=Campaign)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(_NOT_FOUND)
    return _view(row, now)


def campaigns_in(
    db: Connection, *, scope: Scope, now: datetime, before_id: int | None = None, limit: int
) -> list[CampaignView]:
    """The campaigns that the institutions of a scope run, the newest first."""
    query = _CAMPAIGN.where(Campaign.institution_id.in_(institutions_in(scope)))
    if before_id is not None:
        query = query.where(Campaign.id < before_id)
    rows = db.execute(query.order_by(Campaign.id.desc()).limit(limit)).mappings()
    return [_view(row, now) for row in rows]


@dataclass(frozen=True, slots=True)
class MemberCampaign:
    """A campaign that is for a member, and since when they take part; None where they do not."""

    campaign: CampaignView
    enrolled_at: datetime | None


def campaigns_for(
    db: Connection,
    *,
    member_id: int,
    institution_id: int | None,
    now: datetime,
    before_id: int | None = None,
    limit: int,
) -> list[MemberCampaign]:
    """The approved campaigns that are for a member, the newest first; those that ended included."""
    query = _for_member(member_id, institution_id)
    if before_id is not None:
        query = query.where(Campaign.id < before_id)
    rows = db.execute(query.order_by(Campaign.id.desc()).limit(limit)).mappings()
    return [_member_campaign(row, now) for row in rows]


def campaign_for(
    db: Connection,
    campaign_id: int,
    *,
    member_id: int,
    institution_id: int | None,
    now: datetime,
    shared: bool = False,
) -> MemberCampaign:
    """One campaign as a member may see it; `shared` keeps others from ending it meanwhile.

    Raises:
        NotFoundError: there is none, it was not approved, or it is not for them.
    """
    query = _for_member(member_id, institution_id).where(Campaign.id == campaign_id)
    if shared:
        query = query.with_for_update(of=Campaign, read=True)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError(_NOT_FOUND)
    return _member_campaign(row, now)


def _for_member(member_id: int, institution_id: int | None) -> Select[Any]:
    return (
        _CAMPAIGN.add_columns(CampaignEnrolment.enrolled_at)
        .outerjoin(
            CampaignEnrolment,
            and_(
                CampaignEnrolment.campaign_id == Campaign.id,
                CampaignEnrolment.member_id == literal(member_id),
            ),
        )
        .where(
            Campaign.state.in_([CampaignState.APPROVED, CampaignState.CUT_SHORT]),
            or_(
                Campaign.audience_id.is_(None),
                Campaign.audience_id == literal(institution_id),
                CampaignEnrolment.enrolled_at.is_not(None),
            ),
        )
    )


class ActiveBoost(NamedTuple):
    """What an action earns more by a campaign that its member had joined before it.

    Attributes:
        campaign_id: which pays.
        title: its name, for the trace.
        multiplier: by how much.
        budget_left_mpt: what it may still add.
    """

    campaign_id: int
    title: str
    multiplier: Decimal
    budget_left_mpt: int


BOOST_COLUMNS = "boost.id, boost.title, boost.multiplier, boost.budget_left_mpt"


def boost_join(*, member: str, kind: str, at: str, institution: str) -> str:
    """SQL that joins the campaign that pays most for an action, as `BOOST_COLUMNS`, or nothing.

    Args:
        member: SQL of the member's id.
        kind: of the kind of action.
        at: of the instant at which it happened.
        institution: of the member's institution on that day.
    """
    return f"""
  LEFT JOIN LATERAL (
       SELECT c.id, c.title, c.multiplier, l.amount AS budget_left_mpt
         FROM campaign_enrolment e JOIN campaign c ON c.id = e.campaign_id
        CROSS JOIN LATERAL ledger_budget_left(c.id) AS l(amount)
        CROSS JOIN (SELECT {at} AS at, {kind} AS kind) AS x
        WHERE e.member_id = {member} AND e.enrolled_at <= x.at
          AND c.state IN ('approved', 'cut_short') AND x.kind = ANY (c.kinds)
          AND c.starts_at <= x.at AND x.at < c.ends_at
          AND (c.ended_at IS NULL OR x.at < c.ended_at)
          AND (c.audience_id IS NULL OR c.audience_id = {institution})
        ORDER BY l.amount > 0 DESC, c.multiplier DESC, c.id LIMIT 1) AS boost ON true
"""


def active_boost(columns: Sequence[Any]) -> ActiveBoost | None:
    """What the columns of `BOOST_COLUMNS` say."""
    return None if columns[0] is None else ActiveBoost(*columns)


def _view(row: Any, now: datetime) -> CampaignView:
    values = {name: row[name] for name in CampaignView.__dataclass_fields__}
    stored = CampaignState(values["state"])
    values["state"] = state_at(stored, values["starts_at"], values["ends_at"], now)
    values["kind"] = CampaignKind(values["kind"])
    values["kinds"] = tuple(values["kinds"])
    return CampaignView(**values)


def _member_campaign(row: Any, now: datetime) -> MemberCampaign:
    return MemberCampaign(_view(row, now), row["enrolled_at"])
