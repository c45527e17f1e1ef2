"""Logging in by a one-time link, and out."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import EVERYONE
from admin.forms.lists import LoginNotice
from admin.forms.reading import filters
from backend.people import service as people
from backend.people.models import Face
from backend.people.service import AccountDeactivatedError, LoginLinkInvalidError
from backend.web.access import console_roles, public
from backend.web.context import now
from backend.web.cookies import clear_session, session_token, set_session
from backend.web.limits import LOGINS, limited
from backend.web.transaction import connection

pages = Blueprint("login", __name__)


@pages.get("/login")
@public
def explain() -> str:
    """How to get a login link, and why one is asked for."""
    return render_template("login/explain.html", notice=filters(LoginNotice), refusal="")


@pages.get("/login/link/<code>")
@public
def confirm(code: str) -> str:
    """Asks for one click: what fetches links ahead of people must not use them up."""
    return render_template("login/confirm.html", code=code)


@pages.post("/login/link/<code>")
@public
@limited(*LOGINS)
def log_in(code: str) -> ResponseReturnValue:
    """Uses the link up and opens a session of 12 hours."""
    try:
        session = people.log_in_link(connection(), code=code, purpose=Face.CONSOLE, now=now())
    except (LoginLinkInvalidError, AccountDeactivatedError) as refused:
        notice = {"expired": 0, "left": 0}
        page = render_template("login/explain.html", notice=notice, refusal=refused.message)
        return page, 401
    response = make_response(redirect(url_for("home.today"), 303))
    set_session(response, token=session.token, expires_at=session.expires_at)
    return response


@pages.post("/logout")
@console_roles(*EVERYONE)
def log_out() -> ResponseReturnValue:
    """Revokes the session's token and forgets the cookie."""
    token = session_token()
    if token is not None:
        people.log_out(connection(), token=token, now=now())
    response = make_response(redirect(url_for("login.explain", left=1), 303))
    clear_session(response)
    return response
