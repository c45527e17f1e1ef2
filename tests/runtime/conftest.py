import socket

import pytest


@pytest.fixture
def unused_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
