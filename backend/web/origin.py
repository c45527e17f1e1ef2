"""No form posted from another site with this site's cookies.

Browsers say where a request comes from (`Sec-Fetch-Site`, `Origin`); with `SameSite=Lax` cookies
this needs no tokens in forms. The approach is Go's `http.CrossOriginProtection` and Datasette's.
"""

from flask import request

from backend.people.models import Face
from backend.web.context import web_context
from backend.web.refusals import CrossOriginError

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})


def enforce() -> None:
    """Refuses an unsafe request that a browser sent on behalf of another site.

    Requests with an Authorization header or a JSON body pass: a page of another site cannot send
    either without a preflight, which no route here answers. Clients that are no browsers send
    neither header and carry no one's cookies.

    Raises:
        CrossOriginError: the request comes from elsewhere.
    """
    if request.method in _SAFE_METHODS:
        return
    if "Authorization" in request.headers or request.mimetype == "application/json":
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in _OWN_SITE
    else:
        origin = request.headers.get("Origin")
        allowed = origin is None or _is_ours(origin)
    if not allowed:
        raise CrossOriginError("此请求来自其他网站，已被拦截。请在本系统页面中重新操作。")


def _is_ours(origin: str) -> bool:
    """Whether an Origin is the address this face is published at, or the host that was asked."""
    context = web_context()
    settings = context.backend.settings
    own = settings.console_url if context.face is Face.CONSOLE else settings.public_url
    return origin == own or origin.partition("://")[2] == request.host
