"""One's own account: how to sign in, where one is signed in, and out everywhere else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import EVERYONE
from admin.forms.people import PeopleNotice
from admin.forms.reading import by_field, filters, submitted, typed
from admin.forms.roles import NewPassword, SigningUp
from admin.login_page import NAMES
from backend.clock import business_day
from backend.errors import InvalidInputError
from backend.people.local_accounts import (
    LoginNameTakenError,
    change_password,
    login_name_of,
    open_local_account,
)
from backend.people.role_queries import given_roles
from backend.people.sessions import revoke_others, sessions_of, token_id
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.cookies import session_token
from backend.web.transaction import connection

pages = Blueprint("account", __name__)

_FRESH: Final = timedelta(minutes=15)


@pages.get("/account")
@console_roles(*EVERYONE)
def own() -> str:
    """One's roles, logins and sign-in."""
    return _page({})


@pages.post("/account/sign-in")
@console_roles(*EVERYONE)
def set_sign_in() -> ResponseReturnValue:
    """Sets a login name and a password, or another password, soon after a login; others end."""
    db, me = connection(), actor().member_id
    if not _fresh():
        return _page({"password": "登录已超过 15 分钟，请退出并重新登录后再设置密码。"}), 422
    known = login_name_of(db, member_id=me)
    sent = submitted(SigningUp if known is None else NewPassword)
    if sent.errors:
        return _page(sent.errors), 422
    password = sent.values["password"]
    if password != sent.values["again"]:
        return _page({"again": "两次输入的密码不一致，请重新输入。"}), 422
    try:
        if known is None:
            name = sent.values["login_name"]
            open_local_account(db, member_id=me, login_name=name, password=password, now=now())
        else:
            change_password(db, member_id=me, password=password, now=now())
    except (InvalidInputError, LoginNameTakenError) as refused:
        return _page(by_field(refused.fields)), 422
    _end_others()
    return redirect(url_for("account.own", done="set"), 303)


@pages.post("/account/sessions/others/revoke")
@console_roles(*EVERYONE)
def log_out_others() -> ResponseReturnValue:
    """Ends every login of one's own but this one."""
    _end_others()
    return redirect(url_for("account.own", done="others"), 303)


def _end_others() -> None:
    token = session_token() or ""
    revoke_others(connection(), member_id=actor().member_id, token=token, now=now())


def _fresh() -> bool:
    """Whether whoever holds this session has just shown who they are."""
    this = token_id(connection(), token=session_token() or "")
    sessions = sessions_of(connection(), member_id=actor().member_id, now=now())
    return any(each.id == this and now() - each.created_at <= _FRESH for each in sessions)


def _page(errors: Mapping[str, str]) -> str:
    db, me = connection(), actor().member_id
    today = business_day(now())
    return render_template(
        "account/own.html",
        login_name=login_name_of(db, member_id=me),
        fresh=_fresh(),
        roles=[each for each in given_roles(db, member_id=me) if each.stands(today)],
        sessions=sessions_of(db, member_id=me, now=now()),
        this=token_id(db, token=session_token() or ""),
        values=typed({"login_name": ""}),
        errors=errors,
        names=NAMES,
        done=filters(PeopleNotice)["done"],
    )
