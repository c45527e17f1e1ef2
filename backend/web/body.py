"""How much of a body is read: never more than the route accepts, declared or streamed."""

import io
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

from flask import current_app, request

from backend.web.context import backend
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


def enforce_limit() -> None:
    """Refuses a body that is declared too long, and bounds one that is not declared.

    Raises:
        BodyTooLargeError: 413; not a byte of the body was read.
    """
    view = current_app.view_functions[request.endpoint] if request.endpoint else None
    limit: int = getattr(view, _LIMIT, backend().settings.max_body_bytes)
    if "HTTP_TRANSFER_ENCODING" in request.environ:
        # Werkzeug cuts a streamed body off at its maximum without a word; this one speaks.
        request.environ["wsgi.input"] = _BoundedStream(request.environ["wsgi.input"], limit)
        request.max_content_length = None
    else:
        request.max_content_length = limit
    if (request.content_length or 0) > limit:
        raise _refusal(limit)


def _refusal(limit: int) -> BodyTooLargeError:
    return BodyTooLargeError(f"提交的内容过大，最多 {limit // 1024} KB，请减小后重试。")


class _BoundedStream(io.RawIOBase):
    """A body of unknown length that may be read up to a limit and no byte further."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit
        self._taken = 0

    def readable(self) -> bool:
        """Always: it is an input."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Reads at most one byte beyond the limit, and refuses if there is one."""
        wanted = min(len(buffer), self._limit + 1 - self._taken)
        data = self._stream.read(wanted)
        self._taken += len(data)
        if self._taken > self._limit:
            raise _refusal(self._limit)
        buffer[: len(data)] = data
        return len(data)
