"""What commands that read JSON have in common: numbers as written, and one line for a refusal."""

import json
import sys
from collections.abc import Callable
from typing import NoReturn

import click

from backend.cli import BAD_INPUT

_LONGEST_NAME = 40


def refuse(file: str, key: str, remedy: str) -> NoReturn:
    """Say in one printable line which file and key is at fault and what to do; leave with 2."""
    line = f"{file}: {key or '“”'}: {remedy}"
    click.echo("".join(char if char.isprintable() else "?" for char in line), err=True)
    raise click.exceptions.Exit(BAD_INPUT)


def standard_input(limit: int) -> bytes:
    """What stands on standard input: at most one byte more than the limit, in bytes."""
    return sys.stdin.buffer.read(limit + 1)


def read_json(
    file: str,
    data: bytes,
    *,
    limit: int,
    example: str,
    integers: Callable[[str], object] = str,
) -> object:
    """Read JSON strictly; ends the command with one line where it cannot be read.

    Numbers stay the texts they were written as, NaN and infinities among them: whoever reads a
    field refuses what it cannot use by the name of the field, and no exponent is ever expanded.

    Args:
        file: name of the input, for the message.
        data: the bytes as they came.
        limit: the most bytes that are read.
        example: what would be right, for the message.
        integers: what to make of whole numbers instead of their text.
    """
    if len(data) > limit:
        refuse(file, ".", f"内容超过 {limit // 1024} KiB，请分批提交，或只保留需要的内容。")
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            parse_float=str,
            parse_int=integers,
            parse_constant=str,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError as error:
        refuse(file, ".", f"第 {error.start + 1} 个字节起不是 UTF-8 编码，请另存为 UTF-8。")
    except _WrittenTwice as error:
        refuse(file, error.name, "写了两次，请只保留一个。[duplicate_field]")
    except RecursionError:
        refuse(file, ".", f"JSON 嵌套太深，请改正，例如 {example}。")
    except json.JSONDecodeError as error:
        place = f"第 {error.lineno} 行第 {error.colno} 列"
        refuse(file, ".", f"{place}起不是有效的 JSON，请改正，例如 {example}。")


def read_object(
    file: str,
    data: bytes,
    *,
    limit: int,
    example: str,
    integers: Callable[[str], object] = str,
) -> dict[str, object]:
    """The same for a JSON object."""
    value = read_json(file, data, limit=limit, example=example, integers=integers)
    if not isinstance(value, dict):
        refuse(file, ".", f"最外层须是对象，例如 {example}。")
    return value


class _WrittenTwice(ValueError):  # noqa: N818 - the name says what happened
    """A name stands twice in one object."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name[:_LONGEST_NAME]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _WrittenTwice(name)
        found[name] = value
    return found
