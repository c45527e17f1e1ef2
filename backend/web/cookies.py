"""The session cookie of the phone pages and of the console: one name a face, never shared."""

from datetime import datetime

from flask import request
from werkzeug.wrappers import Response

from backend.people.models import Face
from backend.web.context import web_context

_LONGEST_TOKEN = 200


def _name() -> str:
    """Ports do not separate cookies, so that the two faces need two names."""
    return f"tanpuhui_{web_context().face.value}"


def session_token() -> str | None:
    """The token in this face's cookie."""
    token = request.cookies.get(_name())
    return token if token and len(token) <= _LONGEST_TOKEN else None


def _secure() -> bool:
    context = web_context()
    settings = context.backend.settings
    url = settings.console_url if context.face is Face.CONSOLE else settings.public_url
    return request.is_secure or url.startswith("https://")


def keep(response: Response, name: str, value: str, *, seconds: int) -> None:
    """Keeps something in the browser that is no secret, for so many seconds."""
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="Lax", secure=_secure()
    )


def set_session(response: Response, *, token: str, expires_at: datetime) -> None:
    """Logs the browser in.

    Args:
        response: the answer that carries the cookie.
        token: as `people.service` returned it.
        expires_at: when the token ends, aware.
    """
    response.set_cookie(
        _name(), token, expires=expires_at, httponly=True, samesite="Lax", secure=_secure()
    )


def clear_session(response: Response) -> None:
    """Logs the browser out; the token itself is revoked by `people.service.log_out`."""
    response.delete_cookie(_name(), httponly=True, samesite="Lax", secure=_secure())
