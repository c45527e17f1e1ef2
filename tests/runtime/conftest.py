import socket
from collections.abc import Iterator

import pytest


@pytest.fixture
def unused_ports() -> tuple[int, int]:
    """Two TCP ports of 127.0.0.1 that nobody listens on at the moment."""
    with (
        socket.create_server(("127.0.0.1", 0)) as first,
        socket.create_server(("127.0.0.1", 0)) as second,
    ):
        return first.getsockname()[1], second.getsockname()[1]


@pytest.fixture
def unused_port(unused_ports: tuple[int, int]) -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at the moment."""
    return unused_ports[0]


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A TCP port of 127.0.0.1 that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
