"""What the server hands to the application, whatever is sent; no slow client costs a thread."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from granian.rsgi import HTTPProtocol, ProtocolClosed, Scope  # type: ignore[attr-defined]  # it exports them without saying so

from backend.runtime import gateway
from backend.runtime.gateway import FAULT, Fault, Gateway
from tests.conftest import PATIENCE_SECONDS

Start = Callable[[str, list[tuple[str, str]]], object]


class Echo:
    """Remembers the environments it was called with, and takes 100 bytes of body."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.seen: list[dict[str, Any]] = []
        self._gate = gate

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        self.seen.append(environ)
        if self._gate is not None:
            self._gate.wait(PATIENCE_SECONDS)
        start("200 OK", [("X-Seen", "yes")])
        return [environ["wsgi.input"].read()]

    def body_limit(self, _method: str, _path: str) -> int:
        return 100


class Connection:
    """One request as granian gives it; a body of None never comes."""

    def __init__(self, pieces: Iterable[bytes] | None = (), *, broken: bool = False) -> None:
        self.answers: list[tuple[int, list[tuple[str, str]], bytes]] = []
        self._pieces = pieces
        self._broken = broken

    async def __call__(self) -> bytes:
        if self._pieces is None:
            await asyncio.sleep(60)
        if self._broken:
            raise ProtocolClosed
        return b"".join(self._pieces or ())

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces or ():
            yield piece
        yield b""
        if self._broken:
            yield b""

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answers.append((status, headers, body))


def _scope(*headers: tuple[str, str], path: str = "/x") -> Scope:
    values = {
        "method": "POST",
        "path": path,
        "query_string": "a=1",
        "server": "127.0.0.1:8000",
        "client": "[::1]:50000",
        "scheme": "http",
        "http_version": "1.1",
        "headers": SimpleNamespace(items=lambda: list(headers)),
    }
    return cast("Scope", SimpleNamespace(**values))


def _ask(app: Echo, *requests: tuple[Scope, Connection], threads: int = 1) -> None:
    """Sends the requests at once."""

    async def run() -> None:
        served = Gateway(app, threads=threads)
        loop = asyncio.get_running_loop()
        served.__rsgi_init__(loop)
        await asyncio.gather(
            *(served.__rsgi__(scope, cast("HTTPProtocol", proto)) for scope, proto in requests)
        )
        served.__rsgi_del__(loop)

    asyncio.run(run())


def _one(connection: Connection, *headers: tuple[str, str], path: str = "/x") -> dict[str, Any]:
    app = Echo()
    _ask(app, (_scope(*headers, path=path), connection))
    return app.seen[0]


def test_a_request_becomes_an_environment() -> None:
    connection = Connection([b"ab", b"c"])
    environ = _one(
        connection,
        ("host", "example.org"),
        ("content-length", "3"),
        ("content-type", "text/plain"),
        ("cookie", "a=1"),
        ("cookie", "b=2"),
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        path="/碳",
    )
    assert connection.answers == [(200, [("X-Seen", "yes")], b"abc")]
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/碳"
    assert environ["REMOTE_ADDR"] == "::1"
    assert (environ["HTTP_COOKIE"], environ["HTTP_X_FORWARDED_FOR"]) == (
        "a=1; b=2",
        "1.1.1.1,2.2.2.2",
    )
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/plain", "3")
    assert FAULT not in environ


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_hyphen() -> None:
    environ = _one(Connection(), ("x_forwarded_for", "6.6.6.6"), ("x-forwarded-for", "1.1.1.1"))
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"


def test_two_hosts_are_a_fault() -> None:
    assert _one(Connection(), ("host", "a"), ("host", "b"))[FAULT] is Fault.HOST


@pytest.mark.parametrize(
    "headers", [("content-length", "10"), ("transfer-encoding", "chunked")], ids=["whole", "chunks"]
)
def test_a_body_that_breaks_off_is_a_fault_and_no_shorter_body(headers: tuple[str, str]) -> None:
    environ = _one(Connection([b'{"a":1}'], broken=True), headers)
    assert environ[FAULT] is Fault.BODY_BROKEN


def test_a_body_in_pieces_is_whole_and_has_a_length() -> None:
    environ = _one(Connection([b"a" * 60, b"b" * 40]), ("transfer-encoding", "chunked"))
    assert environ["CONTENT_LENGTH"] == "100"
    assert FAULT not in environ
    assert "HTTP_TRANSFER_ENCODING" not in environ


def test_an_endless_body_is_taken_one_byte_beyond_the_limit() -> None:
    connection = Connection(b"x" * 64 for _ in iter(int, 1))
    environ = _one(connection, ("transfer-encoding", "chunked"))
    assert environ["CONTENT_LENGTH"] == "101"


def test_a_body_declared_too_long_is_not_taken() -> None:
    environ = _one(Connection(None), ("content-length", "101"))
    assert environ["CONTENT_LENGTH"] == "101"
    assert environ["wsgi.input"].read() == b""


def test_bodies_that_do_not_come_cost_time_but_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_BODY_SECONDS", 0.3)
    app = Echo()
    slow = [(_scope(("content-length", "10")), Connection(None)) for _ in range(20)]
    honest = (_scope(), Connection())
    _ask(app, *slow, honest, threads=1)
    assert FAULT not in app.seen[0]
    assert [environ[FAULT] for environ in app.seen[1:]] == [Fault.BODY_LATE] * 20


def test_what_waits_beyond_the_limit_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "_WAITING", 3)
    gate = threading.Event()
    timer = threading.Timer(0.3, gate.set)
    timer.start()
    connections = [Connection() for _ in range(5)]
    _ask(Echo(gate), *((_scope(), each) for each in connections))
    timer.join()
    assert sorted(each.answers[0][0] for each in connections) == [200, 200, 200, 503, 503]
    refused = next(each.answers[0] for each in connections if each.answers[0][0] == 503)
    assert ("retry-after", "2") in refused[1]


def test_an_application_that_fails_is_answered() -> None:
    class Failing(Echo):
        def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
            raise RuntimeError(environ["PATH_INFO"], start)

    connection = Connection()
    _ask(Failing(), (_scope(), connection))
    assert connection.answers[0][0] == 500
