"""Changes of the organisation: names of districts, systems and institutions, the tree, invitations.

Two people may have the same form open: the second to send it is told so and sees what stands now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CITY, PLACE_WRITERS
from admin.forms.organisations import InstitutionRenaming, Moving, Renaming
from admin.forms.reading import Submission, by_field, submitted
from backend.clock import business_day
from backend.db.seen import EditedMeanwhileError, fingerprint
from backend.errors import DomainError, NotFoundError
from backend.organisations.departments import department, move_department
from backend.organisations.queries import (
    DepartmentView,
    InstitutionView,
    departments_under,
    district,
    institution,
    system,
)
from backend.organisations.service import rename_district, rename_institution, rename_system
from backend.people.access import department_in_scope, institution_in_scope
from backend.people.administration import end_invitation
from backend.people.queries import InvitationView, invitations_of
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.schemas import StrictSchema
from backend.web.transaction import connection

pages = Blueprint("organisations", __name__)

_MOST_INVITATIONS = 1_000
_LABELS: Mapping[str, str] = {"name": "名称", "short_name": "简称", "parent_id": "上级部门"}


@dataclass(frozen=True, slots=True)
class OrganisationForm:
    """A form of names.

    Attributes:
        title: what it is for.
        crumbs: the way to it.
        names: the controls, in order: `name`, perhaps `short_name`.
        values: what stands in them now.
        seen: fingerprint of what they were filled in from.
        back: where giving up leads.
    """

    title: str
    crumbs: Sequence[tuple[str, str]]
    names: Sequence[str]
    values: Mapping[str, str]
    seen: str
    back: str


@pages.get("/districts/<int:district_id>/edit")
@console_roles(*CITY)
def edit_district(district_id: int) -> str:
    """The form of a district's name."""
    return _page(_district_form(district_id))


@pages.post("/districts/<int:district_id>/edit")
@console_roles(*CITY)
def change_district(district_id: int) -> ResponseReturnValue:
    """Renames the district, or shows the form again with what is wrong."""
    return _renamed(
        lambda: _district_form(district_id),
        Renaming,
        lambda values: rename_district(
            connection(), district_id=district_id, now=now(), actor_id=actor().member_id, **values
        ),
        url_for("city.listing", done="renamed"),
    )


@pages.get("/systems/<int:system_id>/edit")
@console_roles(*CITY)
def edit_system(system_id: int) -> str:
    """The form of a system's name."""
    return _page(_system_form(system_id))


@pages.post("/systems/<int:system_id>/edit")
@console_roles(*CITY)
def change_system(system_id: int) -> ResponseReturnValue:
    """Renames the system, or shows the form again with what is wrong."""
    return _renamed(
        lambda: _system_form(system_id),
        Renaming,
        lambda values: rename_system(
            connection(), system_id=system_id, now=now(), actor_id=actor().member_id, **values
        ),
        url_for("city.listing", done="renamed"),
    )


@pages.get("/institutions/<int:institution_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit_institution(institution_id: int) -> str:
    """The form of an institution's names."""
    return _page(_institution_form(institution_id))


@pages.post("/institutions/<int:institution_id>/edit")
@console_roles(*PLACE_WRITERS)
def change_institution(institution_id: int) -> ResponseReturnValue:
    """Renames the institution, or shows the form again with what is wrong."""
    return _renamed(
        lambda: _institution_form(institution_id),
        InstitutionRenaming,
        lambda values: rename_institution(
            connection(),
            institution_id=institution_id,
            now=now(),
            actor_id=actor().member_id,
            **values,
        ),
        url_for("institutions.detail", institution_id=institution_id, done="renamed"),
    )


def _renamed(
    form: Callable[[], OrganisationForm],
    schema: type[StrictSchema],
    rename: Callable[[Mapping[str, Any]], None],
    after: str,
) -> ResponseReturnValue:
    """Renames, or shows the form again: as typed where it is wrong, as it stands where it moved."""
    shown = form()
    sent = submitted(schema)
    if not sent.errors:
        try:
            rename(sent.values)
        except EditedMeanwhileError as error:
            return _page(form(), meanwhile=error.message, typed=_typed(shown.names)), 409
        except DomainError as error:
            if not error.fields:
                raise
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(after, 303)
    return _page(shown, values=_typed(shown.names), errors=sent.errors), 422


def _page(
    form: OrganisationForm,
    *,
    values: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    meanwhile: str = "",
    typed: Mapping[str, str] | None = None,
) -> str:
    # A form that is wrong goes on with what its author saw; one that is late begins anew.
    seen = request.form.get("seen") if values is not None else None
    return render_template(
        "organisations/rename.html",
        form=form,
        values=form.values if values is None else values,
        seen=seen or form.seen,
        errors=errors or {},
        meanwhile=meanwhile,
        typed=typed or {},
        names=_LABELS,
    )


def _typed(names: Sequence[str]) -> dict[str, str]:
    return {name: request.form.get(name, "") for name in names}


def _district_form(district_id: int) -> OrganisationForm:
    found = district(connection(), district_id=district_id)
    return _city_form(f"修改区县名称（{found.code}）", found.name, fingerprint(found))


def _system_form(system_id: int) -> OrganisationForm:
    found = system(connection(), system_id=system_id)
    return _city_form(f"修改系统名称（{found.code}）", found.name, fingerprint(found))


def _city_form(title: str, name: str, seen: str) -> OrganisationForm:
    back = url_for("city.listing")
    return OrganisationForm(title, [("区县与系统", back)], ("name",), {"name": name}, seen, back)


def _institution_form(institution_id: int) -> OrganisationForm:
    found = institution_in_scope(connection(), actor(), institution_id, roles=PLACE_WRITERS)
    return OrganisationForm(
        title="修改单位名称",
        crumbs=_crumbs(found),
        names=("name", "short_name"),
        values={"name": found.name, "short_name": found.short_name},
        seen=fingerprint(found),
        back=url_for("institutions.detail", institution_id=institution_id),
    )


def _crumbs(of: InstitutionView) -> list[tuple[str, str]]:
    return [
        ("单位", url_for("institutions.listing")),
        (of.name, url_for("institutions.detail", institution_id=of.id)),
    ]


@pages.get("/departments/<int:department_id>/move")
@console_roles(*PLACE_WRITERS)
def place_department(department_id: int) -> str:
    """The form of where a department stands."""
    return _move_page(department_id)


@pages.post("/departments/<int:department_id>/move")
@console_roles(*PLACE_WRITERS)
def move(department_id: int) -> ResponseReturnValue:
    """Moves the department with all below it, or shows the form again with what is wrong."""
    department_in_scope(connection(), actor(), department_id, roles=PLACE_WRITERS)
    of = department(connection(), department_id=department_id).institution_id
    sent = submitted(Moving)
    if not sent.errors:
        try:
            move_department(
                connection(),
                department_id=department_id,
                now=now(),
                actor_id=actor().member_id,
                **sent.values,
            )
        except EditedMeanwhileError as error:
            return _move_page(department_id, meanwhile=error.message), 409
        except DomainError as error:
            sent = Submission(errors={"parent_id": error.message})
        else:
            return redirect(url_for("institutions.detail", institution_id=of, done="moved"), 303)
    return _move_page(department_id, errors=sent.errors), 422


def _move_page(
    department_id: int, *, errors: Mapping[str, str] | None = None, meanwhile: str = ""
) -> str:
    db = connection()
    department_in_scope(db, actor(), department_id, roles=PLACE_WRITERS)
    found = department(db, department_id=department_id)
    of = institution(db, institution_id=found.institution_id)
    tree = departments_under(db, institution_id=of.id, on=business_day(now()))
    return render_template(
        "organisations/move.html",
        department=found,
        path=next((each.path for each in tree if each.id == department_id), found.name),
        parents=_parents(tree, department_id),
        chosen=request.form.get("parent_id") if errors else str(found.parent_id or ""),
        seen=(request.form.get("seen") if errors else None) or fingerprint(found),
        crumbs=_crumbs(of),
        errors=errors or {},
        meanwhile=meanwhile,
        back=url_for("institutions.detail", institution_id=of.id),
    )


def _parents(tree: Sequence[DepartmentView], department_id: int) -> list[DepartmentView]:
    """The departments that may stand above one: neither itself nor what lies below it."""
    below = {department_id}
    for each in tree:
        if each.parent_id in below:
            below.add(each.id)
    return [each for each in tree if each.id not in below]


@pages.get("/institutions/<int:institution_id>/invitations/<int:invitation_id>/revoke")
@console_roles(*PLACE_WRITERS)
def confirm_invitation(institution_id: int, invitation_id: int) -> str:
    """Says what ending an invitation does, and asks for it."""
    of = institution_in_scope(connection(), actor(), institution_id, roles=PLACE_WRITERS)
    invitation = _invitation(institution_id, invitation_id)
    return render_template(
        "confirm.html",
        title=f"作废第 {invitation.id} 号邀请码",
        crumbs=_crumbs(of),
        warning=f"作废后，没有人能再用它绑定单位（已用 {invitation.uses} 次，"
        f"共可用 {invitation.max_uses} 次）；已经绑定的成员不受影响。",
        button="确认作废",
        idle="这个邀请码已经作废，无需重复操作。" if invitation.revoked_at else "",
        back=url_for("institutions.detail", institution_id=institution_id),
    )


@pages.post("/institutions/<int:institution_id>/invitations/<int:invitation_id>/revoke")
@console_roles(*PLACE_WRITERS)
def revoke_invitation(institution_id: int, invitation_id: int) -> ResponseReturnValue:
    """Ends the invitation."""
    end_invitation(connection(), actor(), institution_id, invitation_id, now=now())
    return redirect(
        url_for("institutions.detail", institution_id=institution_id, done="ended"), 303
    )


def _invitation(institution_id: int, invitation_id: int) -> InvitationView:
    found = invitations_of(connection(), institution_id=institution_id, limit=_MOST_INVITATIONS)
    for each in found:
        if each.id == invitation_id:
            return each
    raise NotFoundError("没有找到该邀请码，请刷新后重试。")
