"""Acts against an administrator: one asks for them, another one consents. Callers commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.people.closing import deactivate_member
from backend.people.console_models import GraveAct, SecondConsent
from backend.people.models import Member
from backend.people.role_queries import role_given
from backend.people.roles import keep_an_administrator, revoke_role

ACTS: Final = {GraveAct.ACCOUNT_CLOSE: "停用账号", GraveAct.ROLE_TAKE: "收回市级管理员角色"}


class OwnRequestError(DomainError):
    """Whoever asked for the act cannot consent to it as well."""

    code = "own_request"
    kind = ErrorKind.FORBIDDEN


class AskedAlreadyError(DomainError):
    """The same act waits for a second administrator already."""

    code = "asked_already"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class OpenConsent:
    """An act that waits for a second administrator."""

    id: int
    act: GraveAct
    member_id: int
    member_name: str
    grant_id: int | None
    reason: str
    asked_at: datetime
    asked_by: int
    asker: str

    @property
    def what(self) -> str:
        """The act, in Chinese."""
        return ACTS[self.act]


def ask(
    db: Connection,
    *,
    act: GraveAct,
    member_id: int,
    grant_id: int | None = None,
    reason: str,
    actor_id: int,
    now: datetime,
) -> int:
    """Asks a second administrator to consent; returns the id of the request.

    Args:
        db: the caller's transaction.
        act: what shall be done.
        member_id: to whom.
        grant_id: the role, where one shall be taken.
        reason: why.
        actor_id: who asks.
        now: the instant, aware.

    Raises:
        LastAdministratorError: it could never be done: nobody else would run the city.
        AskedAlreadyError: it was asked for before and waits.
    """
    keep_an_administrator(db, without=member_id, on=business_day(now))
    values = {"act": act.value, "member_id": member_id, "grant_id": grant_id, "reason": reason}
    consent_id = db.execute(
        insert(SecondConsent)
        .values(**values, asked_at=now, asked_by=actor_id)
        .on_conflict_do_nothing()
        .returning(SecondConsent.id)
    ).scalar_one_or_none()
    if consent_id is None:
        raise AskedAlreadyError("这件事已在等待另一名市级管理员同意，无需重复提请。")
    _record(db, Tag.CONSENT_ASK, consent_id, actor_id, now, values)
    return consent_id


def open_consents(db: Connection, *, member_id: int | None = None) -> list[OpenConsent]:
    """What waits for a second administrator, the earliest first; of one member, or of all."""
    asker = aliased(Member)
    query = (
        select(
            SecondConsent.id,
            SecondConsent.act,
            SecondConsent.member_id,
            Member.display_name,
            SecondConsent.grant_id,
            SecondConsent.reason,
            SecondConsent.asked_at,
            SecondConsent.asked_by,
            asker.display_name,
        )
        .join(Member, Member.id == SecondConsent.member_id)
        .join(asker, asker.id == SecondConsent.asked_by)
        .where(SecondConsent.decided_at.is_(None))
        .order_by(SecondConsent.id)
    )
    if member_id is not None:
        query = query.where(SecondConsent.member_id == member_id)
    return [OpenConsent(row[0], GraveAct(row[1]), *row[2:]) for row in db.execute(query)]


def open_consent(db: Connection, *, consent_id: int) -> OpenConsent:
    """One act that waits.

    Raises:
        NotFoundError: no such request, or it was decided.
    """
    for found in open_consents(db):
        if found.id == consent_id:
            return found
    raise NotFoundError("没有找到这项待同意的申请，可能已由他人处理，请刷新列表。")


def decide(
    db: Connection, *, consent_id: int, agreed: bool, actor_id: int, now: datetime
) -> OpenConsent:
    """Consents to an act, which is done at once, or declines it.

    Args:
        db: the caller's transaction.
        consent_id: which request.
        agreed: whether the act is done.
        actor_id: another administrator than the one who asked; the one concerned may agree too.
        now: the instant, aware.

    Raises:
        NotFoundError: no such request, or somebody else decided it first.
        OwnRequestError: the actor asked for it; taking a request back is declining it.
        LastAdministratorError: nobody else would run the city any more.
    """
    found = open_consent(db, consent_id=consent_id)
    if agreed and found.asked_by == actor_id:
        raise OwnRequestError("不能同意自己提请的事项，请由另一名市级管理员处理。")
    decided = db.execute(
        update(SecondConsent)
        .where(SecondConsent.id == consent_id, SecondConsent.decided_at.is_(None))
        .values(decided_at=now, decided_by=actor_id, agreed=agreed)
        .returning(SecondConsent.id)
    ).scalar_one_or_none()
    if decided is None:
        raise NotFoundError("这项申请刚刚已由他人处理，请刷新列表。")
    tag = Tag.CONSENT_AGREE if agreed else Tag.CONSENT_REFUSE
    _record(db, tag, consent_id, actor_id, now, {"act": found.act, "member_id": found.member_id})
    if agreed:
        _do(db, found, actor_id, now)
    return found


def _do(db: Connection, found: OpenConsent, actor_id: int, now: datetime) -> None:
    if found.grant_id is None:
        deactivate_member(db, member_id=found.member_id, now=now, actor_id=actor_id)
        return
    given = role_given(db, grant_id=found.grant_id)
    if given.revoked_at is None:
        revoke_role(
            db,
            member_id=found.member_id,
            grant=given.grant,
            now=now,
            actor_id=actor_id,
            reason=found.reason,
        )


def _record(
    db: Connection,
    tag: Tag,
    consent_id: int,
    actor_id: int,
    now: datetime,
    after: Mapping[str, object],
) -> None:
    record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="second_consent",
        object_id=consent_id,
        after=after,
        at=now,
    )
