"""What only a socket can send: refused at once, by every route, with nothing at 500 or above."""

import socket

import pytest
from flask import Flask

from backend.people.models import Face
from miniprogram_api.app import create_app
from tests.builders.city import City
from tests.faults.conftest import Api
from tests.web.faces import routes

_CHUNKED = "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n"
SHAPES = {
    "a chunk without a length": f"{_CHUNKED}ZZ\r\nabc\r\n",
    "a second chunk without a length": f'{_CHUNKED}7\r\n{{"a":1}}\r\nZZ\r\n',
    "a chunk longer than it says": f"{_CHUNKED}1\r\nabc\r\n0\r\n\r\n",
    "a length and chunks": f"Content-Length: 3\r\n{_CHUNKED}3\r\nabc\r\n0\r\n\r\n",
    "two lengths": "Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
    "a length below nothing": "Host: a\r\nContent-Length: -1\r\n\r\n",
    "an unknown coding": "Host: a\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "two dots in the host": "Host: a..b\r\nContent-Length: 0\r\n\r\n",
    "two hosts": "Host: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
    "no host": "Content-Length: 0\r\n\r\n",
    "bytes in a header": "Host: a\r\nX-Name: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
    "a header of 70 KB": f"Host: a\r\nX-Long: {'x' * 70_000}\r\n\r\n",
    "200 headers": "Host: a\r\n" + "X: y\r\n" * 200 + "\r\n",
}


@pytest.fixture
def app(city: City) -> Flask:
    return create_app(city.backend)


def _status(port: int, request: bytes) -> int:
    """The status of the first answer; 0 where the server closes without one."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(request)
            head = connection.recv(64)
        except ConnectionError:
            return 0
    return int(head[9:12]) if head else 0


def test_no_shape_on_the_wire_makes_a_route_fail(api: Api, app: Flask) -> None:
    failed = []
    for route in routes(app, Face.API):
        for name, rest in SHAPES.items():
            line = f"{route.method} {route.path} HTTP/1.1\r\n"
            status = _status(api.port, (line + rest).encode("latin-1"))
            if status >= 500:
                failed.append((route.method, route.path, name, status))
    assert failed == []


def test_what_is_broken_is_refused_before_anything_is_done(api: Api) -> None:
    broken = SHAPES.keys() - {"a length and chunks", "no host", "bytes in a header"}
    answers = {
        name: _status(
            api.port, f"POST /api/v1/sessions HTTP/1.1\r\n{SHAPES[name]}".encode("latin-1")
        )
        for name in broken
    }
    assert {name for name, status in answers.items() if status not in {400, 431}} == set()
