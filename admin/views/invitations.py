"""Invitation codes for an institution: made in the number needed, shown once, printed as slips."""

from datetime import timedelta

from flask import Blueprint, make_response, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_WRITERS
from admin.forms.controls import Control, FormPage
from admin.forms.organisations import Inviting
from admin.forms.reading import submitted, typed
from admin.views.units import crumbs_of
from backend.clock import business_day
from backend.errors import NotFoundError
from backend.organisations.queries import InstitutionView, departments_under
from backend.people.access import institution_in_scope
from backend.people.bindings import create_invitation
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.transaction import connection

pages = Blueprint("invitations", __name__)


@pages.get("/institutions/<int:institution_id>/invitations/new")
@console_roles(*PLACE_WRITERS)
def new(institution_id: int) -> str:
    """The form of new invitation codes."""
    return _form(_unit(institution_id)).show()


@pages.post("/institutions/<int:institution_id>/invitations/new")
@console_roles(*PLACE_WRITERS)
def create(institution_id: int) -> ResponseReturnValue:
    """Makes the codes and shows them, this once; nobody keeps them."""
    unit = _unit(institution_id)
    form = _form(unit)
    sent = submitted(Inviting)
    if sent.errors:
        blank = {control.name: "" for control in form.controls}
        return form.show(typed(blank), sent.errors), 422
    values = sent.values
    ttl = timedelta(days=values["days"])
    try:
        codes = [
            create_invitation(
                connection(),
                institution_id=unit.id,
                department_id=values["department_id"],
                ttl=ttl,
                max_uses=values["uses"],
                now=now(),
                actor_id=actor().member_id,
            )
            for _ in range(values["codes"])
        ]
    except NotFoundError as error:
        blank = {control.name: "" for control in form.controls}
        return form.show(typed(blank), {"department_id": error.message}), 422
    answer = make_response(
        render_template(
            "organisations/slips.html",
            institution=unit,
            department=dict(form.controls[0].options).get(str(values["department_id"] or "")),
            codes=codes,
            uses=values["uses"],
            expires_at=now() + ttl,
            address=backend().settings.public_url,
            crumbs=crumbs_of(unit),
        )
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _form(unit: InstitutionView) -> FormPage:
    tree = departments_under(connection(), institution_id=unit.id, on=business_day(now()))
    departments = [("", "不限"), *((str(each.id), each.path) for each in tree)]
    return FormPage(
        "生成邀请码",
        [
            Control(
                "department_id",
                "归入部门",
                "不限时，成员绑定到单位",
                "choice",
                required=False,
                options=departments,
            ),
            Control("codes", "生成几个", "每个印成一张纸条，最多 200 个", "whole", value="1"),
            Control(
                "uses", "每个可用几人", "发给个人填 1；张贴在群里的，填人数", "whole", value="1"
            ),
            Control("days", "有效天数", "1 至 366 天", "whole", value="30"),
        ],
        "生成邀请码",
        url_for("institutions.detail", institution_id=unit.id),
        crumbs_of(unit),
        told="邀请码只在下一页显示一次，请当场打印或抄下；遗失后作废重发。",
        idle=f"该单位已于 {unit.closed_on} 撤销，不能再邀请成员。" if unit.closed_on else "",
    )


def _unit(institution_id: int) -> InstitutionView:
    return institution_in_scope(connection(), actor(), institution_id, roles=PLACE_WRITERS)
