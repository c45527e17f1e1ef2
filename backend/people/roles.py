"""Grants and revokes roles; both hold from the next request on. Callers commit.

There is always a city administrator: the last one without an end date, whose account is open,
keeps the role and the account.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, DateTime, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import SHANGHAI, business_day
from backend.errors import DomainError, ErrorKind, InvalidInputError, field_errors
from backend.people.models import Member, Role, RoleGrant
from backend.people.queries import Grant

_ADMINISTRATORS_LOCK: Final = 0x61646D696E  # "admin"
# Which of (district, institution, department) a role is held over; several: exactly one of them.
SCOPES: Final[dict[Role, tuple[str, ...]]] = {
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


class RoleTermError(InvalidInputError):
    """A role ends before it begins, or has ended already."""

    code = "role_term"


class LastAdministratorError(DomainError):
    """Nobody else runs the city: this administrator keeps the role and the account."""

    code = "last_administrator"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class RoleTerm:
    """From which day on a role is held and why; `until` is the first day without it."""

    since: date
    until: date | None = None
    reason: str | None = None


def grant_role(
    db: Connection,
    *,
    member_id: int,
    grant: Grant,
    now: datetime,
    actor_id: int | None = None,
    term: RoleTerm | None = None,
) -> int | None:
    """Gives a member a role; returns its id, or None where one that stands is left as it is.

    Args:
        db: the caller's transaction.
        member_id: who receives it.
        grant: the role and its scope.
        now: the instant, aware.
        actor_id: who grants it; None for operator commands.
        term: when it is held; from today on without an end where nothing is said.

    Raises:
        RoleScopeError: the role needs another scope, or none.
        RoleTermError: it would end before it begins, or has ended.
    """
    check_scope(grant)
    held = term or RoleTerm(business_day(now))
    check_term(held, on=business_day(now))
    values = _columns(member_id, grant)
    _close_ended(db, values, on=business_day(now))
    grant_id = db.execute(
        insert(RoleGrant)
        .values(
            **values,
            valid_from=held.since,
            valid_until=held.until,
            reason=held.reason,
            granted_at=now,
            granted_by=actor_id,
        )
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
            after={
                **values,
                "valid_from": held.since,
                "valid_until": held.until,
                "reason": held.reason,
            },
            at=now,
        )
    return grant_id


def _close_ended(db: Connection, values: dict[str, int | str | None], *, on: date) -> None:
    """A role that has run out makes room for the same one again."""
    db.execute(
        update(RoleGrant)
        .where(*_same(values), RoleGrant.revoked_at.is_(None), RoleGrant.valid_until <= on)
        .values(revoked_at=func.timezone(SHANGHAI.key, cast(RoleGrant.valid_until, DateTime)))
    )


def _same(values: dict[str, int | str | None]) -> list[ColumnElement[bool]]:
    return [getattr(RoleGrant, name).is_not_distinct_from(it) for name, it in values.items()]


def is_administrator(db: Connection, *, member_id: int) -> bool:
    """Whether a member holds the city administrator's role, in force or to come."""
    held = exists().where(
        RoleGrant.member_id == member_id,
        RoleGrant.role == Role.CITY_ADMIN.value,
        RoleGrant.revoked_at.is_(None),
    )
    return bool(db.scalar(select(held)))


def keep_an_administrator(db: Connection, *, without: int, on: date) -> None:
    """Sees that somebody else runs the city for good; two who ask at once wait for each other.

    Args:
        db: the transaction that takes the role or closes the account.
        without: the member who will not count any more.
        on: the Asia/Shanghai day.

    Raises:
        LastAdministratorError: nobody else does.
    """
    db.execute(select(func.pg_advisory_xact_lock(_ADMINISTRATORS_LOCK)))
    others = exists().where(
        RoleGrant.role == Role.CITY_ADMIN.value,
        RoleGrant.member_id != without,
        RoleGrant.revoked_at.is_(None),
        RoleGrant.valid_from <= on,
        RoleGrant.valid_until.is_(None),
        Member.id == RoleGrant.member_id,
        Member.deactivated_at.is_(None),
        Member.erased_at.is_(None),
    )
    if not db.scalar(select(others)):
        raise LastAdministratorError(
            "这是最后一名长期有效的市级管理员，请先授予另一人不设截止日期的市级管理员角色。"
        )


def revoke_role(
    db: Connection,
    *,
    member_id: int,
    grant: Grant,
    now: datetime,
    actor_id: int | None = None,
    reason: str | None = None,
) -> bool:
    """Takes a role from a member; False when it was not in force.

    Raises:
        LastAdministratorError: nobody else would run the city.
    """
    if grant.role is Role.CITY_ADMIN:
        keep_an_administrator(db, without=member_id, on=business_day(now))
    values = _columns(member_id, grant)
    grant_id = db.execute(
        update(RoleGrant)
        .where(RoleGrant.revoked_at.is_(None), *_same(values))
        .values(revoked_at=now, revoked_by=actor_id, revoked_reason=reason)
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
        after={"reason": reason} if reason else None,
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


def check_term(term: RoleTerm, *, on: date) -> None:
    """Sees that a role lasts at least a day that has not passed.

    Raises:
        RoleTermError: it does not.
    """
    if term.until is not None and term.until <= max(term.since, on):
        sentence = "截止日期应晚于起始日期和今天，请重新填写。"
        raise RoleTermError(sentence, fields=field_errors({"until": sentence}, RoleTermError.code))


def check_scope(grant: Grant) -> None:
    """Sees that a role is held over the right kind of thing.

    Raises:
        RoleScopeError: it needs another scope, or none.
    """
    given = [
        name
        for name in ("district_id", "institution_id", "department_id")
        if getattr(grant, name) is not None
    ]
    wanted = SCOPES[grant.role]
    if len(given) != min(len(wanted), 1) or not set(given) <= set(wanted):
        sentence = "角色与管理范围不相符，请重新选择范围。"
        raise RoleScopeError(sentence, fields=field_errors({"role": sentence}, RoleScopeError.code))
