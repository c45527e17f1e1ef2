"""What marshmallow says, in Chinese: one table from its sentences to a code and a sentence."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from backend.errors import FieldError

REQUIRED = "这一项必填，请填写。"
UNKNOWN = "没有这一项，请检查拼写或删去。"

# marshmallow's own sentences; a test holds this table against the installed version.
_TRANSLATIONS: tuple[tuple[str, str, str], ...] = (
    (r"Missing data for required field\.", "required", REQUIRED),
    (r"Field may not be null\.", "null", "这一项不能为空，请填写。"),
    (r"Unknown field\.", "unknown", UNKNOWN),
    (r"Invalid input type\.|Invalid type\.", "type", "类型不对，请按接口文档填写。"),
    (r"Not a valid list\.|Not a valid tuple\.", "type", "这一项应为列表。"),
    (r"Not a valid string\.", "type", "这一项应为文字。"),
    (r"Not a valid utf-8 string\.", "type", "文字编码有误，请使用 UTF-8。"),
    (r"Not a valid number\.", "type", "这一项应为数字。"),
    (r"Number too large\.", "too_large", "数字太大，请检查。"),
    (r"Special numeric values .*", "type", "这一项应为普通数字。"),
    (r"Not a valid integer\.", "type", "这一项应为整数。"),
    (r"Not a valid boolean\.", "type", "这一项应为 true 或 false。"),
    (r"Not a valid UUID\.", "format", "编号格式不对，请检查。"),
    (r"Not a valid (naive|aware) .*", "format", "时间应带时区，例如 2026-11-18T08:00:00+08:00。"),
    (r"Not a valid (datetime|time|period of time)\.", "format", "时间格式不对，请检查。"),
    (r"Not a valid date\.", "format", "日期格式应为 2026-11-18。"),
    (r".* cannot be formatted as a .*", "format", "格式不对，请检查。"),
    (r"Not a valid mapping type\.", "type", "这一项应为对象。"),
    (r"Not a valid URL\.", "format", "网址格式不对，请检查。"),
    (r"Not a valid email address\.", "format", "邮箱格式不对，请检查。"),
    (r"Not a valid IP.*", "format", "IP 地址格式不对，请检查。"),
    (r"Must be one of: (.*)\.", "choice", "只能是以下之一：{0}。"),
    (r"Must be equal to (.*)\.", "choice", "只能是 {0}。"),
    (r"Must be greater than or equal to (\S+)\.", "range", "不能小于 {0}。"),
    (r"Must be greater than (\S+)\.", "range", "必须大于 {0}。"),
    (r"Must be less than or equal to (\S+)\.", "range", "不能大于 {0}。"),
    (r"Must be less than (\S+)\.", "range", "必须小于 {0}。"),
    (r"Must be \D* (\S+) and \D* (\S+)\.", "range", "应在 {0} 与 {1} 之间。"),
    (r"Shorter than minimum length (\d+)\.", "length", "太短，至少 {0} 个。"),
    (r"Longer than maximum length (\d+)\.", "length", "太长，最多 {0} 个。"),
    (r"Length must be between (\d+) and (\d+)\.", "length", "长度应在 {0} 与 {1} 之间。"),
    (r"Length must be (\d+)\.", "length", "长度应为 {0}。"),
    (r"String does not match expected pattern\.", "format", "格式不对，请检查。"),
    (r"One or more of the choices you made was in: .*", "choice", "含有不允许的选项，请检查。"),
    (r"One or more of the choices you made was not in: .*", "choice", "含有不允许的选项，请检查。"),
    (r"Invalid (input|value)\.", "invalid", "这一项有误，请检查。"),
)
_COMPILED = tuple(
    (re.compile(pattern, re.DOTALL), code, chinese) for pattern, code, chinese in _TRANSLATIONS
)
_PATH_LIMIT = 200


def translated(sentence: str) -> tuple[str, str]:
    """The code and the Chinese sentence for one of marshmallow's; ours pass through.

    A field of ours raises `code|sentence` in Chinese; a sentence without a code gets `invalid`.
    """
    for pattern, code, chinese in _COMPILED:
        found = pattern.fullmatch(sentence)
        if found:
            return code, chinese.format(*found.groups())
    code, bar, chinese = sentence.partition("|")
    return (code, chinese) if bar else ("invalid", sentence)


def field_errors(messages: Any, path: str = "") -> Iterator[FieldError]:
    """Flattens marshmallow's nested messages into `{field: facts.mass}` errors.

    Args:
        messages: a string, a list of strings, or a mapping of names or indexes to the same.
        path: the field all of them stand under.
    """
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            step = "" if name == "_schema" else str(name)
            yield from field_errors(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(messages, list):
        for inner in messages:
            yield from field_errors(inner, path)
    else:
        code, chinese = translated(str(messages))
        yield FieldError(path[:_PATH_LIMIT], code, chinese)
