"""Requests to be bound as a person on a roster, and objections to somebody else being it.

Who cannot show the phone by WeChat, or finds the person bound to another account, asks; an
administrator of the institution looks at the person and decides. Callers commit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.organisations.models import Department, Institution
from backend.people.access import institution_in_scope
from backend.people.administration import MANAGERS, AccountAboveError, managed_member, may_manage
from backend.people.memberships import lock_member
from backend.people.models import Member, RosterEntry, RosterRequest
from backend.people.queries import Actor, member_view
from backend.people.roster_binding import (
    RosterEntryBoundError,
    RosterPerson,
    Statement,
    bind_person,
    person_of,
    person_said,
    unbind_person,
)
from backend.ports.keys import KeyRing


class RequestDecidedError(DomainError):
    """Somebody else decided first, or the roster changed meanwhile."""

    code = "roster_request_decided"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """A member's request; `released` is None while it is open."""

    id: int
    institution_name: str
    staff_number: str
    objection: bool
    opened_at: datetime
    decided_at: datetime | None
    released: bool | None


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What an administrator decides on.

    Attributes:
        id: of the request.
        institution_id: whose roster.
        staff_number: 工号 of the person.
        name: of the person, as the roster has it.
        department_name: of the person.
        member_id: who asks.
        member_name: as the account is called.
        phone_verified: WeChat says that the person's phone is theirs.
        opened_at: when.
        bound_member_id: to whom the person is bound: an objection. None: nobody.
        bound_member_name: as that account is called.
    """

    id: int
    institution_id: int
    staff_number: str
    name: str
    department_name: str
    member_id: int
    member_name: str
    phone_verified: bool
    opened_at: datetime
    bound_member_id: int | None
    bound_member_name: str | None


def open_request(
    db: Connection, *, member_id: int, said: Statement, keys: KeyRing, now: datetime
) -> int:
    """Asks the institution's administrator; returns the request's id. Repeating is harmless.

    Call `count_attempt` before.

    Raises:
        CreditCodeError: the institution's code is misspelt.
        PhoneError: not a mobile number.
        RosterMismatchError: nobody on the roster today has this number and phone.
        RosterEntryBoundError: the member is bound as this person already.
    """
    lock_member(db, member_id)
    person = person_said(db, said, keys=keys, now=now)
    if person.bound_member_id == member_id:
        raise RosterEntryBoundError("您已经绑定为名册中的这名人员，无需申请。")
    opened = db.execute(
        insert(RosterRequest)
        .values(
            roster_entry_id=person.id,
            member_id=member_id,
            phone_verified=said.phone_verified,
            opened_at=now,
        )
        .on_conflict_do_nothing()
        .returning(RosterRequest.id)
    ).scalar_one_or_none()
    if opened is None:
        same = select(RosterRequest.id).where(
            RosterRequest.roster_entry_id == person.id,
            RosterRequest.member_id == member_id,
            RosterRequest.decided_at.is_(None),
        )
        return db.scalars(same).one()
    _record(db, Tag.ROSTER_REQUEST_OPEN, opened, member_id, now)
    return opened


def requests_of(db: Connection, *, member_id: int) -> tuple[OwnRequest, ...]:
    """A member's requests, newest first."""
    other = (RosterEntry.bound_member_id.is_not(None)) & (RosterEntry.bound_member_id != member_id)
    rows = db.execute(
        select(
            RosterRequest.id,
            Institution.name.label("institution_name"),
            RosterEntry.staff_number,
            other.label("objection"),
            RosterRequest.opened_at,
            RosterRequest.decided_at,
            RosterRequest.released,
        )
        .join(RosterEntry, RosterEntry.id == RosterRequest.roster_entry_id)
        .join(Institution, Institution.id == RosterEntry.institution_id)
        .where(RosterRequest.member_id == member_id)
        .order_by(RosterRequest.id.desc())
        .limit(20)
    )
    return tuple(OwnRequest(*row) for row in rows)


def open_requests(db: Connection, *, institution_id: int) -> tuple[OpenRequest, ...]:
    """What waits for a decision in an institution, oldest first."""
    waiting = _ASKED.where(
        RosterEntry.institution_id == institution_id, RosterRequest.decided_at.is_(None)
    )
    return tuple(OpenRequest(*row) for row in db.execute(waiting.order_by(RosterRequest.id)))


def managed_request(db: Connection, actor: Actor, request_id: int) -> OpenRequest:
    """An open request to an institution that the actor manages.

    Raises:
        NotFoundError: no such request, or outside.
        RequestDecidedError: it is decided.
    """
    row = db.execute(_ASKED.where(RosterRequest.id == request_id)).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这项申请，请刷新后重试。")
    found = OpenRequest(*row)
    institution_in_scope(db, actor, found.institution_id, roles=MANAGERS)
    decided = select(RosterRequest.decided_at).where(RosterRequest.id == request_id)
    if db.scalar(decided) is not None:
        raise _decided()
    return found


def release_request(db: Connection, actor: Actor, request_id: int, *, now: datetime) -> None:
    """Binds who asked, and parts the person from the account that was bound to it before.

    Raises:
        NotFoundError: no such request, or outside.
        AccountAboveError: the request is the actor's own, or the account that would lose the
            person is not theirs to manage.
        RequestDecidedError: somebody else was quicker.
        PhoneTakenError: another account has the phone.
        AlreadyMemberError: who asked belongs to another institution.
    """
    asked = managed_request(db, actor, request_id)
    if asked.member_id == actor.member_id:
        raise AccountAboveError("不能放行自己的申请，请联系上一级管理员。")
    for member_id in sorted({asked.member_id, asked.bound_member_id or asked.member_id}):
        lock_member(db, member_id)
    _decide(db, asked, actor, now, released=True)
    person = _person(db, asked)
    if asked.bound_member_id is not None:
        _require_managed(db, actor, asked.bound_member_id, now)
        unbind_person(db, person, now=now, actor_id=actor.member_id)
    bind_person(db, person, member_id=asked.member_id, now=now, actor_id=actor.member_id)


def dismiss_request(db: Connection, actor: Actor, request_id: int, *, now: datetime) -> None:
    """Ends a request without binding anybody.

    Raises:
        NotFoundError: no such request, or outside.
        RequestDecidedError: somebody else was quicker.
    """
    asked = managed_request(db, actor, request_id)
    _decide(db, asked, actor, now, released=False)


def unbind_member(db: Connection, actor: Actor, member_id: int, *, now: datetime) -> None:
    """Parts an account from the people on rosters it is bound as, within the actor's reach.

    Repeating is harmless.

    Raises:
        NotFoundError: neither the account nor a person it is bound as is within reach.
        AccountAboveError: it is not the actor's to manage.
    """
    entries = bound_entries(db, actor, member_id)
    if not entries:
        managed_member(db, actor, member_id, now=now)
        return
    _require_managed(db, actor, member_id, now)
    lock_member(db, member_id)
    for entry_id in entries:
        person = person_of(db, entry_id)
        if person.bound_member_id == member_id:
            unbind_person(db, person, now=now, actor_id=actor.member_id)


def bound_entries(db: Connection, actor: Actor, member_id: int) -> tuple[int, ...]:
    """The roster entries a member is bound to, in institutions that the actor manages."""
    rows = db.execute(
        select(RosterEntry.id, RosterEntry.institution_id).where(
            RosterEntry.bound_member_id == member_id
        )
    )
    return tuple(row.id for row in rows if _manages(db, actor, row.institution_id))


def _manages(db: Connection, actor: Actor, institution_id: int) -> bool:
    try:
        institution_in_scope(db, actor, institution_id, roles=MANAGERS)
    except NotFoundError:
        return False
    return True


def _require_managed(db: Connection, actor: Actor, member_id: int, now: datetime) -> None:
    member = member_view(db, member_id=member_id, on=business_day(now))
    if not may_manage(db, actor, member, now=now):
        raise AccountAboveError(
            "不能解除自己的账号，或持有同级以上角色的账号的绑定，请联系上一级管理员。"
        )


def _person(db: Connection, asked: OpenRequest) -> RosterPerson:
    """The person asked for, locked, as the administrator saw it."""
    entry_id = select(RosterRequest.roster_entry_id).where(RosterRequest.id == asked.id)
    person = person_of(db, db.scalars(entry_id).one())
    if person.bound_member_id != asked.bound_member_id:
        raise RequestDecidedError("名册的绑定刚刚发生变化，请刷新后重新核对。")
    return person


def _decide(
    db: Connection, asked: OpenRequest, actor: Actor, now: datetime, *, released: bool
) -> None:
    decided: Row[int] | None = db.execute(
        update(RosterRequest)
        .where(RosterRequest.id == asked.id, RosterRequest.decided_at.is_(None))
        .values(decided_at=now, decided_by=actor.member_id, released=released)
        .returning(RosterRequest.id)
    ).one_or_none()
    if decided is None:
        raise _decided()
    tag = Tag.ROSTER_REQUEST_RELEASE if released else Tag.ROSTER_REQUEST_DISMISS
    _record(db, tag, asked.id, actor.member_id, now)


def _decided() -> RequestDecidedError:
    return RequestDecidedError("这项申请已经处理过了，请刷新页面查看结果。")


def _record(db: Connection, tag: Tag, request_id: int, actor_id: int, now: datetime) -> None:
    record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="roster_request",
        object_id=request_id,
        at=now,
    )


_ASKING, _BOUND = aliased(Member), aliased(Member)
_ASKED = (
    select(
        RosterRequest.id,
        RosterEntry.institution_id,
        RosterEntry.staff_number,
        RosterEntry.name,
        Department.name.label("department_name"),
        RosterRequest.member_id,
        _ASKING.display_name.label("member_name"),
        RosterRequest.phone_verified,
        RosterRequest.opened_at,
        RosterEntry.bound_member_id,
        _BOUND.display_name.label("bound_member_name"),
    )
    .join(RosterEntry, RosterEntry.id == RosterRequest.roster_entry_id)
    .join(Department, Department.id == RosterEntry.department_id)
    .join(_ASKING, _ASKING.id == RosterRequest.member_id)
    .join(_BOUND, _BOUND.id == RosterEntry.bound_member_id, isouter=True)
)
