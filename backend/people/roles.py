"""Grants and revokes roles; both hold from the next request on. Callers commit."""

from datetime import datetime

from sqlalchemy import Connection, update
from sqlalchemy.dialects.postgresql import insert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.errors import InvalidInputError, field_errors
from backend.people.models import Role, RoleGrant
from backend.people.queries import Grant

# Which of (district, institution, department) a role is held over; several: exactly one of them.
_SCOPES: dict[Role, tuple[str, ...]] = {
    Role.CITY_ADMIN: (),
    Role.AUDITOR: (),
    Role.DISTRICT_MANAGER: ("district_id",),
    Role.INSTITUTION_ADMIN: ("institution_id",),
    Role.DEPARTMENT_MANAGER: ("department_id",),
    Role.ATTENDANT: ("district_id", "institution_id"),
}


class RoleScopeError(InvalidInputError):
    """The role is not held over this kind of scope."""

    code = "role_scope"


def grant_role(
    db: Connection, *, member_id: int, grant: Grant, now: datetime, actor_id: int | None = None
) -> None:
    """Gives a member a role; a grant already in force stays as it is.

    Args:
        db: the caller's transaction.
        member_id: who receives it.
        grant: the role and its scope.
        now: the instant, aware.
        actor_id: who grants it; None for operator commands.

    Raises:
        RoleScopeError: the role needs another scope, or none.
    """
    _check_scope(grant)
    values = _columns(member_id, grant)
    grant_id = db.execute(
        insert(RoleGrant)
        .values(**values, granted_at=now, granted_by=actor_id)
        .on_conflict_do_nothing()
        .returning(RoleGrant.id)
    ).scalar_one_or_none()
    if grant_id is not None:
        record(
            db,
            tag=Tag.ROLE_GRANT,
            actor_id=actor_id,
            object_type="role_grant",
            object_id=grant_id,
            after=values,
            at=now,
        )


def revoke_role(
    db: Connection, *, member_id: int, grant: Grant, now: datetime, actor_id: int | None = None
) -> bool:
    """Takes a role from a member; False when it was not in force."""
    values = _columns(member_id, grant)
    grant_id = db.execute(
        update(RoleGrant)
        .where(
            RoleGrant.revoked_at.is_(None),
            *(getattr(RoleGrant, name).is_not_distinct_from(it) for name, it in values.items()),
        )
        .values(revoked_at=now)
        .returning(RoleGrant.id)
    ).scalar_one_or_none()
    if grant_id is None:
        return False
    record(
        db,
        tag=Tag.ROLE_REVOKE,
        actor_id=actor_id,
        object_type="role_grant",
        object_id=grant_id,
        before=values,
        at=now,
    )
    return True


def _columns(member_id: int, grant: Grant) -> dict[str, int | str | None]:
    return {
        "member_id": member_id,
        "role": grant.role.value,
        "district_id": grant.district_id,
        "institution_id": grant.institution_id,
        "department_id": grant.department_id,
    }


def _check_scope(grant: Grant) -> None:
    given = [
        name
        for name in ("district_id", "institution_id", "department_id")
        if getattr(grant, name) is not None
    ]
    wanted = _SCOPES[grant.role]
    if len(given) != min(len(wanted), 1) or not set(given) <= set(wanted):
        sentence = "角色与管理范围不相符，请重新选择范围。"
        raise RoleScopeError(sentence, fields=field_errors({"role": sentence}, RoleScopeError.code))
