"""Where members belong, dated: begin, move, end; what an organisation's closing does to it.

Callers commit. A membership runs from a day up to, not including, another.
"""

from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.audit.service import Document, record
from backend.audit.tags import Tag
from backend.errors import DomainError, ErrorKind, NotFoundError
from backend.organisations import departments
from backend.organisations import service as organisations
from backend.organisations.models import Department, Institution
from backend.people.models import Member, Membership
from backend.people.queries import MembershipView, membership_on


class AlreadyMemberError(DomainError):
    """The member belongs to another institution on that day or after it."""

    code = "already_member"
    kind = ErrorKind.CONFLICT


class DepartmentHasMembersError(DomainError):
    """Somebody belongs to the department on or after the day it is to close."""

    code = "department_has_members"
    kind = ErrorKind.CONFLICT


def begin_membership(
    db: Connection,
    *,
    member_id: int,
    institution_id: int,
    department_id: int | None,
    valid_from: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Lets a member belong to an institution from a day on.

    Args:
        db: the caller's transaction.
        member_id: who.
        institution_id: where; it must exist on that day.
        department_id: in which department, if known; it must exist on that day.
        valid_from: first Asia/Shanghai day.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        NotFoundError: no such member, or no such institution or department on that day.
        AlreadyMemberError: a membership covers that day or begins after it.
    """
    lock_member(db, member_id)
    require_open(db, institution_id=institution_id, department_id=department_id, on=valid_from)
    taken = exists().where(
        Membership.member_id == member_id,
        or_(Membership.valid_until.is_(None), Membership.valid_until > valid_from),
    )
    if db.scalar(select(taken)):
        raise AlreadyMemberError("您已绑定其他单位，请先联系原单位管理员办理转出，再重新绑定。")
    values = {
        "member_id": member_id,
        "institution_id": institution_id,
        "department_id": department_id,
        "valid_from": valid_from,
    }
    db.execute(insert(Membership).values(values))
    _record(db, Tag.MEMBERSHIP_BIND, member_id, now, actor_id, after=values)


def move_member(
    db: Connection,
    *,
    member_id: int,
    department_id: int | None,
    on: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Moves a member to another department of their institution; the days before stay as they were.

    A move on the first day of a membership replaces it: the day before has no history to keep.

    Raises:
        NotFoundError: no membership covers the day, or the institution has no such department.
        AlreadyMemberError: a later membership is already entered.
    """
    lock_member(db, member_id)
    current = _current(db, member_id, on)
    if current.department_id == department_id:
        return
    require_open(db, institution_id=current.institution_id, department_id=department_id, on=on)
    if current.valid_until is not None:
        raise AlreadyMemberError("该成员已登记离开日期，请先取消离开，再调整部门。")
    if current.valid_from == on:
        db.execute(
            update(Membership)
            .where(Membership.member_id == member_id, Membership.valid_from == on)
            .values(department_id=department_id)
        )
    else:
        _set_end(db, member_id, current, on)
        db.execute(
            insert(Membership).values(
                member_id=member_id,
                institution_id=current.institution_id,
                department_id=department_id,
                valid_from=on,
            )
        )
    _record(
        db,
        Tag.MEMBERSHIP_MOVE,
        member_id,
        now,
        actor_id,
        before={"department_id": current.department_id},
        after={"department_id": department_id, "valid_from": on},
    )


def end_membership(
    db: Connection, *, member_id: int, on: date, now: datetime, actor_id: int | None = None
) -> None:
    """Ends a member's membership: `on` is the first day on which they no longer belong.

    The account stays, with its points: a citizen's from that day on.

    Raises:
        NotFoundError: the member does not belong to an institution on that day.
    """
    lock_member(db, member_id)
    current = _current(db, member_id, on)
    if current.valid_from == on:
        db.execute(
            delete(Membership).where(Membership.member_id == member_id, Membership.valid_from == on)
        )
    else:
        _set_end(db, member_id, current, on)
    _record(
        db,
        Tag.MEMBERSHIP_END,
        member_id,
        now,
        actor_id,
        before={"institution_id": current.institution_id, "department_id": current.department_id},
        after={"valid_until": on},
    )


def close_department(
    db: Connection,
    *,
    department_id: int,
    closed_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Closes a department to which nobody belongs any more from that day on.

    Raises:
        DepartmentHasMembersError: somebody belongs to it on or after the day.
        DomainError: as `organisations.departments.close_department` raises.
    """
    departments.close_department(
        db, department_id=department_id, closed_on=closed_on, now=now, actor_id=actor_id
    )
    if db.scalar(
        select(exists().where(Membership.department_id == department_id, _reaches(closed_on)))
    ):
        raise DepartmentHasMembersError("该部门还有成员，请先把成员调到其他部门。")


def close_institution(
    db: Connection,
    *,
    institution_id: int,
    closed_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Closes an institution and ends the memberships in it on the same day.

    Raises:
        DomainError: as `organisations.service.close_institution` raises.
    """
    organisations.close_institution(
        db, institution_id=institution_id, closed_on=closed_on, now=now, actor_id=actor_id
    )
    leaving = db.scalars(
        select(Membership.member_id)
        .where(
            Membership.institution_id == institution_id,
            Membership.valid_from <= closed_on,
            _reaches(closed_on),
        )
        .order_by(Membership.member_id)
    ).all()
    for member_id in leaving:
        end_membership(db, member_id=member_id, on=closed_on, now=now, actor_id=actor_id)


def lock_member(db: Connection, member_id: int) -> None:
    """Lets one transaction at a time change where a member belongs.

    Raises:
        NotFoundError: there is no such member.
    """
    found = db.execute(
        select(Member.id).where(Member.id == member_id).with_for_update(key_share=True)
    ).one_or_none()
    if found is None:
        raise NotFoundError("没有找到该成员，请刷新后重试。")


def require_open(
    db: Connection, *, institution_id: int, department_id: int | None, on: date
) -> None:
    """Refuses an institution, or a department in it, that does not exist on a day.

    Raises:
        NotFoundError: one of them does not.
    """
    query = select(Institution.id).where(
        Institution.id == institution_id,
        Institution.opened_on <= on,
        or_(Institution.closed_on.is_(None), Institution.closed_on > on),
    )
    if department_id is not None:
        query = query.join(Department, Department.institution_id == Institution.id).where(
            Department.id == department_id,
            Department.created_on <= on,
            or_(Department.closed_on.is_(None), Department.closed_on > on),
        )
    if db.execute(query).one_or_none() is None:
        raise NotFoundError("没有找到该单位或部门，可能已撤销，请联系本单位管理员。")


def _current(db: Connection, member_id: int, on: date) -> MembershipView:
    current = membership_on(db, member_id=member_id, on=on)
    if current is None:
        raise NotFoundError("该成员当日不属于任何单位，请核对日期。")
    return current


def _reaches(day: date) -> ColumnElement[bool]:
    return or_(Membership.valid_until.is_(None), Membership.valid_until > day)


def _set_end(db: Connection, member_id: int, current: MembershipView, on: date) -> None:
    db.execute(
        update(Membership)
        .where(Membership.member_id == member_id, Membership.valid_from == current.valid_from)
        .values(valid_until=on)
    )


def _record(
    db: Connection,
    tag: Tag,
    member_id: int,
    now: datetime,
    actor_id: int | None,
    *,
    before: Document | None = None,
    after: Document,
) -> None:
    record(
        db,
        tag=tag,
        actor_id=actor_id,
        object_type="member",
        object_id=member_id,
        before=before,
        after=after,
        at=now,
    )
