"""Every command with hostile files or without its servers: an answer or a sentence."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, text

from backend.cli import main
from backend.db.engine import make_engine

# They serve until a signal comes, or fill a whole city.
_LASTING = {"up", "api", "console", "worker", "tick", "relay", "welcome", "wechat-stand-in",
            "shell", "demo seed", "demo links"}  # fmt: skip
_LINES = 30
_NOTHING_LISTENS = "postgresql://nobody@127.0.0.1:1/none"


class Command(NamedTuple):
    """A command by its words, and its parameters."""

    words: tuple[str, ...]
    parameters: Sequence[click.Parameter]


def _commands(group: click.Command, words: tuple[str, ...] = ()) -> Iterator[Command]:
    if not isinstance(group, click.Group):
        if " ".join(words) not in _LASTING:
            yield Command(words, group.params)
        return
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if name not in _LASTING:
            yield from _commands(command, (*words, name))


COMMANDS = list(_commands(main))


def _archive(*, entry: bytes = b"x" * 3000, broken: bool) -> bytes:
    """A ZIP of one entry, of which a byte is changed where it is broken."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("manifest.json", entry)
        archive.writestr("xl/workbook.xml", entry)
    data = bytearray(held.getvalue())
    if broken:
        data[60] ^= 0xFF
    return bytes(data)


FILES = {
    "empty": b"",
    "bytes": bytes(range(256)),
    "null": b"null",
    "deep": b"[" * 50_000,
    "items of null": b'{"items": [null], "kwh": null}',
    "half an archive": _archive(broken=False)[:900],
    "a broken entry": _archive(broken=True),
    "an archive of null": _archive(entry=b"null", broken=False),
    "one column": "姓名\n\x00\n".encode(),
}


def _arguments(command: Command, path: Path, word: str) -> list[str]:
    """The required parameters, each with a value of its type."""
    found: list[str] = []
    for parameter in command.parameters:
        if not parameter.required:
            continue
        kind = parameter.type
        if isinstance(kind, click.Path):
            value = str(path)
        elif isinstance(kind, click.Choice):
            value = str(kind.choices[0])
        elif isinstance(kind, click.DateTime):
            value = "2026-03-01"
        else:
            value = word
        option = [parameter.opts[0]] if isinstance(parameter, click.Option) else []
        found += [*option, value]
    return found


def _run(command: Command, path: Path, word: str, data: bytes) -> None:
    arguments = [*command.words, *_arguments(command, path, word)]
    result = CliRunner().invoke(main, arguments, input=data)
    assert result.exception is None or isinstance(result.exception, SystemExit), arguments
    assert result.exit_code in {0, 1, 2}, arguments
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert len(result.stderr.splitlines()) <= _LINES, arguments


@pytest.fixture
def no_servers(settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        monkeypatch.setenv(f"TANPUHUI_{name}", _NOTHING_LISTENS)
    monkeypatch.setenv("TANPUHUI_REDIS_URL", "redis://127.0.0.1:1/0")


@pytest.fixture
def bare_database(
    settings: object, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """A database that was never migrated."""
    assert settings
    server = make_url(postgres_url)
    maintenance = make_engine(server.render_as_string(hide_password=False), owner=True)
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE IF EXISTS bare"))
        connection.execute(text("CREATE DATABASE bare TEMPLATE template0"))
    bare = server.set(database="bare").render_as_string(hide_password=False)
    for name in ("DATABASE_URL", "OWNER_DATABASE_URL"):
        monkeypatch.setenv(f"TANPUHUI_{name}", bare)
    yield
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP DATABASE bare WITH (FORCE)"))
    maintenance.dispose()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_without_servers_a_command_says_so(
    command: Command, no_servers: None, tmp_path: Path
) -> None:
    assert no_servers is None
    _run(command, tmp_path / "missing", "x", b"null")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_without_tables_a_command_says_so(
    command: Command, bare_database: None, tmp_path: Path
) -> None:
    assert bare_database is None
    _run(command, tmp_path / "missing", "x", b"null")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.words))
def test_with_hostile_input_a_command_says_what_is_wrong(
    command: Command, settings: object, tmp_path: Path
) -> None:
    assert settings
    takes_files = any(isinstance(each.type, click.Path) for each in command.parameters)
    for name, data in FILES.items():
        path = tmp_path / name
        path.write_bytes(data)
        _run(command, path, "甲", data)
        if takes_files:
            _run(command, path / "below a file", "甲", data)
    _run(command, tmp_path, "x" * 300, b"\xff")
    _run(command, tmp_path, "\ud800", b"")
    _run(command, tmp_path, "a\nb", b"")
