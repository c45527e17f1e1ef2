"""Closes accounts and opens them again. Callers commit."""

from datetime import datetime

from sqlalchemy import Connection, func, update
from sqlalchemy.exc import IntegrityError

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.people.models import Member
from backend.people.roles import is_administrator, keep_an_administrator
from backend.people.service import revoke_all


class PhoneInUseError(DomainError):
    """Another account in use has the phone of the one to be opened again."""

    code = "phone_in_use"
    kind = ErrorKind.CONFLICT


def deactivate_member(
    db: Connection,
    *,
    member_id: int,
    now: datetime,
    actor_id: int | None,
    reason: str | None = None,
) -> None:
    """Closes an account: no login, no token of it is valid from now on. Repeating is harmless.

    Raises:
        NotFoundError: there is no such member.
        LastAdministratorError: nobody else would run the city.
    """
    if is_administrator(db, member_id=member_id):
        keep_an_administrator(db, without=member_id, on=business_day(now))
    closed = db.execute(
        update(Member)
        .where(Member.id == member_id)
        .values(deactivated_at=func.coalesce(Member.deactivated_at, now))
        .returning(Member.id)
    ).one_or_none()
    if closed is None:
        raise NotFoundError("没有找到该成员，请刷新后重试。")
    revoke_all(db, member_id=member_id, now=now, actor_id=actor_id)
    record(
        db,
        tag=Tag.MEMBER_DEACTIVATE,
        actor_id=actor_id,
        object_type="member",
        object_id=member_id,
        after={"reason": reason} if reason else None,
        at=now,
    )


def reactivate_member(
    db: Connection, *, member_id: int, now: datetime, actor_id: int | None, reason: str
) -> None:
    """Opens a closed account again: its roles and points are as they were. Repeating is harmless.

    Raises:
        NotFoundError: there is no such member.
        PhoneInUseError: another account in use has its phone.
    """
    try:
        with db.begin_nested():
            opened = db.execute(
                update(Member)
                .where(Member.id == member_id, Member.erased_at.is_(None))
                .values(deactivated_at=None)
                .returning(Member.id)
            ).one_or_none()
    except IntegrityError as error:
        raise PhoneInUseError(
            "这个账号的手机号已登记在另一个使用中的账号上，请先停用另一个账号，再恢复这个账号。"
        ) from error
    if opened is None:
        raise NotFoundError("没有找到该成员，请刷新后重试。")
    record(
        db,
        tag=Tag.MEMBER_REOPEN,
        actor_id=actor_id,
        object_type="member",
        object_id=member_id,
        after={"reason": reason},
        at=now,
    )
