"""How much of a body is read: never more than the route accepts."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

from backend.web.context import settings_of
from backend.web.refusals import BodyTooLargeError

_LIMIT = "max_body_bytes"
_V = TypeVar("_V", bound=Callable[..., Any])


def accepts_body(max_bytes: int) -> Callable[[_V], _V]:
    """Lets a view take a larger body than the installation's limit: uploads.

    Args:
        max_bytes: bytes accepted; a longer body is refused before it is read.
    """

    def declare(view: _V) -> _V:
        setattr(view, _LIMIT, max_bytes)
        return view

    return declare


def limit_of(app: Flask, endpoint: str | None) -> int:
    """The most bytes of body that an endpoint reads; None stands for no route."""
    view = app.view_functions[endpoint] if endpoint else None
    limit: int = getattr(view, _LIMIT, settings_of(app).max_body_bytes)
    return limit


def enforce_limit() -> None:
    """Refuses a body that is too long by its declared length.

    Servers declare every length: `backend/runtime/gateway.py` takes a streamed body first.

    Raises:
        BodyTooLargeError: 413; not a byte of the body was read.
    """
    limit = limit_of(current_app, request.endpoint)
    request.max_content_length = limit
    if (request.content_length or 0) > limit:
        raise BodyTooLargeError(f"提交的内容过大，最多 {limit // 1024} KB，请减小后重试。")
