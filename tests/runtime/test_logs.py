from pathlib import Path

import pytest

from backend.runtime.logs import LogFollower, begin_log


@pytest.mark.parametrize(
    "line,shown",
    [
        ('{"event": "request", "level": "info"}', []),
        ('{"event": "boom", "level": "error"}', ["boom"]),
        ("[2026-11-22 06:00:00 +0000] [42] [INFO] Booting worker", []),
        (
            "[2026-11-22 06:00:00 +0000] [42] [ERROR] Exception",
            ["[2026-11-22 06:00:00 +0000] [42] [ERROR] Exception"],
        ),
        ("FATAL:  could not open file", ["FATAL:  could not open file"]),
        ("{not json, level error", []),
    ],
)
def test_shows_errors_only(tmp_path: Path, line: str, shown: list[str]) -> None:
    follower = LogFollower(tmp_path / "api.log")
    (tmp_path / "api.log").write_text(line + "\n", encoding="utf-8")
    assert follower.errors() == shown


def test_passes_over_what_was_there_and_tells_each_error_once(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_text("ERROR old\n", encoding="utf-8")
    follower = LogFollower(log)
    with log.open("a", encoding="utf-8") as file:
        file.write("ERROR new\nERROR half")
        file.flush()
        assert follower.errors() == ["ERROR new"]
        file.write(" and whole\n")
    assert follower.errors() == ["ERROR half and whole"]
    assert follower.errors() == []


def test_a_large_log_is_put_aside(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "api.log"
    begin_log(log)
    log.write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    follower = LogFollower(log)
    begin_log(log)
    assert not log.exists()
    assert log.with_name("api.log.1").exists()
    log.write_text("ERROR after\n", encoding="utf-8")
    assert follower.errors() == ["ERROR after"]
