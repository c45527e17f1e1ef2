"""What commands that take a file in have in common: its options, reading it, refusing it."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from backend.spreadsheets.reading import MAX_FILE_BYTES

_BAD_FILE = 2
_F = TypeVar("_F", bound=Callable[..., object])


def file_options(template: Callable[[], bytes]) -> Callable[[_F], _F]:
    """Declares FILE, `--all-or-nothing`, `--json` and `--template`.

    Args:
        template: makes the empty workbook that `--template` writes.
    """

    def write(ctx: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
        """Writes the empty template and ends the command: it needs no FILE and no database."""
        if value is None or ctx.resilient_parsing:
            return
        try:
            value.write_bytes(template())
        except OSError as error:
            refuse(f"{value}：无法写入（{error.strerror}），请换一个位置。")
        click.echo(f"模板已写入 {value}")
        ctx.exit()

    options = (
        click.argument("file", type=click.Path(path_type=Path)),
        click.option(
            "--all-or-nothing", is_flag=True, help="有任何一行不合格时，整个文件都不写入。"
        ),
        click.option("--json", "as_json", is_flag=True, help="以 JSON 输出结果。"),
        click.option(
            "--template",
            type=click.Path(path_type=Path, dir_okay=False),
            callback=write,
            is_eager=True,
            expose_value=False,
            metavar="OUT.xlsx",
            help="生成空白模板后退出，不需要 FILE。",
        ),
    )

    def declare(command: _F) -> _F:
        for option in reversed(options):
            command = option(command)
        return command

    return declare


def content_of(file: Path) -> bytes:
    """The content of a file, one byte past the limit at most; ends the command if unreadable."""
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        refuse(f"{file}：无法读取（{error.strerror}），请核对路径。")


def refuse(sentence: str) -> NoReturn:
    """Ends the command with one line on standard error and exit code 2."""
    click.echo(sentence, err=True)
    raise SystemExit(_BAD_FILE)
