import os
import re
from dataclasses import fields
from pathlib import Path

import pytest

from backend.cli import COMMANDS
from backend.settings import Settings, SettingsError

_OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("TANPUHUI_"):
            monkeypatch.delenv(name)


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    mistakes = {
        "API_PORT": "eighty",
        "CONSOLE_PORT": "70000",
        "SECRET_KEY": "short",
        "LOG_LEVEL": "loud",
        "API_WORKERS": "0",
        "TRUSTED_PROXIES": "1",
        "MAX_BODY_BYTES": "1",
    }
    for name, value in mistakes.items():
        monkeypatch.setenv(f"TANPUHUI_{name}", value)
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env()
    told = [line.split(":")[0] for line in str(refusal.value).splitlines()]
    assert sorted(told) == sorted(f"TANPUHUI_{name}" for name in mistakes)


def test_the_faces_need_two_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANPUHUI_CONSOLE_PORT", "8000")
    with pytest.raises(SettingsError, match="TANPUHUI_CONSOLE_PORT"):
        Settings.from_env()


def test_the_environment_of_settings_gives_the_same_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TANPUHUI_API_PORT", "18000")
    settings = Settings.from_env()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env() == settings


def test_a_process_by_itself_says_everything_it_lacks() -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings.from_env().ensure_complete()
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        assert f"TANPUHUI_{name}" in str(refusal.value)


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "WECHAT_APP_SECRET", "METRICS_TOKEN"):
        monkeypatch.setenv(f"TANPUHUI_{name}", secret)
    assert secret not in repr(Settings.from_env())


def test_every_setting_has_one_row_with_its_default() -> None:
    rows = re.findall(r"^\| `TANPUHUI_(\w+)` \| (.+?) \| .+ \|$", _OPERATIONS, re.MULTILINE)
    settings = Settings.from_env()
    expected = []
    for each in fields(settings):
        value = getattr(settings, each.name)
        shown = str(value.name if isinstance(value, Path) else value or "")
        expected.append((each.name.upper(), f"`{shown}`" if shown else "empty"))
    assert rows == expected


def test_every_command_has_one_row() -> None:
    table = _OPERATIONS.partition("## Commands")[2].partition("## Settings")[0]
    assert re.findall(r"^\| `tanpuhui ([\w-]+)", table, re.MULTILINE) == list(COMMANDS)
