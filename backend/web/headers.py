"""Headers that every answer carries: what a browser may load, frame, guess and tell others."""

import secrets

from flask import Response, g, request

from backend.people.models import Face
from backend.web.context import request_id, web_context
from backend.web.request_id import HEADER

_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PERMISSIONS = {
    # Drop-offs ask where the phone is and scan codes with its camera; the console does neither.
    Face.API: "geolocation=(self), camera=(self), microphone=(), payment=()",
    Face.CONSOLE: "geolocation=(), camera=(), microphone=(), payment=()",
}
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def csp_nonce() -> str:
    """The nonce that lets an inline script or style of this answer run; templates write it."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def _page_policy() -> str:
    allowed = f"'self' 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'self'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src {allowed}; "
        "img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        "media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def protect(response: Response) -> None:
    """Adds the headers; a view may set its own policy of content, permissions and caching."""
    headers = response.headers
    headers.add(HEADER, request_id())
    headers.extend(_ALWAYS)
    is_page = response.mimetype == "text/html"
    headers.setdefault("Content-Security-Policy", _page_policy() if is_page else _DATA_POLICY)
    headers.setdefault("Permissions-Policy", _PERMISSIONS[web_context().face])
    if request.endpoint is None or not request.endpoint.endswith("static"):
        headers.setdefault("Cache-Control", "no-store")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
