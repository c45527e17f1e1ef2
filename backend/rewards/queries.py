"""Reads rewards and redemptions. What a caller may see is decided by scope or by person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from backend.errors import NotFoundError
from backend.offers.models import Audience, InstitutionRewardPolicy, OfferState
from backend.offers.policy import Person, is_for
from backend.offers.queries import terms_of
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in
from backend.people.models import Member
from backend.rewards.models import CancelledBy, LimitPeriod, Redemption, RedemptionState, Reward
from backend.rewards.policy import period_start


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardDraft:
    """What whoever offers a reward says of it; units as in `models.Reward`."""

    name: str
    description: str
    pickup: str
    points_mpt: int
    cash_value: bool
    audience: Audience
    member_limit: int | None
    institution_limit: int | None
    period: LimitPeriod
    hold_days: int
    available_from: date
    available_until: date | None
    state: OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardView(RewardDraft):
    """A reward as it stands, with the short name of the institution that offers it."""

    id: int
    institution_id: int
    institution_name: str
    stock_total: int
    stock_left: int


def said_of(reward: RewardView) -> RewardDraft:
    """What is said of a reward, without the stock, which moves with every redemption."""
    return RewardDraft(**{name: getattr(reward, name) for name in RewardDraft.__dataclass_fields__})


@dataclass(frozen=True, slots=True)
class Offer:
    """A reward as one member sees it: how many pieces they may still have in this period."""

    reward: RewardView
    left_for_member: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionView:
    """A redemption with the names of who and what."""

    id: int
    member_id: int
    member_name: str
    reward_id: int
    reward_name: str
    pickup: str
    offered_by: int
    institution_id: int | None
    reference: str
    quantity: int
    points_mpt: int
    entry_id: int
    state: RedemptionState
    requested_at: datetime
    due_at: datetime
    settled_at: datetime | None
    settled_by: int | None
    cancelled_by: CancelledBy | None
    reason: str | None


_REWARD = (
    select(
        *(column for column in Reward.__table__.c if column.name != "created_at"),
        Institution.short_name.label("institution_name"),
    )
    .select_from(Reward)
    .join(Institution, Institution.id == Reward.institution_id)
)
_REDEMPTION = (
    select(
        *(column for column in Redemption.__table__.c if column.name != "requested_on"),
        Member.display_name.label("member_name"),
        Reward.name.label("reward_name"),
        Reward.pickup.label("pickup"),
        Reward.institution_id.label("offered_by"),
    )
    .select_from(Redemption)
    .join(Reward, Reward.id == Redemption.reward_id)
    .join(Member, Member.id == Redemption.member_id)
)


def reward_of(
    db: Connection, reward_id: int, *, scope: Scope | None = None, lock: bool = False
) -> RewardView:
    """One reward.

    Args:
        db: any transaction.
        reward_id: which one.
        scope: only of an institution in this scope; None for any.
        lock: keep others from changing it until this transaction ends.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    query = _REWARD.where(Reward.id == reward_id)
    if scope is not None:
        query = query.where(Reward.institution_id.in_(institutions_in(scope)))
    if lock:
        query = query.with_for_update(of=Reward)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这件奖品，请返回列表重新选择。")
    return _reward(row)


def rewards_in(db: Connection, *, scope: Scope) -> list[RewardView]:
    """The rewards that the institutions of a scope offer, open ones first, then the newest."""
    rows = db.execute(
        _REWARD.where(Reward.institution_id.in_(institutions_in(scope))).order_by(
            Reward.state != OfferState.OPEN, Reward.id.desc()
        )
    )
    return [_reward(row) for row in rows.mappings()]


def offers_to(
    db: Connection, person: Person, *, today: date, after_id: int, limit: int
) -> list[Offer]:
    """What a member can choose from today, in the order of entry.

    Args:
        db: any transaction.
        person: who asks.
        today: the Asia/Shanghai day.
        after_id: the last reward of the page before; 0 for the first page.
        limit: offers on this page.
    """
    decides = Reward.institution_id if person.institution_id is None else person.institution_id
    invited = (Reward.audience == Audience.CITY) | (Reward.institution_id == person.institution_id)
    allowed = exists().where(
        InstitutionRewardPolicy.institution_id == decides, InstitutionRewardPolicy.cash_value
    )
    rows = db.execute(
        _REWARD.where(
            Reward.state == OfferState.OPEN,
            Reward.available_from <= today,
            (Reward.available_until.is_(None)) | (Reward.available_until >= today),
            invited,
            ~Reward.cash_value | allowed,
            Reward.id > after_id,
        )
        .order_by(Reward.id)
        .limit(limit)
    )
    rewards = [_reward(row) for row in rows.mappings()]
    return [Offer(reward, left_for(db, reward, person, today)) for reward in rewards]


def left_for(db: Connection, reward: RewardView, person: Person, today: date) -> int:
    """How many pieces a member may still have: of the stock, and of both limits of the period."""
    start = period_start(reward.period, today)
    left = [reward.stock_left]
    if reward.member_limit is not None:
        taken = taken_since(db, reward.id, start, member_id=person.member_id)
        left.append(reward.member_limit - taken)
    if reward.institution_limit is not None and person.institution_id is not None:
        taken = taken_since(db, reward.id, start, institution_id=person.institution_id)
        left.append(reward.institution_limit - taken)
    return max(0, min(left))


def taken_since(
    db: Connection,
    reward_id: int,
    start: date,
    *,
    member_id: int | None = None,
    institution_id: int | None = None,
) -> int:
    """Pieces of a reward that a member, or an institution's members, took since a day."""
    query = select(func.coalesce(func.sum(Redemption.quantity), 0)).where(
        Redemption.reward_id == reward_id,
        Redemption.requested_on >= start,
        Redemption.state != RedemptionState.CANCELLED,
    )
    if member_id is not None:
        query = query.where(Redemption.member_id == member_id)
    if institution_id is not None:
        query = query.where(Redemption.institution_id == institution_id)
    return int(db.scalar(query) or 0)


def cash_points_since(db: Connection, start: date, *, member_id: int) -> int:
    """What a member gave since a day for rewards that have cash value, in milli-points."""
    spent = db.scalar(
        select(func.coalesce(func.sum(Redemption.points_mpt), 0))
        .join(Reward, Reward.id == Redemption.reward_id)
        .where(
            Redemption.member_id == member_id,
            Redemption.requested_on >= start,
            Redemption.state != RedemptionState.CANCELLED,
            Reward.cash_value,
        )
    )
    return int(spent or 0)


def redemption_of(
    db: Connection,
    redemption_id: int,
    *,
    member_id: int | None = None,
    scope: Scope | None = None,
) -> RedemptionView:
    """One redemption: a member's own, or one of a reward offered in a scope.

    Raises:
        NotFoundError: there is none, or it is another's or lies outside.
    """
    query = _REDEMPTION.where(Redemption.id == redemption_id)
    if member_id is not None:
        query = query.where(Redemption.member_id == member_id)
    if scope is not None:
        query = query.where(Reward.institution_id.in_(institutions_in(scope)))
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这笔兑换，请返回列表重新打开。")
    return _redemption(row)


def redemption_by_reference(
    db: Connection, *, member_id: int, reference: str
) -> RedemptionView | None:
    """What a member's reference led to, if it led to a redemption."""
    return _own_redemption(db, member_id, Redemption.reference == reference)


def redemption_by_entry(db: Connection, *, member_id: int, entry_id: int) -> RedemptionView | None:
    """The member's redemption whose points an entry set aside, if there is one."""
    return _own_redemption(db, member_id, Redemption.entry_id == entry_id)


def _own_redemption(
    db: Connection, member_id: int, which: ColumnElement[bool]
) -> RedemptionView | None:
    query = _REDEMPTION.where(Redemption.member_id == member_id, which)
    row = db.execute(query).mappings().one_or_none()
    return None if row is None else _redemption(row)


def redemptions_of(
    db: Connection, *, member_id: int, before_id: int | None, limit: int
) -> list[RedemptionView]:
    """A member's redemptions, the newest first."""
    return _page(db, _REDEMPTION.where(Redemption.member_id == member_id), before_id, limit)


def redemptions_in(
    db: Connection,
    *,
    scope: Scope,
    state: RedemptionState | None = None,
    reward_id: int | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[RedemptionView]:
    """Redemptions of rewards that are offered in a scope, the newest first."""
    query = _REDEMPTION.where(Reward.institution_id.in_(institutions_in(scope)))
    if state is not None:
        query = query.where(Redemption.state == state)
    if reward_id is not None:
        query = query.where(Redemption.reward_id == reward_id)
    return _page(db, query, before_id, limit)


def overdue(db: Connection, *, now: datetime, limit: int) -> Sequence[tuple[int, int]]:
    """Redemptions whose time has run out, the earliest first: ids and members."""
    rows = db.execute(
        select(Redemption.id, Redemption.member_id)
        .where(Redemption.state == RedemptionState.PENDING, Redemption.due_at <= now)
        .order_by(Redemption.due_at, Redemption.id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def _page(
    db: Connection, query: Select[Any], before_id: int | None, limit: int
) -> list[RedemptionView]:
    if before_id is not None:
        query = query.where(Redemption.id < before_id)
    rows = db.execute(query.order_by(Redemption.id.desc()).limit(limit))
    return [_redemption(row) for row in rows.mappings()]


def _reward(row: Any) -> RewardView:
    values = dict(row)
    values["audience"] = Audience(values["audience"])
    values["period"] = LimitPeriod(values["period"])
    values["state"] = OfferState(values["state"])
    return RewardView(**values)


def _redemption(row: Any) -> RedemptionView:
    values = dict(row)
    values["state"] = RedemptionState(values["state"])
    by = values["cancelled_by"]
    values["cancelled_by"] = None if by is None else CancelledBy(by)
    return RedemptionView(**values)


def offer_of(db: Connection, person: Person, reward_id: int, *, today: date) -> Offer | None:
    """One reward as a member sees it; None where it is not for them."""
    reward = reward_of(db, reward_id)
    terms = terms_of(
        db,
        person,
        institution_id=reward.institution_id,
        audience=reward.audience,
        cash_value=reward.cash_value,
    )
    if not is_for(terms, person):
        return None
    return Offer(reward, left_for(db, reward, person, today))
