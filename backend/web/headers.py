"""Headers that every answer carries: what a browser may load, frame, guess and tell others."""

import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Response, g

from backend.people.models import Face
from backend.web import faults
from backend.web.context import request_id
from backend.web.request_id import HEADER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PERMISSIONS = {
    # Drop-offs ask where the phone is and scan codes with its camera; the console does neither.
    Face.API: "geolocation=(self), camera=(self), microphone=(), payment=()",
    Face.CONSOLE: "geolocation=(), camera=(), microphone=(), payment=()",
}
_ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
_SECURE = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")


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


def describe(response: Response) -> None:
    """Adds the headers that depend on the request: its id, and what a page may load."""
    response.headers.add(HEADER, request_id())
    if response.mimetype == "text/html":
        response.headers.setdefault("Content-Security-Policy", _page_policy())


class Protected:
    """A WSGI application whose answers all carry the headers.

    A view may set its own policy of content, permissions and caching. It works below Flask because
    there a header is a pair in a list: a tenth of the time.

    Args:
        app: the application.
        face: which face it is.
    """

    def __init__(self, app: "WSGIApplication", face: Face) -> None:
        self._app = app
        self._defaults = (
            ("content-security-policy", ("Content-Security-Policy", _DATA_POLICY)),
            ("permissions-policy", ("Permissions-Policy", _PERMISSIONS[face])),
            ("cache-control", ("Cache-Control", "no-store")),
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answers a request."""

        def start(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            present = {name.lower() for name, _ in headers}
            found = headers + _ALWAYS
            found += [header for name, header in self._defaults if name not in present]
            if environ["wsgi.url_scheme"] == "https" and _SECURE[0].lower() not in present:
                found.append(_SECURE)
            return start_response(status, found, exc_info)

        faults.settle_host(environ)
        return self._app(environ, start)
