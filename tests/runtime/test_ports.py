import socket
import threading

import pytest

from backend.runtime.ports import AddressError, bracketed, ensure_free


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_a_taken_port_is_named_with_the_setting_that_changes_it(taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError, match=f"{port}.*TANPUHUI_API_PORT"):
            ensure_free("127.0.0.1", port, "TANPUHUI_API_PORT")


def test_waits_for_a_leaving_process(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    leaving = threading.Timer(0.1, taken.close)
    leaving.start()
    ensure_free("127.0.0.1", port, "TANPUHUI_API_PORT", patience=10)
    leaving.join()


def test_a_free_port_passes_and_stays_free(taken: socket.socket) -> None:
    with taken:
        port = taken.getsockname()[1]
    ensure_free("127.0.0.1", port, "TANPUHUI_API_PORT")
    socket.create_server(("127.0.0.1", port)).close()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(AddressError, match="TANPUHUI_HOST"):
        ensure_free("192.0.2.1", 8000, "TANPUHUI_API_PORT")


@pytest.mark.parametrize("host,written", [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_ipv6_addresses_stand_in_brackets(host: str, written: str) -> None:
    assert bracketed(host) == written
