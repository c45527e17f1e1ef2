"""Redemptions: points set aside, a piece handed over by an attendant, or everything given back.

Whoever posts takes the member's lock first and a reward's row after it, always in this order.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import Connection, insert, update

from backend.actions.queries import evidenced_points_of
from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import SHANGHAI, business_day
from backend.ledger import spending
from backend.offers.policy import (
    Person,
    reference_taken,
    require_announced,
    require_for,
    require_on_offer,
    require_posted,
)
from backend.offers.queries import terms_of
from backend.organisations.queries import Scope
from backend.ports.keys import KeyRing
from backend.rewards import queries
from backend.rewards.codes import read_code
from backend.rewards.models import CancelledBy, Redemption, RedemptionState, Reward
from backend.rewards.policy import (
    AlreadySettledError,
    LimitReachedError,
    SoldOutError,
    hold_ends,
    period_start,
    require_evidenced,
    year_before,
)
from backend.rewards.queries import RedemptionView, RewardView


@dataclass(frozen=True, slots=True)
class Order:
    """What a member asks for: pieces of a reward, under a reference of their own."""

    reference: str
    reward_id: int
    quantity: int

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content: tells a repeat from another order."""
        return hashlib.sha256(f"redemption|{self.reward_id}|{self.quantity}".encode()).digest()


def redeem(
    db: Connection, person: Person, order: Order, *, now: datetime
) -> tuple[RedemptionView, bool]:
    """Sets points aside for pieces of a reward, or finds what the reference led to before.

    Args:
        db: the caller's transaction; after a refusal it must be rolled back.
        person: who asks.
        order: for what.
        now: the present instant.

    Returns:
        The redemption, and whether this call made it.

    Raises:
        NotFoundError: there is no such reward for this person.
        NotOnOfferError: it is not open today.
        EvidenceShortError: it has cash value, and evidenced points do not cover it.
        LimitReachedError: the member's or their institution's pieces of this period are used up.
        PointsInsufficientError: too few points.
        SoldOutError: too few pieces are left.
        ReferenceTakenError: the reference belongs to something else.
    """
    spending.lock_members(db, [person.member_id])
    earlier = queries.redemption_by_reference(
        db, member_id=person.member_id, reference=order.reference
    )
    if earlier is not None:
        if (earlier.reward_id, earlier.quantity) != (order.reward_id, order.quantity):
            raise reference_taken()
        return earlier, False
    reward = _available(db, person, order, now)
    made = spending.redeem(
        db,
        member_id=person.member_id,
        reference=order.reference,
        digest=order.digest,
        points_mpt=reward.points_mpt * order.quantity,
        on=business_day(now),
        actor_id=person.member_id,
    )
    entry_id = require_posted(made)
    _take_from_stock(db, reward, order.quantity)
    # The row of the reward is ours from here on: nobody of the same institution takes any now.
    _check_institution(db, reward, person, order.quantity, now)
    return _enter(db, person, order, reward, entry_id, now), True


def _enter(
    db: Connection,
    person: Person,
    order: Order,
    reward: RewardView,
    entry_id: int,
    now: datetime,
) -> RedemptionView:
    today = business_day(now)
    redemption_id = db.execute(
        insert(Redemption)
        .values(
            member_id=person.member_id,
            reward_id=reward.id,
            institution_id=person.institution_id,
            reference=order.reference,
            quantity=order.quantity,
            points_mpt=reward.points_mpt * order.quantity,
            entry_id=entry_id,
            state=RedemptionState.PENDING,
            requested_at=now,
            requested_on=today,
            due_at=datetime.combine(hold_ends(today, reward.hold_days), time(), SHANGHAI),
        )
        .returning(Redemption.id)
    ).scalar_one()
    return queries.redemption_of(db, redemption_id)


def _available(db: Connection, person: Person, order: Order, now: datetime) -> RewardView:
    """The reward of an order that nothing speaks against so far."""
    reward = queries.reward_of(db, order.reward_id)
    require_announced(reward.state)
    terms = terms_of(
        db,
        person,
        institution_id=reward.institution_id,
        audience=reward.audience,
        cash_value=reward.cash_value,
    )
    require_for(terms, person)
    today = business_day(now)
    require_on_offer(reward.state, reward.available_from, reward.available_until, today)
    if reward.cash_value:
        since = year_before(today)
        require_evidenced(
            reward.points_mpt * order.quantity,
            evidenced_mpt=evidenced_points_of(db, member_id=person.member_id, since=since),
            spent_mpt=queries.cash_points_since(db, since, member_id=person.member_id),
        )
    if reward.stock_left < order.quantity:
        raise _sold_out(reward.stock_left)
    start = period_start(reward.period, today)
    if reward.member_limit is not None:
        taken = queries.taken_since(db, reward.id, start, member_id=person.member_id)
        if taken + order.quantity > reward.member_limit:
            left = max(0, reward.member_limit - taken)
            raise LimitReachedError(f"本期您还可以兑换 {left} 件，请减少数量或等到下一期。")
    return reward


def _take_from_stock(db: Connection, reward: RewardView, quantity: int) -> None:
    taken = db.execute(
        update(Reward)
        .where(Reward.id == reward.id, Reward.stock_left >= quantity)
        .values(stock_left=Reward.stock_left - quantity)
        .returning(Reward.id)
    ).one_or_none()
    if taken is None:
        raise _sold_out(queries.reward_of(db, reward.id).stock_left)


def _sold_out(left: int) -> SoldOutError:
    if left:
        return SoldOutError(f"库存只剩 {left} 件，请减少数量。")
    return SoldOutError("这件奖品已兑完，请选择其他奖品。")


def _check_institution(
    db: Connection, reward: RewardView, person: Person, quantity: int, now: datetime
) -> None:
    if reward.institution_limit is None or person.institution_id is None:
        return
    start = period_start(reward.period, business_day(now))
    taken = queries.taken_since(db, reward.id, start, institution_id=person.institution_id)
    if taken + quantity > reward.institution_limit:
        left = max(0, reward.institution_limit - taken)
        raise LimitReachedError(f"本期您所在单位还可以兑换 {left} 件，请减少数量或等到下一期。")


def cancel_own(
    db: Connection, *, member_id: int, redemption_id: int, now: datetime
) -> RedemptionView:
    """Gives a member's own redemption back; one given back before stays as it is.

    Raises:
        NotFoundError: the member has no such redemption.
        AlreadySettledError: it was handed over.
    """
    queries.redemption_of(db, redemption_id, member_id=member_id)
    spending.lock_members(db, [member_id])
    found = queries.redemption_of(db, redemption_id, member_id=member_id)
    if found.state is RedemptionState.CANCELLED:
        return found
    return _cancel(db, found, by=CancelledBy.MEMBER, actor_id=member_id, reason=None, now=now)


def cancel_for(
    db: Connection,
    *,
    scope: Scope,
    redemption_id: int,
    actor_id: int,
    reason: str,
    now: datetime,
) -> RedemptionView:
    """The programme gives a redemption back, and says why. Points that ended meanwhile return.

    Raises:
        NotFoundError: it does not exist or its reward is offered outside the scope.
        AlreadySettledError: it was handed over or given back before.
    """
    found = queries.redemption_of(db, redemption_id, scope=scope)
    spending.lock_members(db, [found.member_id])
    found = queries.redemption_of(db, redemption_id, scope=scope)
    done = _cancel(db, found, by=CancelledBy.PROGRAMME, actor_id=actor_id, reason=reason, now=now)
    record(
        db,
        tag=Tag.REDEMPTION_CANCEL,
        actor_id=actor_id,
        object_type="redemption",
        object_id=redemption_id,
        before={"state": found.state},
        after={"state": done.state, "reason": reason, "points_mpt": done.points_mpt},
        at=now,
    )
    return done


def time_out(db: Connection, *, now: datetime, limit: int) -> int:
    """Gives back redemptions whose time has run out; returns how many were looked at."""
    due = queries.overdue(db, now=now, limit=limit)
    spending.lock_members(db, {member_id for _, member_id in due})
    for redemption_id, _ in due:
        found = queries.redemption_of(db, redemption_id)
        if found.state is RedemptionState.PENDING:
            _cancel(db, found, by=CancelledBy.TIMEOUT, actor_id=None, reason=None, now=now)
    return len(due)


def scanned(
    db: Connection, keys: KeyRing, text: str, *, scope: Scope, now: datetime
) -> RedemptionView:
    """The redemption behind a code that an attendant scanned; changes nothing.

    Raises:
        RedemptionCodeError: the code is none, forged or too old.
        NotFoundError: the reward is not offered in the attendant's scope.
    """
    return queries.redemption_of(db, read_code(keys, text, now), scope=scope)


def fulfil(
    db: Connection, keys: KeyRing, text: str, *, scope: Scope, actor_id: int, now: datetime
) -> RedemptionView:
    """An attendant hands over what the member's code stands for; once.

    Args:
        db: the caller's transaction.
        keys: the installation's.
        text: the code as scanned.
        scope: what the attendant may hand out.
        actor_id: the attendant.
        now: the present instant.

    Raises:
        RedemptionCodeError: the code is none, forged or too old.
        NotFoundError: the reward is not offered in the attendant's scope.
        AlreadySettledError: it was handed over or given back before.
    """
    found = scanned(db, keys, text, scope=scope, now=now)
    spending.lock_members(db, [found.member_id])
    found = queries.redemption_of(db, found.id, scope=scope)
    if found.state is not RedemptionState.PENDING:
        raise _settled(found)
    made = spending.fulfil(
        db,
        redemption_id=found.entry_id,
        reward=str(found.reward_id),
        on=business_day(now),
        actor_id=actor_id,
    )
    require_posted(made)
    _settle(db, found, RedemptionState.FULFILLED, actor_id, now)
    record(
        db,
        tag=Tag.REDEMPTION_FULFIL,
        actor_id=actor_id,
        object_type="redemption",
        object_id=found.id,
        before={"state": found.state},
        after={"state": RedemptionState.FULFILLED, "points_mpt": found.points_mpt},
        at=now,
    )
    return queries.redemption_of(db, found.id)


def _cancel(
    db: Connection,
    found: RedemptionView,
    *,
    by: CancelledBy,
    actor_id: int | None,
    reason: str | None,
    now: datetime,
) -> RedemptionView:
    """Gives points and pieces back; the caller holds the member's lock."""
    if found.state is not RedemptionState.PENDING:
        raise _settled(found)
    made = spending.cancel(
        db,
        redemption_id=found.entry_id,
        on=business_day(now),
        actor_id=actor_id,
        forgive=by is CancelledBy.PROGRAMME,
    )
    require_posted(made)
    db.execute(
        update(Reward)
        .where(Reward.id == found.reward_id)
        .values(stock_left=Reward.stock_left + found.quantity)
    )
    _settle(db, found, RedemptionState.CANCELLED, actor_id, now, by=by, reason=reason)
    return queries.redemption_of(db, found.id)


def _settle(
    db: Connection,
    found: RedemptionView,
    state: RedemptionState,
    actor_id: int | None,
    now: datetime,
    *,
    by: CancelledBy | None = None,
    reason: str | None = None,
) -> None:
    db.execute(
        update(Redemption)
        .where(Redemption.id == found.id)
        .values(state=state, settled_at=now, settled_by=actor_id, cancelled_by=by, reason=reason)
    )


def _settled(found: RedemptionView) -> AlreadySettledError:
    if found.state is RedemptionState.FULFILLED:
        return AlreadySettledError("这笔兑换已经领取，不能再次领取或取消。")
    return AlreadySettledError("这笔兑换已经取消，积分已退回。")
