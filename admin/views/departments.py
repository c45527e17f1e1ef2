"""Departments of an institution: made, renamed and closed. Moving stands with `organisations`."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_WRITERS
from admin.forms.controls import Control, FormPage
from admin.forms.organisations import Closing, DepartmentRenaming, NewDepartment
from admin.views.units import crumbs_of
from backend.clock import business_day
from backend.organisations.departments import (
    DepartmentRecord,
    create_department,
    department,
    rename_department,
)
from backend.organisations.queries import InstitutionView, departments_under, institution
from backend.people.access import department_in_scope, institution_in_scope
from backend.people.memberships import close_department
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("departments", __name__)


@pages.get("/institutions/<int:institution_id>/departments/new")
@console_roles(*PLACE_WRITERS)
def new(institution_id: int) -> str:
    """The form of a new department."""
    return _new_form(_unit(institution_id)).show()


@pages.post("/institutions/<int:institution_id>/departments/new")
@console_roles(*PLACE_WRITERS)
def create(institution_id: int) -> ResponseReturnValue:
    """Makes the department, or shows the form again with what is wrong."""
    unit = _unit(institution_id)

    def make(values: Mapping[str, Any]) -> str:
        create_department(
            connection(),
            institution_id=unit.id,
            **values,
            created_on=max(unit.opened_on, business_day(now())),
            now=now(),
            actor_id=actor().member_id,
        )
        return _after(unit.id, "department_added")

    return _new_form(unit).answer(NewDepartment, make)


def _new_form(unit: InstitutionView) -> FormPage:
    tree = departments_under(connection(), institution_id=unit.id, on=business_day(now()))
    above = [("", "（最上级）"), *((str(each.id), each.path) for each in tree)]
    return FormPage(
        "新建部门",
        [
            Control("name", "部门名称", "1 至 100 个字，不含“/”；同一上级之下不重名"),
            Control("parent_id", "上级部门", "", "choice", required=False, options=above),
        ],
        "新建部门",
        _after(unit.id),
        crumbs_of(unit),
        idle=f"该单位已于 {unit.closed_on} 撤销，不能再新建部门。" if unit.closed_on else "",
    )


@pages.get("/departments/<int:department_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit(department_id: int) -> str:
    """The form of a department's name."""
    return _name_form(_department(department_id)).show()


@pages.post("/departments/<int:department_id>/edit")
@console_roles(*PLACE_WRITERS)
def rename(department_id: int) -> ResponseReturnValue:
    """Renames the department, or shows the form again with what is wrong."""
    found = _department(department_id)

    def change(values: Mapping[str, Any]) -> str:
        rename_department(
            connection(),
            department_id=department_id,
            **values,
            now=now(),
            actor_id=actor().member_id,
        )
        return _after(found.institution_id, "department_renamed")

    return _name_form(found).answer(DepartmentRenaming, change)


def _name_form(found: DepartmentRecord) -> FormPage:
    return FormPage(
        f"修改部门名称（{found.name}）",
        [Control("name", "部门名称", "1 至 100 个字，不含“/”", value=found.name)],
        "保存",
        _after(found.institution_id),
        crumbs_of(institution(connection(), institution_id=found.institution_id)),
        told="改名写入审计记录，历史记录不变。",
        idle=_closed(found),
    )


@pages.get("/departments/<int:department_id>/close")
@console_roles(*PLACE_WRITERS)
def closing(department_id: int) -> str:
    """Says what closing a department does, and asks from when on."""
    return _closing_form(_department(department_id)).show()


@pages.post("/departments/<int:department_id>/close")
@console_roles(*PLACE_WRITERS)
def close(department_id: int) -> ResponseReturnValue:
    """Closes the department, or says who still belongs to it."""
    found = _department(department_id)

    def end(values: Mapping[str, Any]) -> str:
        close_department(
            connection(),
            department_id=department_id,
            **values,
            now=now(),
            actor_id=actor().member_id,
        )
        return _after(found.institution_id, "department_closed")

    return _closing_form(found).answer(Closing, end)


def _closing_form(found: DepartmentRecord) -> FormPage:
    today = business_day(now()).isoformat()
    return FormPage(
        f"撤销部门（{found.name}）",
        [Control("closed_on", "撤销日期", "不再存在的第一天", "date", value=today)],
        "撤销部门",
        _after(found.institution_id),
        crumbs_of(institution(connection(), institution_id=found.institution_id)),
        told="自这一天起，部门不再存在；还有成员或下级部门时不能撤销。已有的记录仍归它名下。"
        "撤销不能在这里撤回。",
        final=True,
        idle=_closed(found),
    )


def _closed(found: DepartmentRecord) -> str:
    return f"该部门已于 {found.closed_on} 撤销，不能再修改。" if found.closed_on else ""


def _unit(institution_id: int) -> InstitutionView:
    return institution_in_scope(connection(), actor(), institution_id, roles=PLACE_WRITERS)


def _department(department_id: int) -> DepartmentRecord:
    department_in_scope(connection(), actor(), department_id, roles=PLACE_WRITERS)
    return department(connection(), department_id=department_id)


def _after(institution_id: int, done: str | None = None) -> str:
    return url_for("institutions.detail", institution_id=institution_id, done=done)
