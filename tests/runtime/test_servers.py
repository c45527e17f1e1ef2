"""A command without its database says so in one line, and is not taken for a finding."""

import pytest
from click.testing import CliRunner

from backend.cli import main


@pytest.mark.parametrize("command", [("ledger", "verify"), ("rankings", "rebuild", "--check")])
def test_a_database_out_of_reach_is_one_line(
    unused_port: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    command: tuple[str, ...],
) -> None:
    for name, value in (
        ("DATABASE_URL", f"postgresql://somebody@127.0.0.1:{unused_port}/nothing"),
        ("REDIS_URL", f"redis://127.0.0.1:{unused_port}/0"),
        ("SECRET_KEY", "a secret of the tests, 32 characters"),
        ("DATA_DIR", str(tmp_path_factory.mktemp("nothing"))),
    ):
        monkeypatch.setenv(f"TANPUHUI_{name}", value)
    result = CliRunner().invoke(main, command, catch_exceptions=False)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith("无法连接数据库，请检查 TANPUHUI_DATABASE_URL")
    assert line.endswith("[start_failed]")
