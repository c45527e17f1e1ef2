"""Accounts: who has one, what roles it holds, and how it is closed."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import MEMBER_MANAGERS, scope
from admin.forms.people import MembersFilter, PeopleNotice
from admin.forms.reading import filters
from backend.clock import business_day
from backend.organisations.departments import department
from backend.organisations.queries import Scope, districts, institution, institutions
from backend.people.access import institution_in_scope
from backend.people.administration import (
    close_account,
    end_sessions,
    given_role,
    managed_member,
    may_manage,
    may_take,
    take_role,
)
from backend.people.labels import ROLES
from backend.people.queries import Grant, MemberView, account_of, given_roles, members_in
from backend.people.roster_requests import bound_entries
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("members", __name__)

PAGE = 50


@pages.get("/members")
@console_roles(*MEMBER_MANAGERS)
def listing() -> str:
    """The members in the caller's scope, by name or institution."""
    db, chosen, today = connection(), filters(MembersFilter), business_day(now())
    within = scope(MEMBER_MANAGERS)
    if chosen["institution"]:
        institution_in_scope(db, actor(), chosen["institution"], roles=MEMBER_MANAGERS)
        within = Scope(institution_ids=frozenset({chosen["institution"]}))
    found = members_in(
        db,
        scope=within,
        on=today,
        search=chosen["q"],
        after_id=chosen["after"],
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    return render_template(
        "members/list.html",
        members=shown,
        after=shown[-1].id if len(found) > PAGE else None,
        chosen=chosen,
        institutions=institutions(db, scope=scope(MEMBER_MANAGERS), on=today),
    )


@pages.get("/members/<int:member_id>")
@console_roles(*MEMBER_MANAGERS)
def detail(member_id: int) -> str:
    """One account: where it belongs, its logins, its roles and what may be done to them."""
    db = connection()
    member = managed_member(db, actor(), member_id, now=now())
    return render_template(
        "members/detail.html",
        member=member,
        account=account_of(db, member_id=member_id, now=now()),
        roles=[
            (
                given,
                _held_over(given.grant),
                member_id != actor().member_id and may_take(db, actor(), given.grant),
            )
            for given in given_roles(db, member_id=member_id)
        ],
        manages=may_manage(db, actor(), member),
        bound=bound_entries(db, actor(), member_id),
        done=filters(PeopleNotice)["done"],
    )


def _held_over(grant: Grant) -> str:
    """What a role is held over, in Chinese."""
    db = connection()
    if grant.institution_id is not None:
        return institution(db, institution_id=grant.institution_id).name
    if grant.department_id is not None:
        held = department(db, department_id=grant.department_id)
        return f"{institution(db, institution_id=held.institution_id).name} · {held.name}"
    if grant.district_id is not None:
        return next(each.name for each in districts(db) if each.id == grant.district_id)
    return "全市"


@pages.get("/members/<int:member_id>/deactivate")
@console_roles(*MEMBER_MANAGERS)
def confirm_deactivation(member_id: int) -> str:
    """Says what closing an account does, and asks for it."""
    member = managed_member(connection(), actor(), member_id, now=now())
    return _confirmation(
        member,
        title=f"停用{member.display_name}的账号",
        warning="停用后，这个账号的全部登录立即失效，不能再登录，也不再记录行为；"
        "已有的记录和积分保留。停用不能在这里撤回。",
        button="确认停用",
        idle="这个账号已经停用，无需重复操作。"
        if account_of(connection(), member_id=member_id, now=now()).deactivated_at
        else "",
    )


@pages.post("/members/<int:member_id>/deactivate")
@console_roles(*MEMBER_MANAGERS)
def deactivate(member_id: int) -> ResponseReturnValue:
    """Closes the account and ends its logins."""
    return _done(member_id, "deactivated", close_account)


@pages.get("/members/<int:member_id>/sessions/revoke")
@console_roles(*MEMBER_MANAGERS)
def confirm_log_out(member_id: int) -> str:
    """Says what ending all logins does, and asks for it."""
    member = managed_member(connection(), actor(), member_id, now=now())
    return _confirmation(
        member,
        title=f"让{member.display_name}退出所有登录",
        warning="手机丢失或疑似被他人登录时使用：所有手机和浏览器上的登录、"
        "还没有用过的登录链接立即失效，本人可以重新登录。",
        button="确认退出所有登录",
    )


@pages.post("/members/<int:member_id>/sessions/revoke")
@console_roles(*MEMBER_MANAGERS)
def log_out(member_id: int) -> ResponseReturnValue:
    """Ends every login of the account."""
    return _done(member_id, "logged_out", end_sessions)


@pages.get("/members/<int:member_id>/roles/<int:grant_id>/revoke")
@console_roles(*MEMBER_MANAGERS)
def confirm_role(member_id: int, grant_id: int) -> str:
    """Says what taking a role away does, and asks for it."""
    member, given = given_role(connection(), actor(), member_id, grant_id, now=now())
    role = ROLES[given.grant.role]
    return _confirmation(
        member,
        title=f"收回{member.display_name}的角色",
        warning=f"收回“{role}”（{_held_over(given.grant)}）后，从下一次操作起不再有这项权限。",
        button="确认收回",
        idle="这项角色已经收回，无需重复操作。" if given.revoked_at else "",
    )


@pages.post("/members/<int:member_id>/roles/<int:grant_id>/revoke")
@console_roles(*MEMBER_MANAGERS)
def revoke(member_id: int, grant_id: int) -> ResponseReturnValue:
    """Takes the role away."""
    take_role(connection(), actor(), member_id, grant_id, now=now())
    return redirect(url_for("members.detail", member_id=member_id, done="revoked"), 303)


def _done(member_id: int, done: str, step: Callable[..., object]) -> ResponseReturnValue:
    step(connection(), actor(), member_id, now=now())
    return redirect(url_for("members.detail", member_id=member_id, done=done), 303)


def _confirmation(
    member: MemberView, *, title: str, warning: str, button: str, idle: str = ""
) -> str:
    return render_template(
        "confirm.html",
        title=title,
        crumbs=[
            ("成员", url_for("members.listing")),
            (member.display_name, url_for("members.detail", member_id=member.id)),
        ],
        warning=warning,
        button=button,
        idle=idle,
        back=url_for("members.detail", member_id=member.id),
    )
