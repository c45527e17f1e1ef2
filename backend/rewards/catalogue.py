"""What institutions offer for points: rewards and their stock.

Every change is audited. Callers see to the roles; objects are reached through a scope.
"""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.db.seen import require_unchanged
from backend.errors import FieldError, InvalidInputError
from backend.offers.policy import changes
from backend.organisations.queries import Scope
from backend.rewards import queries
from backend.rewards.models import Reward
from backend.rewards.queries import RewardDraft, RewardView


def create_reward(
    db: Connection,
    draft: RewardDraft,
    *,
    institution_id: int,
    stock: int,
    actor_id: int | None,
    now: datetime,
) -> int:
    """Enters a reward with its first stock; returns its id.

    Raises:
        InvalidInputError: the dates are in the wrong order.
    """
    _check_dates(draft)
    values = asdict(draft)
    reward_id = db.execute(
        insert(Reward)
        .values(
            **values,
            institution_id=institution_id,
            stock_total=stock,
            stock_left=stock,
            created_at=now,
        )
        .returning(Reward.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.REWARD_CREATE,
        actor_id=actor_id,
        object_type="reward",
        object_id=reward_id,
        after={**values, "institution_id": institution_id, "stock_total": stock},
        at=now,
    )
    return reward_id


def change_reward(
    db: Connection,
    reward_id: int,
    draft: RewardDraft,
    *,
    scope: Scope,
    actor_id: int,
    now: datetime,
    seen: str | None = None,
) -> None:
    """Changes what is said of a reward; redemptions already made keep their price and time.

    Args:
        db: the caller's transaction.
        reward_id: which one.
        draft: what is to be said of it.
        scope: what the actor may change.
        actor_id: who changes it.
        now: the present instant.
        seen: fingerprint of what was said as the actor saw it (`backend.db.seen`).

    Raises:
        NotFoundError: there is none in the scope.
        InvalidInputError: the dates are in the wrong order.
        EditedMeanwhileError: somebody changed it since.
    """
    _check_dates(draft)
    before = queries.said_of(queries.reward_of(db, reward_id, scope=scope, lock=True))
    require_unchanged(before, seen)
    was, becomes = asdict(before), asdict(draft)
    changed = changes(was, becomes)
    if not changed:
        return
    db.execute(update(Reward).where(Reward.id == reward_id).values(**changed))
    record(
        db,
        tag=Tag.REWARD_CHANGE,
        actor_id=actor_id,
        object_type="reward",
        object_id=reward_id,
        before={name: was[name] for name in changed},
        after=changed,
        at=now,
    )


def change_stock(
    db: Connection, reward_id: int, change: int, *, scope: Scope, actor_id: int, now: datetime
) -> RewardView:
    """Puts pieces into stock, or takes out some that nobody has asked for yet.

    Raises:
        NotFoundError: there is no such reward in the scope.
        InvalidInputError: more would be taken out than are left.
    """
    before = queries.reward_of(db, reward_id, scope=scope, lock=True)
    if before.stock_left + change < 0:
        sentence = f"库存只剩 {before.stock_left} 件，最多减少 {before.stock_left} 件。"
        raise InvalidInputError(sentence, fields=[FieldError("change", "range", sentence)])
    db.execute(
        update(Reward)
        .where(Reward.id == reward_id)
        .values(stock_total=Reward.stock_total + change, stock_left=Reward.stock_left + change)
    )
    after = queries.reward_of(db, reward_id)
    record(
        db,
        tag=Tag.REWARD_STOCK,
        actor_id=actor_id,
        object_type="reward",
        object_id=reward_id,
        before={"stock_left": before.stock_left},
        after={"stock_left": after.stock_left},
        at=now,
    )
    return after


def _check_dates(draft: RewardDraft) -> None:
    if draft.available_until is not None and draft.available_until < draft.available_from:
        sentence = "截止日期不能早于开始日期，请修改。"
        raise InvalidInputError(sentence, fields=[FieldError("available_until", "range", sentence)])
