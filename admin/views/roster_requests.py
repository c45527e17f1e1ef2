"""Who asks to be bound as a person on the roster: released, or dismissed; and unbinding."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import MEMBER_MANAGERS
from backend.people.administration import managed_member
from backend.people.roster_requests import (
    OpenRequest,
    bound_entries,
    dismiss_request,
    managed_request,
    release_request,
    unbind_member,
)
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("roster_requests", __name__)


@pages.get("/roster-requests/<int:request_id>/release")
@console_roles(*MEMBER_MANAGERS)
def confirm_release(request_id: int) -> str:
    """Says what releasing does, and asks for it."""
    asked = managed_request(connection(), actor(), request_id)
    phone = "手机号已由微信验证" if asked.phone_verified else "手机号未经验证，请当面或电话核实本人"
    loses = (
        f"同时解除账号“{asked.bound_member_name}”的绑定：它从今天起不再属于本单位，已有的积分保留。"
        if asked.bound_member_id is not None
        else ""
    )
    return _confirmation(
        asked,
        title=f"放行：绑定为{asked.name}（工号 {asked.staff_number}）",
        warning=f"账号“{asked.member_name}”将绑定为{asked.department_name}的{asked.name}。"
        f"{phone}。{loses}",
        button="确认放行",
    )


@pages.post("/roster-requests/<int:request_id>/release")
@console_roles(*MEMBER_MANAGERS)
def release(request_id: int) -> ResponseReturnValue:
    """Binds who asked."""
    asked = managed_request(connection(), actor(), request_id)
    release_request(connection(), actor(), request_id, now=now())
    return _back(asked, "released")


@pages.get("/roster-requests/<int:request_id>/dismiss")
@console_roles(*MEMBER_MANAGERS)
def confirm_dismissal(request_id: int) -> str:
    """Says what dismissing does, and asks for it."""
    asked = managed_request(connection(), actor(), request_id)
    return _confirmation(
        asked,
        title=f"驳回：绑定为{asked.name}（工号 {asked.staff_number}）",
        warning=f"账号“{asked.member_name}”不会绑定，本人会在手机上看到已驳回；"
        "名册和其他账号不变。",
        button="确认驳回",
    )


@pages.post("/roster-requests/<int:request_id>/dismiss")
@console_roles(*MEMBER_MANAGERS)
def dismiss(request_id: int) -> ResponseReturnValue:
    """Ends the request; nobody is bound."""
    asked = managed_request(connection(), actor(), request_id)
    dismiss_request(connection(), actor(), request_id, now=now())
    return _back(asked, "dismissed")


@pages.get("/members/<int:member_id>/unbind")
@console_roles(*MEMBER_MANAGERS)
def confirm_unbinding(member_id: int) -> str:
    """Says what unbinding does, and asks for it."""
    member = managed_member(connection(), actor(), member_id, now=now())
    entries = bound_entries(connection(), actor(), member_id)
    return render_template(
        "confirm.html",
        title=f"解除{member.display_name}的花名册绑定",
        crumbs=[
            ("成员", url_for("members.listing")),
            (member.display_name, url_for("members.detail", member_id=member_id)),
        ],
        warning="解除后，这个账号从今天起不再属于本单位，登记的手机号一并清除，已有的记录和积分保留；"
        "名册上的人员可以由本人重新绑定。",
        button="确认解除",
        idle="" if entries else "这个账号没有绑定花名册上的人员，无需操作。",
        back=url_for("members.detail", member_id=member_id),
    )


@pages.post("/members/<int:member_id>/unbind")
@console_roles(*MEMBER_MANAGERS)
def unbind(member_id: int) -> ResponseReturnValue:
    """Parts the account from the roster; it may lie outside one's reach afterwards."""
    unbind_member(connection(), actor(), member_id, now=now())
    return redirect(url_for("members.listing"), 303)


def _back(asked: OpenRequest, done: str) -> ResponseReturnValue:
    where = url_for("institutions.detail", institution_id=asked.institution_id, done=done)
    return redirect(where, 303)


def _confirmation(asked: OpenRequest, *, title: str, warning: str, button: str) -> str:
    back = url_for("institutions.detail", institution_id=asked.institution_id)
    return render_template(
        "confirm.html",
        title=title,
        crumbs=[("单位", url_for("institutions.listing")), ("花名册绑定申请", back)],
        warning=warning,
        button=button,
        idle="",
        back=back,
    )
