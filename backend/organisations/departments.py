"""Changes the department tree of an institution. Callers commit."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.db.seen import require_unchanged
from backend.errors import DomainError, ErrorKind, InvalidInputError, NotFoundError, field_errors
from backend.organisations.models import Department, Institution
from backend.organisations.policy import checked_name, invalid
from backend.organisations.queries import Scope, departments_in
from backend.organisations.service import AlreadyClosedError


@dataclass(frozen=True, slots=True)
class DepartmentRecord:
    """A department as it stands; `closed_on` is the first day on which it no longer exists."""

    institution_id: int
    parent_id: int | None
    name: str
    created_on: date
    closed_on: date | None


class DepartmentExistsError(DomainError):
    """An open department of this name already stands under the same parent."""

    code = "department_exists"
    kind = ErrorKind.CONFLICT


class DepartmentCycleError(InvalidInputError):
    """A department would come to lie below itself."""

    code = "department_cycle"


class DepartmentInUseError(DomainError):
    """Open departments still stand below the one to be closed."""

    code = "department_in_use"
    kind = ErrorKind.CONFLICT


def create_department(
    db: Connection,
    *,
    institution_id: int,
    name: str,
    parent_id: int | None = None,
    created_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> int:
    """Adds a department; returns its id.

    Args:
        db: the caller's transaction.
        institution_id: the institution.
        name: unique among the open departments under the same parent.
        parent_id: the department above it; None for the top.
        created_on: the first day on which it exists.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.

    Raises:
        NotFoundError: no such open institution, or no such open parent in it.
        DepartmentExistsError: the name is taken under this parent.
    """
    _lock_institution(db, institution_id)
    if parent_id is not None:
        _open_department(db, parent_id, institution_id)
    values = {
        "institution_id": institution_id,
        "parent_id": parent_id,
        "name": checked_name(name),
        "created_on": created_on,
    }
    department_id = db.execute(
        insert(Department).values(values).on_conflict_do_nothing().returning(Department.id)
    ).scalar_one_or_none()
    if department_id is None:
        raise _name_taken(name)
    record(
        db,
        tag=Tag.DEPARTMENT_CREATE,
        actor_id=actor_id,
        object_type="department",
        object_id=department_id,
        after=values,
        at=now,
    )
    return department_id


def rename_department(
    db: Connection, *, department_id: int, name: str, now: datetime, actor_id: int | None = None
) -> None:
    """Gives an open department another name; its history stays.

    Raises:
        NotFoundError: no such open department.
        DepartmentExistsError: the name is taken under its parent.
    """
    before = _open_department(db, department_id=department_id)
    _lock_institution(db, before.institution_id)
    new_name = checked_name(name)
    _refuse_taken(db, before.institution_id, before.parent_id, new_name, department_id)
    db.execute(update(Department).where(Department.id == department_id).values(name=new_name))
    record(
        db,
        tag=Tag.DEPARTMENT_RENAME,
        actor_id=actor_id,
        object_type="department",
        object_id=department_id,
        before={"name": before.name},
        after={"name": new_name},
        at=now,
    )


def move_department(
    db: Connection,
    *,
    department_id: int,
    parent_id: int | None,
    now: datetime,
    actor_id: int | None = None,
    seen: str | None = None,
) -> None:
    """Puts an open department, with all below it, under another parent of its institution.

    Args:
        db: the caller's transaction.
        department_id: the department.
        parent_id: the department to stand above it; None for the top.
        now: the instant, aware.
        actor_id: who does it; None for operator commands.
        seen: fingerprint of the department as the actor saw it (`backend.db.seen`).

    Raises:
        NotFoundError: no such open department, or no such open parent in its institution.
        EditedMeanwhileError: somebody changed it since.
        DepartmentCycleError: the new parent is the department itself or lies below it.
        DepartmentExistsError: its name is taken under the new parent.
    """
    # Two moves at once could each be free of a cycle and make one together: they queue here.
    _lock_institution(db, department(db, department_id=department_id).institution_id)
    before = _open_department(db, department_id)
    require_unchanged(before, seen)
    if parent_id is not None:
        _open_department(db, parent_id, before.institution_id)
        below = departments_in(Scope(department_ids=frozenset({department_id})))
        if db.scalar(select(exists(below.where(Department.id == parent_id)))):
            sentence = "不能把部门移到它自己或它的下级部门之下，请另选上级部门。"
            raise DepartmentCycleError(
                sentence,
                fields=field_errors({"parent_id": sentence}, DepartmentCycleError.code),
            )
    _refuse_taken(db, before.institution_id, parent_id, before.name, department_id)
    db.execute(update(Department).where(Department.id == department_id).values(parent_id=parent_id))
    record(
        db,
        tag=Tag.DEPARTMENT_MOVE,
        actor_id=actor_id,
        object_type="department",
        object_id=department_id,
        before={"parent_id": before.parent_id},
        after={"parent_id": parent_id},
        at=now,
    )


def close_department(
    db: Connection,
    *,
    department_id: int,
    closed_on: date,
    now: datetime,
    actor_id: int | None = None,
) -> None:
    """Closes a department from a day on. Its members are moved or ended first.

    `backend.people.memberships.close_department` refuses while somebody belongs to it.

    Raises:
        NotFoundError: there is no such department.
        AlreadyClosedError: it is closed.
        DepartmentInUseError: open departments stand below it.
        InvalidInputError: the day lies before its first day.
    """
    before = department(db, department_id=department_id)
    _lock_institution(db, before.institution_id)
    if before.closed_on is not None:
        raise AlreadyClosedError(f"该部门已于{before.closed_on}撤销，无需重复操作。")
    if closed_on < before.created_on:
        raise invalid("closed_on", f"撤销日期不能早于设立日期{before.created_on}。")
    if db.scalar(
        select(
            exists().where(Department.parent_id == department_id, Department.closed_on.is_(None))
        )
    ):
        raise DepartmentInUseError("该部门还有下级部门，请先移走或撤销下级部门。")
    db.execute(update(Department).where(Department.id == department_id).values(closed_on=closed_on))
    record(
        db,
        tag=Tag.DEPARTMENT_CLOSE,
        actor_id=actor_id,
        object_type="department",
        object_id=department_id,
        after={"closed_on": closed_on},
        at=now,
    )


def _lock_institution(db: Connection, institution_id: int) -> None:
    """Lets one transaction at a time change the tree of an open institution."""
    row = db.execute(
        select(Institution.id)
        .where(Institution.id == institution_id, Institution.closed_on.is_(None))
        .with_for_update(key_share=True)
    ).one_or_none()
    if row is None:
        raise NotFoundError("没有找到该单位，或单位已撤销，请刷新后重试。")


def department(db: Connection, *, department_id: int) -> DepartmentRecord:
    """A department, open or closed.

    Raises:
        NotFoundError: there is none with this id.
    """
    row = (
        db.execute(
            select(
                Department.institution_id,
                Department.parent_id,
                Department.name,
                Department.created_on,
                Department.closed_on,
            ).where(Department.id == department_id)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("没有找到该部门，请刷新后重试。")
    return DepartmentRecord(**row)


def _open_department(
    db: Connection, department_id: int, institution_id: int | None = None
) -> DepartmentRecord:
    """The department if it is open and, where asked, lies in the institution."""
    row = department(db, department_id=department_id)
    if row.closed_on is not None or institution_id not in (None, row.institution_id):
        raise NotFoundError("没有找到该部门，或部门已撤销，请刷新后重试。")
    return row


def _refuse_taken(
    db: Connection, institution_id: int, parent_id: int | None, name: str, department_id: int
) -> None:
    """Refuses a name that another open department under the parent has."""
    taken = exists().where(
        Department.institution_id == institution_id,
        Department.parent_id.is_not_distinct_from(parent_id),
        Department.name == name,
        Department.closed_on.is_(None),
        Department.id != department_id,
    )
    if db.scalar(select(taken)):
        raise _name_taken(name)


def _name_taken(name: str) -> DepartmentExistsError:
    sentence = f"同一上级之下已有部门“{name}”，请换一个名称。"
    return DepartmentExistsError(
        sentence, fields=field_errors({"name": sentence}, DepartmentExistsError.code)
    )
