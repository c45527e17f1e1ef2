"""Getting in: by login name and password, by a one-time link, by an invitation; and out."""

from collections.abc import Mapping

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin import drafts
from admin.auth import EVERYONE
from admin.forms.lists import LoginNotice
from admin.forms.reading import by_field, filters, submitted, typed
from admin.forms.roles import SigningIn, SigningUp
from admin.login_page import NAMES, login_page
from backend.errors import DomainError, InvalidInputError
from backend.people import service as people
from backend.people.console_invitations import (
    ConsoleInvitationInvalidError,
    SignIn,
    accept,
    invitation_with,
)
from backend.people.local_accounts import LoginNameTakenError, try_password
from backend.people.models import Face
from backend.people.service import AccountDeactivatedError, LoginLinkInvalidError, NewSession
from backend.web.access import console_roles, optional_actor, public
from backend.web.context import now
from backend.web.cookies import clear_session, session_token, set_session
from backend.web.limits import LOGINS, limited
from backend.web.next_path import forget_next, keep_next, local_path, next_after_login
from backend.web.transaction import connection, connection_apart

pages = Blueprint("login", __name__)


@pages.get("/login")
@public
def explain() -> ResponseReturnValue:
    """The form to sign in with, and why it is shown; whoever is in goes on to `next`."""
    notice = filters(LoginNotice)
    next_path = local_path(notice["next"], "")
    if next_path and optional_actor() is not None:
        return redirect(next_path, 303)
    response = make_response(
        login_page(expired=bool(notice["expired"]), left=bool(notice["left"]), next_path=next_path)
    )
    keep_next(response, next_path)
    return response


@pages.post("/login")
@public
@limited(*LOGINS)
def enter() -> ResponseReturnValue:
    """Signs in by login name and password, and goes on where the last session ended."""
    sent = submitted(SigningIn)
    draft, next_path = request.form.get("draft", ""), request.form.get("next", "")
    if sent.errors:
        return login_page(errors=sent.errors, draft=draft, next_path=next_path), 422
    name, password = sent.values["login_name"], sent.values["password"]
    with connection_apart() as db:
        found = try_password(db, login_name=name, password=password, now=now())
    if isinstance(found, DomainError):
        page = make_response(
            login_page(refusal=found.message, draft=draft, next_path=next_path), 401
        )
        if found.retry_after:
            page.status_code = 429
            page.headers["Retry-After"] = str(found.retry_after)
        return page
    try:
        session = people.open_session(connection(), member_id=found, face=Face.CONSOLE, now=now())
    except AccountDeactivatedError as closed:
        return login_page(refusal=closed.message), 401
    return _in(session, drafts.opened(draft))


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
        return login_page(refusal=refused.message), 401
    return _in(session)


@pages.get("/invitations/<code>")
@public
def welcome(code: str) -> ResponseReturnValue:
    """Tells whom an invitation is for and to what, and asks for a login name and a password."""
    return _welcome(code, {})


@pages.post("/invitations/<code>")
@public
@limited(*LOGINS)
def join(code: str) -> ResponseReturnValue:
    """Uses the invitation up: the account, its sign-in and the role, and a session."""
    sent = submitted(SigningUp)
    if sent.errors:
        return _welcome(code, sent.errors)
    if sent.values["password"] != sent.values["again"]:
        return _welcome(code, {"again": "两次输入的密码不一致，请重新输入。"})
    sign_in = SignIn(sent.values["login_name"], sent.values["password"])
    try:
        session = accept(connection(), code=code, sign_in=sign_in, now=now())
    except ConsoleInvitationInvalidError as refused:
        return login_page(refusal=refused.message), 401
    except (InvalidInputError, LoginNameTakenError) as refused:
        return _welcome(code, by_field(refused.fields))
    return _in(session)


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


def _welcome(code: str, errors: Mapping[str, str]) -> ResponseReturnValue:
    try:
        found = invitation_with(connection(), code=code, now=now())
    except ConsoleInvitationInvalidError as refused:
        return login_page(refusal=refused.message), 401
    page = render_template(
        "login/welcome.html",
        invitation=found,
        code=code,
        values=typed({"login_name": ""}),
        errors=errors,
        names=NAMES,
    )
    return page, 422 if errors else 200


def _in(session: NewSession, draft: drafts.FormDraft | None = None) -> Response:
    """Lets the browser in: on where it was going, or back to the form it was sending."""
    if draft is None:
        response = make_response(redirect(next_after_login(url_for("home.today")), 303))
    else:
        name = session.member.display_name
        response = make_response(render_template("login/resume.html", draft=draft, name=name))
    set_session(response, token=session.token, expires_at=session.expires_at)
    forget_next(response)
    return response
