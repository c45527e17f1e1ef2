import http.client
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli import main
from backend.runtime.lock import DataFolderLock
from backend.runtime.waiting import until
from backend.worker import QUEUES
from tests.conftest import PATIENCE_SECONDS, SIGNING_KEY


@pytest.fixture
def environment(
    server_folder: Path, unused_ports: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, int]:
    """An installation of its own: no servers set, its own folder and ports (API, console)."""
    for name in [name for name in os.environ if name.startswith("TANPUHUI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TANPUHUI_DATA_DIR", str(server_folder))
    for name, port in zip(("API", "CONSOLE"), unused_ports, strict=True):
        monkeypatch.setenv(f"TANPUHUI_{name}_PORT", str(port))
    return unused_ports


def test_a_second_up_on_the_folder_is_refused(server_folder: Path, environment: object) -> None:
    del environment
    with DataFolderLock(server_folder):
        result = CliRunner().invoke(main, ["up"])
    assert result.exit_code == 2
    assert "TANPUHUI_DATA_DIR" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("face", ["API", "CONSOLE"])
def test_a_taken_port_is_told_before_anything_starts(
    face: str,
    server_folder: Path,
    environment: tuple[int, int],
    taken_port: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    del environment
    monkeypatch.setenv(f"TANPUHUI_{face}_PORT", str(taken_port))
    result = CliRunner().invoke(main, ["up"])
    assert result.exit_code == 2
    assert f"TANPUHUI_{face}_PORT" in result.stderr
    assert str(taken_port) in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (server_folder / "postgres").exists()


def test_an_unreachable_database_is_told_in_a_sentence(tmp_path: Path, environment: object) -> None:
    del environment
    script = [sys.executable, "-m", "backend.cli", "up"]
    unreachable = {
        "TANPUHUI_DATABASE_URL": f"postgresql://nobody:secret@/none?host={tmp_path}",
        "TANPUHUI_SECRET_KEY": "a key of the tests, 32 characters long",
        "TANPUHUI_LEDGER_SIGNING_KEY": SIGNING_KEY,
    }
    result = subprocess.run(
        script, env=os.environ | unreachable, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "无法连接数据库，请检查 TANPUHUI_DATABASE_URL" in result.stderr
    assert "secret" not in result.stderr
    assert "Traceback" not in result.stderr


def _status(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Process ids and command lines of everything below a process, but what ends meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
                yield int(child), command.decode("utf-8", errors="replace")
                yield from _descendants(int(child))


@pytest.fixture
def running(environment: tuple[int, int]) -> Iterator[subprocess.Popen[str]]:
    """`tanpuhui up` on an empty folder, from its first line on."""
    del environment
    with subprocess.Popen(
        [sys.executable, "-m", "backend.cli", "up", "--no-demo"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as up:
        yield up
        up.kill()


def test_brings_everything_up_heals_a_face_and_leaves_nothing(
    running: subprocess.Popen[str], environment: tuple[int, int]
) -> None:
    api_port, console_port = environment
    said = running.stdout
    assert said is not None
    assert any("已就绪" in line for line in said)
    assert [_status(api_port), _status(console_port)] == [200, 200]
    family = dict(_descendants(running.pid))
    for role in (*(f"worker {queue}" for queue in QUEUES), "relay", "tick"):
        assert sum(f"backend.cli {role}" in command for command in family.values()) == 1, role

    # Parents come before their children, so that this is the one that keeps the workers.
    killed = next(pid for pid, command in family.items() if "backend.cli api" in command)
    os.kill(killed, signal.SIGKILL)
    assert any("[api] 意外退出（信号 SIGKILL）" in line for line in said)
    assert any(
        _status(api_port) == 200
        and any(
            "backend.cli api" in command and pid != killed
            for pid, command in _descendants(running.pid)
        )
        for _ in until(PATIENCE_SECONDS, pause=0.1)
    )

    watches = {os.pidfd_open(pid): command for pid, command in _descendants(running.pid)}
    running.send_signal(signal.SIGINT)
    assert "已全部停止。\n" in said
    assert running.wait() == 0
    gone = select.select(list(watches), [], [], 0)[0]
    for watch in watches:
        os.close(watch)
    assert [command for watch, command in watches.items() if watch not in gone] == []
