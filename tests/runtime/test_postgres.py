import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from backend.runtime.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def directory(_root_of_servers: Path) -> Path:
    return _root_of_servers / "shared"


@pytest.fixture
def server(directory: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(directory, durable=False) as running:
        yield running


def _fetch(url: str, query: str) -> tuple[object, ...]:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return tuple(row)


def _kill(server: EmbeddedPostgres) -> None:
    watch = os.pidfd_open(server.pid)
    os.kill(server.pid, signal.SIGKILL)
    assert select.select([watch], [], [], 10)[0]
    os.close(watch)
    assert server.poll() == -signal.SIGKILL


def test_creates_the_database_in_utf8_with_the_builtin_locale(server: EmbeddedPostgres) -> None:
    found = _fetch(
        server.url,
        "SELECT current_database(), pg_encoding_to_char(encoding), datlocprovider, datlocale"
        " FROM pg_database WHERE datname = current_database()",
    )
    assert found == ("tanpuhui", "UTF8", "b", "C.UTF-8")


def test_listens_on_no_network_address(server: EmbeddedPostgres) -> None:
    assert _fetch(server.url, "SHOW listen_addresses") == ("",)


def test_starting_a_running_server_changes_nothing(server: EmbeddedPostgres) -> None:
    pid = server.pid
    assert server.start() == server.url
    assert server.pid == pid


def test_starts_again_after_kill_with_what_was_committed(server_folder: Path) -> None:
    with EmbeddedPostgres(server_folder) as server:
        assert _fetch(server.url, "SHOW fsync") == ("on",)
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        _kill(server)
        server.start()
        assert _fetch(server.url, "SELECT answer FROM kept") == (42,)


def test_a_stranger_with_the_recorded_pid_does_not_block_the_start(directory: Path) -> None:
    server = EmbeddedPostgres(directory, durable=False)
    server.start()
    _kill(server)
    record = directory / "data" / "postmaster.pid"
    # The same user as the server's, whose liveness PostgreSQL would believe.
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=directory.stat().st_uid)
    try:
        lines = record.read_text(encoding="ascii").splitlines()
        record.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n", encoding="ascii")
        with server:
            assert _fetch(server.url, "SELECT 1") == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_replaces_a_server_left_over_in_its_folder(directory: Path) -> None:
    with (
        EmbeddedPostgres(directory, durable=False) as left_over,
        EmbeddedPostgres(directory, durable=False) as server,
    ):
        assert left_over.poll() is not None
        assert _fetch(server.url, "SELECT 1") == (1,)


def test_stop_is_clean_and_repeatable(directory: Path) -> None:
    server = EmbeddedPostgres(directory, durable=False)
    server.start()
    server.stop()
    server.stop()
    assert not (directory / "data" / "postmaster.pid").exists()


def test_works_where_the_socket_path_would_be_too_long(server_folder: Path) -> None:
    deep = server_folder / ("long" * 25)
    with EmbeddedPostgres(deep, durable=False) as server:
        assert _fetch(server.url, "SELECT 1") == (1,)


def test_ends_with_its_owner_even_when_that_is_killed(directory: Path) -> None:
    script = (
        "import signal, sys; from pathlib import Path;"
        "from backend.runtime.postgres import EmbeddedPostgres;"
        "server = EmbeddedPostgres(Path(sys.argv[1]), durable=False); server.start();"
        "print(server.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(directory)], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        watch = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()
        assert select.select([watch], [], [], 20)[0], "PostgreSQL outlived its owner"
        os.close(watch)
