"""Who uses the console: groups of roles, the scope a page works in, the way to the login."""

from urllib.parse import quote, urlsplit

from flask import Flask, Response, current_app, make_response, redirect, request, url_for

from admin import drafts
from admin.login_page import login_page
from backend.actions.queries import Reach
from backend.clock import business_day
from backend.errors import UnauthenticatedError
from backend.organisations.queries import Scope
from backend.people.access import scope_of
from backend.people.models import Role
from backend.web import problems
from backend.web.access import Credential, actor, rule_of
from backend.web.context import now
from backend.web.cookies import clear_session, session_token
from backend.web.next_path import local_path

EVERYONE = tuple(Role)
PLACE_WRITERS = (Role.CITY_ADMIN, Role.DISTRICT_MANAGER, Role.INSTITUTION_ADMIN)
PLACE_READERS = (*PLACE_WRITERS, Role.AUDITOR)
MEMBER_MANAGERS = PLACE_WRITERS
CITY = (Role.CITY_ADMIN,)
UNIT_MAKERS = (Role.CITY_ADMIN, Role.DISTRICT_MANAGER)
ON_DUTY = (Role.ATTENDANT,)
POINT_STAFF = (*PLACE_READERS, *ON_DUTY)
RANKING_READERS = (*PLACE_READERS, Role.DEPARTMENT_MANAGER)
VERIFIERS = (*PLACE_WRITERS, *ON_DUTY)
CASH_DECIDERS = (Role.CITY_ADMIN, Role.DISTRICT_MANAGER)
AUDIT_READERS = (Role.CITY_ADMIN, Role.AUDITOR)


def scope(roles: tuple[Role, ...]) -> Scope:
    """What the caller reaches by these roles; grants of other roles open nothing here."""
    return scope_of(actor(), roles=roles)


def reach() -> Reach:
    """The drop-offs the caller may see: a manager's of any day, an attendant's of today."""
    return Reach(scope(PLACE_READERS), scope(ON_DUTY), business_day(now()))


def may(*roles: Role) -> bool:
    """Whether the caller holds one of the roles; for showing a button, not for guarding a route."""
    return actor().has_role(*roles)


def from_htmx() -> bool:
    """Whether the page's own script asks for a part of it."""
    return request.headers.get("HX-Request") == "true"


def install(app: Flask) -> None:
    """Sends callers without a valid session to the login instead of showing them an error."""
    app.register_error_handler(UnauthenticatedError, _to_login)


def _to_login(error: UnauthenticatedError) -> Response:
    rule = rule_of(current_app, request.endpoint or "", request.method)
    if rule is None or rule.credential is not Credential.COOKIE:
        return problems.respond(problems.of_domain(error))
    expired = session_token() is not None
    address = url_for("login.explain", expired=1 if expired else None, next=_way_back() or None)
    draft = drafts.of_request() if expired and not from_htmx() else ""
    if draft:
        response = make_response(login_page(expired=True, draft=draft), 401)
    elif from_htmx():
        response = Response(status=401, headers={"HX-Redirect": address})
    else:
        response = make_response(redirect(address, 303))
    if expired:
        clear_session(response)
    return response


def _way_back() -> str:
    """The page that was asked for, or the one that a form or a part of a page stands on."""
    if request.method == "GET" and not from_htmx():
        path = request.full_path.rstrip("?")
        return local_path(quote(path, safe="/?=&%~"), "") if path != "/" else ""
    on = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if on.netloc != request.host:
        return ""
    return local_path(f"{on.path}?{on.query}".rstrip("?"), "")
