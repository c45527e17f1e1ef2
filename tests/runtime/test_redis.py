import os
import signal
from pathlib import Path

import pytest
from redis import Redis

from backend.runtime import redis as embedded
from backend.runtime.children import StartError
from backend.runtime.redis import EmbeddedRedis


def test_keeps_jobs_written_every_second_and_evicts_nothing(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server, Redis.from_url(server.url) as client:
        wanted = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "port": "0",
        }
        assert {key: client.config_get(key)[key] for key in wanted} == wanted


def test_starts_again_after_kill_with_what_was_written(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as server:
        with Redis.from_url(server.url) as client:
            client.set("kept", "yes")
        os.kill(server.pid, signal.SIGKILL)
        os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOWAIT)
        assert server.poll() == -signal.SIGKILL
        server.start()
        with Redis.from_url(server.url) as client:
            assert client.get("kept") == b"yes"


def test_replaces_a_server_left_over_in_its_folder(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path) as left_over, EmbeddedRedis(tmp_path) as server:
        assert left_over.poll() is not None
        with Redis.from_url(server.url) as client:
            assert client.ping()


def test_prefers_the_program_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    marker = tmp_path / "called"
    program = tmp_path / "valkey-server"
    program.write_text(f"#!/bin/sh\necho called > {marker}\nexit 1\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    with pytest.raises(StartError):
        EmbeddedRedis(tmp_path / "redis").start()
    assert marker.exists()


def test_says_what_to_install_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "_WHEEL", "no_such_wheel")
    with pytest.raises(StartError, match=r"apt install redis-server.*TANPUHUI_REDIS_URL"):
        EmbeddedRedis(tmp_path / "redis").start()


def test_a_broken_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    (tmp_path / "appendonly.aof").write_bytes(b"*3\r\nnonsense")
    with pytest.raises(StartError, match=r"server\.log") as refusal:
        EmbeddedRedis(tmp_path).start()
    assert len(refusal.value.message.splitlines()) > 1


def test_stop_leaves_no_process(tmp_path: Path) -> None:
    server = EmbeddedRedis(tmp_path)
    server.start()
    pid = server.pid
    server.stop()
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
