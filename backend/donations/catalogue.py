"""What institutions collect for: causes.

Every change is audited. Callers see to the roles; objects are reached through a scope.
"""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.db.seen import require_unchanged
from backend.donations.models import Cause
from backend.donations.queries import CauseDraft, cause_of
from backend.errors import FieldError, InvalidInputError
from backend.offers.policy import changes
from backend.organisations.queries import Scope


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


def _check_takes(draft: CauseDraft) -> None:
    if not (draft.takes_points or draft.takes_reductions):
        sentence = "请至少选择接受积分或减排量中的一项。"
        raise InvalidInputError(sentence, fields=[FieldError("takes_points", "missing", sentence)])
