"""What institutions offer: rewards and their stock, causes, and the switch for cash value.

Every change is audited. Callers see to the roles; objects are reached through a scope.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.db.seen import require_unchanged
from backend.errors import FieldError, InvalidInputError, NotFoundError
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in
from backend.rewards import queries
from backend.rewards.models import Cause, InstitutionRewardPolicy, OfferState, Reward
from backend.rewards.policy import changes
from backend.rewards.queries import RewardDraft, RewardView


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseDraft:
    """What whoever runs a cause says of it."""

    name: str
    description: str
    takes_points: bool
    takes_reductions: bool
    state: OfferState


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseView(CauseDraft):
    """A cause as it stands, with the short name of the institution that runs it."""

    id: int
    institution_id: int
    institution_name: str


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


@dataclass(frozen=True, slots=True)
class CashSwitch:
    """Whether an institution's members may be given what has cash value, and since when."""

    institution_id: int
    name: str
    allowed: bool
    changed_at: datetime | None


def cash_switches(db: Connection, *, scope: Scope) -> list[CashSwitch]:
    """The switch of each institution of a scope, those switched on first."""
    policy = InstitutionRewardPolicy
    rows = db.execute(
        select(Institution.id, Institution.name, policy.cash_value, policy.changed_at)
        .outerjoin(policy, policy.institution_id == Institution.id)
        .where(Institution.id.in_(institutions_in(scope)), Institution.closed_on.is_(None))
        .order_by(policy.cash_value.desc().nulls_last(), Institution.name)
    )
    return [CashSwitch(row[0], row[1], bool(row[2]), row[3]) for row in rows]


def switch_cash_value(
    db: Connection, institution_id: int, *, allowed: bool, actor_id: int | None, now: datetime
) -> None:
    """Decides whether an institution's members may be given what has cash value."""
    before = institution_id in queries.cash_allowed(db, [institution_id])
    if before == allowed:
        return
    values = {"cash_value": allowed, "changed_at": now, "changed_by": actor_id}
    db.execute(
        upsert(InstitutionRewardPolicy)
        .values(institution_id=institution_id, **values)
        .on_conflict_do_update(index_elements=["institution_id"], set_=values)
    )
    record(
        db,
        tag=Tag.CASH_VALUE_SWITCH,
        actor_id=actor_id,
        object_type="institution",
        object_id=institution_id,
        before={"cash_value": before},
        after={"cash_value": allowed},
        at=now,
    )


def create_cause(
    db: Connection,
    draft: CauseDraft,
    *,
    institution_id: int,
    actor_id: int | None,
    now: datetime,
) -> int:
    """Enters a cause; returns its id.

    Raises:
        InvalidInputError: it would take neither points nor reductions.
    """
    _check_takes(draft)
    values = asdict(draft)
    cause_id = db.execute(
        insert(Cause)
        .values(**values, institution_id=institution_id, created_at=now)
        .returning(Cause.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.CAUSE_CREATE,
        actor_id=actor_id,
        object_type="cause",
        object_id=cause_id,
        after={**values, "institution_id": institution_id},
        at=now,
    )
    return cause_id


def change_cause(
    db: Connection,
    cause_id: int,
    draft: CauseDraft,
    *,
    scope: Scope,
    actor_id: int,
    now: datetime,
    seen: str | None = None,
) -> None:
    """Changes what is said of a cause; what was given stays given.

    Args:
        db: the caller's transaction.
        cause_id: which one.
        draft: what is to be said of it.
        scope: what the actor may change.
        actor_id: who changes it.
        now: the present instant.
        seen: fingerprint of the cause as the actor saw it (`backend.db.seen`).

    Raises:
        NotFoundError: there is none in the scope.
        InvalidInputError: it would take neither points nor reductions.
        EditedMeanwhileError: somebody changed it since.
    """
    _check_takes(draft)
    before = cause_of(db, cause_id, scope=scope, lock=True)
    require_unchanged(before, seen)
    becomes = asdict(draft)
    was = {name: getattr(before, name) for name in becomes}
    changed = changes(was, becomes)
    if not changed:
        return
    db.execute(update(Cause).where(Cause.id == cause_id).values(**changed))
    record(
        db,
        tag=Tag.CAUSE_CHANGE,
        actor_id=actor_id,
        object_type="cause",
        object_id=cause_id,
        before={name: was[name] for name in changed},
        after=changed,
        at=now,
    )


_CAUSE = (
    select(
        *(column for column in Cause.__table__.c if column.name != "created_at"),
        Institution.short_name.label("institution_name"),
    )
    .select_from(Cause)
    .join(Institution, Institution.id == Cause.institution_id)
)


def cause_of(
    db: Connection, cause_id: int, *, scope: Scope | None = None, lock: bool = False
) -> CauseView:
    """One cause; of an institution in the scope, where one is given.

    Args:
        db: any transaction.
        cause_id: which one.
        scope: only of an institution in this scope; None for any.
        lock: keep others from changing it until this transaction ends.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    query = _CAUSE.where(Cause.id == cause_id)
    if scope is not None:
        query = query.where(Cause.institution_id.in_(institutions_in(scope)))
    if lock:
        query = query.with_for_update(of=Cause)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这个捐赠项目，请返回列表重新选择。")
    return _cause(row)


def open_causes(db: Connection) -> list[CauseView]:
    """Every cause that takes something today."""
    rows = db.execute(_CAUSE.where(Cause.state == OfferState.OPEN).order_by(Cause.id))
    return [_cause(row) for row in rows.mappings()]


def causes_in(db: Connection, *, scope: Scope) -> list[CauseView]:
    """The causes that the institutions of a scope run, open ones first."""
    rows = db.execute(
        _CAUSE.where(Cause.institution_id.in_(institutions_in(scope))).order_by(
            Cause.state != OfferState.OPEN, Cause.id.desc()
        )
    )
    return [_cause(row) for row in rows.mappings()]


def _cause(row: Any) -> CauseView:
    return CauseView(**{**row, "state": OfferState(row["state"])})


def _check_dates(draft: RewardDraft) -> None:
    if draft.available_until is not None and draft.available_until < draft.available_from:
        sentence = "截止日期不能早于开始日期，请修改。"
        raise InvalidInputError(sentence, fields=[FieldError("available_until", "range", sentence)])


def _check_takes(draft: CauseDraft) -> None:
    if not (draft.takes_points or draft.takes_reductions):
        sentence = "请至少选择接受积分或减排量中的一项。"
        raise InvalidInputError(sentence, fields=[FieldError("takes_points", "missing", sentence)])
