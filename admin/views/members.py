"""Accounts: who has one, what roles it holds, and how it is closed."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CITY, MEMBER_MANAGERS, may, scope
from admin.formats import minute
from admin.forms.people import MembersFilter, PeopleNotice
from admin.forms.reading import filters, submitted, typed
from admin.forms.roles import Reasoned
from backend.clock import business_day
from backend.organisations.queries import Scope, institutions
from backend.people.access import institution_in_scope
from backend.people.administration import (
    close_account,
    console_link,
    end_session,
    end_sessions,
    managed_member,
    may_manage,
    may_take,
    reopen_account,
)
from backend.people.labels import FACES
from backend.people.queries import MemberView, members_in
from backend.people.role_queries import given_roles
from backend.people.roles import is_administrator
from backend.people.roster_requests import bound_entries
from backend.people.second_consents import open_consents
from backend.people.sessions import account_of, session_of, sessions_of
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
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
        sessions=sessions_of(db, member_id=member_id, now=now()),
        roles=[
            (given, member_id != actor().member_id and may_take(db, actor(), given.grant))
            for given in given_roles(db, member_id=member_id)
        ],
        today=business_day(now()),
        links=member.roles and not is_administrator(db, member_id=member_id),
        consents=open_consents(db, member_id=member_id) if may(*CITY) else [],
        manages=may_manage(db, actor(), member, now=now()),
        bound=bound_entries(db, actor(), member_id),
        done=filters(PeopleNotice)["done"],
    )


@pages.get("/members/<int:member_id>/deactivate")
@console_roles(*MEMBER_MANAGERS)
def confirm_deactivation(member_id: int) -> str:
    """Says what closing an account does, and asks why."""
    return _closing(member_id, {})


@pages.post("/members/<int:member_id>/deactivate")
@console_roles(*MEMBER_MANAGERS)
def deactivate(member_id: int) -> ResponseReturnValue:
    """Closes the account; a city administrator's once a second administrator agrees."""
    managed_member(connection(), actor(), member_id, now=now())
    sent = submitted(Reasoned)
    if sent.errors:
        return _closing(member_id, sent.errors), 422
    closed = close_account(
        connection(), actor(), member_id, reason=sent.values["reason"], now=now()
    )
    done = "deactivated" if closed else "asked"
    return redirect(url_for("members.detail", member_id=member_id, done=done), 303)


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
    end_sessions(connection(), actor(), member_id, now=now())
    return redirect(url_for("members.detail", member_id=member_id, done="logged_out"), 303)


@pages.get("/members/<int:member_id>/reopen")
@console_roles(*MEMBER_MANAGERS)
def confirm_reopening(member_id: int) -> str:
    """Says what opening an account again does, and asks why."""
    return _reopening(member_id, {})


@pages.post("/members/<int:member_id>/reopen")
@console_roles(*MEMBER_MANAGERS)
def reopen(member_id: int) -> ResponseReturnValue:
    """Opens the account again."""
    managed_member(connection(), actor(), member_id, now=now())
    sent = submitted(Reasoned)
    if sent.errors:
        return _reopening(member_id, sent.errors), 422
    reopen_account(connection(), actor(), member_id, reason=sent.values["reason"], now=now())
    return redirect(url_for("members.detail", member_id=member_id, done="reopened"), 303)


@pages.get("/members/<int:member_id>/login-link")
@console_roles(*MEMBER_MANAGERS)
def confirm_link(member_id: int) -> str:
    """Says what a login link is, and asks for it."""
    member = managed_member(connection(), actor(), member_id, now=now())
    return _confirmation(
        member,
        title=f"给{member.display_name}生成登录链接",
        warning="用于第一次进入后台，或忘记密码。谁打开链接，谁就以这个账号进入后台，"
        "请只发给本人；生成记入审计。",
        button="生成登录链接",
    )


@pages.post("/members/<int:member_id>/login-link")
@console_roles(*MEMBER_MANAGERS)
def make_link(member_id: int) -> str:
    """Makes a one-time link to the console and shows it, once."""
    code = console_link(connection(), actor(), member_id, now=now())
    address = backend().settings.console_url + url_for("login.confirm", code=code)
    member = managed_member(connection(), actor(), member_id, now=now())
    return render_template("members/login_link.html", member=member, address=address)


@pages.get("/members/<int:member_id>/sessions/<int:session_id>/revoke")
@console_roles(*MEMBER_MANAGERS)
def confirm_session(member_id: int, session_id: int) -> str:
    """Says what ending one login does, and asks for it."""
    member = managed_member(connection(), actor(), member_id, now=now())
    session = session_of(connection(), member_id=member_id, session_id=session_id)
    face = FACES[session.face]
    return _confirmation(
        member,
        title=f"强制下线：{member.display_name}",
        warning=f"{minute(session.created_at)} 登录的{face}立即退出，其他登录不受影响。",
        button="强制下线",
    )


@pages.post("/members/<int:member_id>/sessions/<int:session_id>/revoke")
@console_roles(*MEMBER_MANAGERS)
def end(member_id: int, session_id: int) -> ResponseReturnValue:
    """Ends one login of the account."""
    end_session(connection(), actor(), member_id, session_id, now=now())
    return redirect(url_for("members.detail", member_id=member_id, done="ended"), 303)


def _closing(member_id: int, errors: Mapping[str, str]) -> str:
    db = connection()
    member = managed_member(db, actor(), member_id, now=now())
    second = is_administrator(db, member_id=member_id)
    return _confirmation(
        member,
        title=f"停用{member.display_name}的账号",
        warning=("这是市级管理员的账号：由您提请，经另一名市级管理员同意后停用。" if second else "")
        + "停用后，这个账号的全部登录立即失效，不能再登录，也不再记录行为；"
        "已有的记录和积分保留，以后可以恢复。",
        button="提请停用" if second else "停用账号",
        idle="这个账号已经停用，无需重复操作。"
        if account_of(db, member_id=member_id, now=now()).deactivated_at
        else "",
        reason={"values": typed({"reason": ""}), "errors": errors},
    )


def _reopening(member_id: int, errors: Mapping[str, str]) -> str:
    db = connection()
    member = managed_member(db, actor(), member_id, now=now())
    return _confirmation(
        member,
        title=f"恢复{member.display_name}的账号",
        warning="恢复后，本人可以重新登录；角色、记录和积分与停用前相同。",
        button="恢复账号",
        idle=""
        if account_of(db, member_id=member_id, now=now()).deactivated_at
        else "这个账号正在使用，无需恢复。",
        reason={"values": typed({"reason": ""}), "errors": errors},
    )


def _confirmation(
    member: MemberView,
    *,
    title: str,
    warning: str,
    button: str,
    idle: str = "",
    reason: Mapping[str, Mapping[str, str]] | None = None,
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
        reason=reason,
        back=url_for("members.detail", member_id=member.id),
    )
