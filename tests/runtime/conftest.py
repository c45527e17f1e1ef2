import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def _root_of_servers() -> Iterator[Path]:
    # Not pytest's temporary folder: each session of pytest closes that to other users again, and
    # PostgreSQL runs as one when root runs the tests.
    with tempfile.TemporaryDirectory(prefix="tanpuhui-") as folder:
        yield Path(folder)


@pytest.fixture
def server_folder(_root_of_servers: Path) -> Path:
    """An empty folder that a server running as another user can reach."""
    return Path(tempfile.mkdtemp(dir=_root_of_servers))
