"""The switch for cash value: whether an institution's members may be given what is worth money."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.offers.models import InstitutionRewardPolicy
from backend.offers.queries import cash_allowed
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in


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
    before = institution_id in cash_allowed(db, [institution_id])
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
