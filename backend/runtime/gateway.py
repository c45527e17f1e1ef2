"""A WSGI application served by granian's own interface: no thread ever waits for a client.

Granian's WSGI mode reads a body in the thread of the view, so that as many slow bodies as there are
threads stop everybody; it hands a broken body on as a shorter one, and merges `X_Real` into
`X-Real`. Here the event loop takes the whole body, bounded and in time, and only then does a thread
begin.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any, Protocol

from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # it exports them without saying so

FAULT = "tanpuhui.fault"
"""Key of the environment under which the application finds a `Fault`: it refuses the request."""

# A body has this long, and a second more for every so many bytes it declares.
_BODY_SECONDS = 20.0
_BODY_BYTES_PER_SECOND = 32_768
# More requests than this in wait of a thread, in one worker, are told to come back.
_WAITING = 256
_BUSY = (
    '{"type":"/problems/unavailable","title":"服务暂时不可用","status":503,"code":"unavailable",'
    '"detail":"系统繁忙，您的操作没有保存，请稍后重试。"}'
).encode()
_BUSY_HEADERS = [
    ("content-type", "application/problem+json"),
    ("cache-control", "no-store"),
    ("retry-after", "2"),
]

Answer = tuple[int, list[tuple[str, str]], bytes]
_log = logging.getLogger("_granian")


class Fault(StrEnum):
    """What is wrong with a request before anything of the application has looked at it."""

    BODY_BROKEN = "body_broken"
    BODY_LATE = "body_late"
    HOST = "host"


class Served(Protocol):
    """A WSGI application that knows how much of a body it reads."""

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any], /
    ) -> Iterable[bytes]:
        """Answers a request."""
        ...

    def body_limit(self, method: str, path: str) -> int:
        """The most bytes of body that a route reads."""
        ...


class Gateway:
    """What granian calls for every request.

    Args:
        app: the application.
        threads: requests it works on at once.
    """

    def __init__(self, app: Served, *, threads: int) -> None:
        self._app = app
        self._threads = threads
        self._waiting = 0

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Starts the threads, in the worker that uses them."""
        self._loop = loop
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="request")

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Ends the threads; every answer has been sent."""
        self._pool.shutdown()

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Takes the body, lets a thread work, and sends what it answered."""
        environ = _environ(scope)
        if "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ:
            await self._take_body(environ, scope, proto)
        if self._waiting >= _WAITING:
            proto.response_bytes(503, _BUSY_HEADERS, _BUSY)
            return
        self._waiting += 1
        try:
            answer = await self._loop.run_in_executor(self._pool, self._answer, environ)
        finally:
            self._waiting -= 1
        proto.response_bytes(*answer)

    async def _take_body(self, environ: dict[str, Any], scope: Scope, proto: HTTPProtocol) -> None:
        """Puts the whole body into the environment, or what is wrong with it."""
        limit = self._app.body_limit(scope.method, scope.path)
        chunked = environ.pop("HTTP_TRANSFER_ENCODING", None) is not None
        declared = limit if chunked else int(environ["CONTENT_LENGTH"])
        if declared > limit:
            return  # the application refuses it by its length; nothing is read
        body = b""
        try:
            async with asyncio.timeout(_BODY_SECONDS + declared / _BODY_BYTES_PER_SECOND):
                body = await (_chunks(proto, limit) if chunked else proto())
        except TimeoutError:
            environ[FAULT] = Fault.BODY_LATE
        except ProtocolClosed:
            environ[FAULT] = Fault.BODY_BROKEN
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["wsgi.input"] = io.BytesIO(body)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        """Calls the application, in a thread."""
        started: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> None:
            started.append((int(status[:3]), headers))

        try:
            parts = self._app(environ, start)
            try:
                body = b"".join(parts)
            finally:
                close = getattr(parts, "close", None)
                if close is not None:
                    close()
        except Exception:  # noqa: BLE001 - the client must hear of anything
            _log.exception("the application raised")
            return 500, [("cache-control", "no-store")], b""
        status, headers = started[-1]
        return status, headers, body


async def _chunks(proto: HTTPProtocol, limit: int) -> bytes:
    """A body of undeclared length; one byte more than the limit when it is longer.

    Raises:
        ProtocolClosed: it is broken. Granian tells so by an empty piece before the last one, as it
            does for trailers, which nobody here reads.
    """
    pieces: list[bytes] = []
    taken = 0
    ended = False
    async for piece in proto:
        if ended:
            raise ProtocolClosed
        ended = not piece
        pieces.append(piece)
        taken += len(piece)
        if taken > limit:
            break
    return b"".join(pieces)[: limit + 1]


def _environ(scope: Scope) -> dict[str, Any]:
    """The WSGI environment of a request without its body."""
    server, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        # WSGI carries bytes as latin-1.
        "PATH_INFO": scope.path if scope.path.isascii() else scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        # `X_Forwarded_For` would be taken for `X-Forwarded-For`, which a proxy vouches for.
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        if key == "HTTP_HOST" and key in environ:
            environ[FAULT] = Fault.HOST
        elif key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"  # noqa: PLW2901
        environ[key] = value
    return environ
