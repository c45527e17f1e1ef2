"""Who may call a route. Every route says so; one that does not is closed to all."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

import structlog
from flask import Flask, current_app, g, request

from backend.errors import ForbiddenError, UnauthenticatedError
from backend.people.models import Role
from backend.people.queries import Actor
from backend.web.context import now, web_context
from backend.web.cookies import session_token
from backend.web.refusals import AccessUndeclaredError
from backend.web.transaction import connection

_RULE = "access_rule"
_DESCRIPTION = "_apidoc"  # where flask-smorest keeps what it says about an operation
_V = TypeVar("_V", bound=Callable[..., Any])
_log = structlog.get_logger(__name__)


class Credential(StrEnum):
    """How a caller shows who they are."""

    NONE = "none"
    BEARER = "bearer"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """What a route asks of its caller.

    Attributes:
        credential: what must come with the request.
        roles: one of these must be in force, in whatever scope; empty: any member.
    """

    credential: Credential
    roles: tuple[Role, ...] = ()


_SECURITY: Mapping[Credential, list[dict[str, list[str]]]] = {
    Credential.NONE: [],
    Credential.BEARER: [{"bearer": []}],
    Credential.COOKIE: [{"cookie": []}],
}
_PUBLIC = AccessRule(Credential.NONE)
_MEMBER = AccessRule(Credential.BEARER)
_MEMBER_PAGE = AccessRule(Credential.COOKIE)


def public(view: _V) -> _V:
    """Open to everybody; the view itself may still look for an `optional_actor`."""
    return _declare(view, _PUBLIC)


def member_only(view: _V) -> _V:
    """For members, by bearer token."""
    return _declare(view, _MEMBER)


def member_page(view: _V) -> _V:
    """For members, by the cookie of the phone pages."""
    return _declare(view, _MEMBER_PAGE)


def console_roles(*roles: Role) -> Callable[[_V], _V]:
    """For console users with one of these roles, by the console's cookie.

    What they may see is narrowed further by the scope of their grants, in the functions that
    fetch the objects.
    """
    if not roles:
        raise ValueError("name the roles that may call this")

    def declare(view: _V) -> _V:
        return _declare(view, AccessRule(Credential.COOKIE, roles))

    return declare


def _declare(view: _V, rule: AccessRule) -> _V:
    setattr(view, _RULE, rule)
    described = deepcopy(getattr(view, _DESCRIPTION, {}))
    described.setdefault("manual_doc", {})["security"] = _SECURITY[rule.credential]
    setattr(view, _DESCRIPTION, described)
    return view


def rule_of(app: Flask, endpoint: str, method: str) -> AccessRule | None:
    """What a route declared, or None.

    Args:
        app: the application.
        endpoint: as in its URL map.
        method: the HTTP method; a class of views may declare each method by itself.
    """
    view = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is None:
        return cast("AccessRule | None", getattr(view, _RULE, None))
    handler = "get" if method == "HEAD" else method.lower()
    of_class = getattr(view_class, _RULE, None)
    return getattr(getattr(view_class, handler, None), _RULE, of_class)


def undeclared(app: Flask) -> Iterator[tuple[str, str]]:
    """Every endpoint and method of an application that does not say who may call it."""
    for route in app.url_map.iter_rules():
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            if rule_of(app, route.endpoint, method) is None:
                yield route.endpoint, method


def enforce() -> None:
    """Lets the request through, or refuses it; runs before every view.

    Raises:
        AccessUndeclaredError: the route declares nothing.
        UnauthenticatedError: no valid token came with the request.
        ForbiddenError: the caller holds none of the roles.
    """
    if request.endpoint is None or request.routing_exception is not None:
        return
    rule = rule_of(current_app, request.endpoint, request.method)
    if rule is None:
        _log.error("access_undeclared", endpoint=request.endpoint)
        raise AccessUndeclaredError("此功能尚未开放，请联系管理员。")
    if rule.credential is Credential.NONE:
        return
    token = _bearer_token() if rule.credential is Credential.BEARER else session_token()
    if token is None:
        raise UnauthenticatedError("请先登录，再进行此操作。")
    g.actor = _authenticated(token)
    if rule.roles and not g.actor.has_role(*rule.roles):
        raise ForbiddenError("您的角色不能进行此操作，如有需要请联系管理员。")


def actor() -> Actor:
    """The member who calls; only in views that are not public."""
    return cast("Actor", g.actor)


def optional_actor() -> Actor | None:
    """The member behind a public page's cookie, if it holds a valid token."""
    if "optional_actor" not in g:
        token = session_token()
        try:
            g.optional_actor = _authenticated(token) if token else None
        except UnauthenticatedError:
            g.optional_actor = None
    return cast("Actor | None", g.optional_actor)


def _authenticated(token: str) -> Actor:
    context = web_context()
    found = context.authenticate(connection(), token=token, now=now(), face=context.face)
    structlog.contextvars.bind_contextvars(member_id=found.member_id)
    return found


def _bearer_token() -> str | None:
    scheme, _blank, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None
