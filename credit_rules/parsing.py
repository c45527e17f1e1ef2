"""Reading the text of a TOML file, and saying in Chinese what its syntax errors are.

Files are written by people, in editors that turn quotes into curly ones and equals signs into
full-width ones. Each such slip is told with its line and what to write instead; what is none of
them is told with the place that Python's own reader names.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from typing import Final, NamedTuple

from credit_rules.errors import Problem

_LARGEST: Final = 256 * 1024
_BOM: Final = "\ufeff"
_PLACE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


class _Slip(NamedTuple):
    """One way to write TOML wrongly: how it looks outside texts, what is wrong, what to write."""

    form: re.Pattern[str]
    fault: str
    remedy: str


def _slip(form: str, fault: str, remedy: str) -> _Slip:
    return _Slip(re.compile(form), fault, remedy)


_SLIPS: Final = (
    _slip("＝", "用了全角等号“＝”。", "请改为半角 =。"),
    _slip("[“”„‟＂]", "用了弯引号或全角引号。", '请改为半角双引号 "。'),
    _slip("[‘’‛＇]", "用了弯的或全角的单引号。", '请改为半角双引号 "。'),
    _slip("[【】［］]", "用了中文方括号。", "请改为半角 [ ]。"),
    _slip("[｛｝]", "用了全角花括号。", "请改为半角 { }。"),
    _slip("[，、；;]", "用了中文逗号、顿号或分号。", "请改为半角逗号 ,。"),
    _slip("＃", "用了全角井号“＃”。", "请改为半角 #。"),
    _slip("：|^[^=]*[A-Za-z0-9_]\\s*:", "用了冒号。", "键和值之间请用半角 =。"),
    _slip("。|．", "用了中文句号或全角点。", "小数点和键之间请用半角 .。"),
    _slip("[０-９]", "用了全角数字。", "请改为半角数字。"),
    _slip(
        r"\d{4}[/.年]\d{1,2}[/.月]\d{1,2}",
        "日期写法不对。",
        "请写成 2026-01-01，年月日之间用短横线，不带引号。",
    ),
    _slip(
        r"(?<![\d-])\d{4}-(?:\d-\d{1,2}|\d{1,2}-\d)(?!\d)",
        "日期的月和日须是两位。",
        "请写成 2026-01-01。",
    ),
    _slip(
        "[\u3000\u00a0\u2000-\u200f\u2028-\u202f\u2060\ufeff]",
        "有全角空格或看不见的字符。",
        "请删去，改用普通空格。",
    ),
    _slip(r"\b(?:True|False|TRUE|FALSE|是|否)\b", "真假值写法不对。", "请写 true 或 false。"),
    _slip(r"=\s*(?:#.*)?$", "等号后面没有值。", "请补上值，文字加半角双引号。"),
)
_FAULTS: Final = (
    (
        "Cannot overwrite a value",
        "同一个键写了两次。",
        "请只保留一处。",
    ),
    ("Cannot declare", "同一个表写了两次。", "请合并成一处；要列出多项时用 [[…]]。"),
    ("Cannot mutate immutable", "这个表已经写完整，不能再补。", "请把键写到同一处。"),
    ("Unescaped", "文字里有反斜杠“\\”。", "请改为“\\\\”，或把整段文字放进单引号。"),
    ("Illegal character", "文字里有换行或看不见的字符。", "一段文字请写在同一行，并补上引号。"),
    ("Unterminated string", "引号没有配对。", '请补上结尾的半角双引号 "。'),
    ("Unclosed array", "方括号没有配对。", "请补上 ]，各项之间用半角逗号。"),
    ("Unclosed inline table", "花括号没有配对。", "请补上 }，各项之间用半角逗号。"),
    ("Expected ']", "表名的方括号没有配对。", "请写成 [名称] 或 [[名称]]。"),
    (
        "Expected '=' after a key",
        "键后面缺少等号，或键里有不允许的字符。",
        "请写成“键 = 值”，键只用小写字母、数字和下划线。",
    ),
    (
        "Expected newline or end of document",
        "值后面有多余的内容。",
        '请一行只写一个键；文字要加半角双引号，数字写成 "0.295"。',
    ),
    (
        "Invalid statement",
        "这里不是键，或键的写法不对。",
        "键只用小写字母、数字和下划线；注释前加 #。",
    ),
    (
        "Invalid initial character for a key part",
        "这里不是键，或键的写法不对。",
        "键只用小写字母、数字和下划线；注释前加 #。",
    ),
    (
        "Invalid value",
        "值的写法不对。",
        '文字和小数请加半角双引号，例如 "0.295"。',
    ),
    ("Invalid date or datetime", "没有这一天。", "请核对年月日。"),
)


def parse_toml(file: str, data: bytes, problems: list[Problem]) -> dict[str, object] | None:
    """Read a TOML file; None after an error.

    Args:
        file: its name, for messages.
        data: its content.
        problems: where errors are added, each with the line and what to write.
    """
    text = read_text(file, data, problems)
    if text is None:
        return None
    if text.startswith(_BOM):
        fault = "文件开头有字节顺序标记（BOM）。"
        problems.append(Problem(file, "第 1 行", fault, "请用编辑器另存为“UTF-8（无 BOM）”。"))
        return None
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except RecursionError:
        problems.append(
            Problem(file, "TOML", "括号嵌套太深。", "请精简；一个方法学用不到这么多层。")
        )
    except tomllib.TOMLDecodeError as error:
        problems.append(_told(file, text, str(error)))
    except (ValueError, ArithmeticError) as error:
        problems.append(Problem(file, "TOML", f"数值无法读取（{error}）。", "请改用普通小数。"))
    return None


def read_text(file: str, data: bytes, problems: list[Problem]) -> str | None:
    """The text of a file in UTF-8; None after an error.

    Args:
        file: its name, for messages.
        data: its content.
        problems: where errors are added.
    """
    if not data.strip():
        problems.append(Problem(file, ".", "文件是空的。", "请补上内容，或删除文件。"))
    elif len(data) > _LARGEST:
        problems.append(Problem(file, ".", "文件超过 256 KiB。", "请拆分或精简。"))
    else:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            problems.append(
                Problem(file, f"第 {line} 行", "文件不是 UTF-8 编码。", "请用编辑器另存为 UTF-8。")
            )
    return None


def _told(file: str, text: str, error: str) -> Problem:
    """A syntax error with its line, as a slip that people make where it is one."""
    lines = text.splitlines()
    place = _PLACE.search(error)
    number = int(place[1]) if place else len(lines)
    # What Python's reader stumbles over may have begun on an earlier line, as an open quote has.
    for at in (number, *range(1, number)):
        bare = _outside_texts(lines[at - 1]) if at <= len(lines) else ""
        for slip in _SLIPS:
            if slip.form.search(bare):
                return Problem(file, f"第 {at} 行", slip.fault, slip.remedy)
    column = f"第 {number} 行" + (f"第 {place[2]} 列" if place else "")
    for beginning, fault, remedy in _FAULTS:
        if beginning in error:
            return Problem(file, column, fault, remedy)
    return Problem(file, column, "这里不合 TOML 的写法。", "请核对这一行的引号、括号和等号。")


def _outside_texts(line: str) -> str:
    """A line without its texts in straight quotes and without its comment."""
    return re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*$", '""', line)
