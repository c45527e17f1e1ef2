"""JSON as this system reads it: one value, no ambiguity, nothing a database cannot keep.

The stock parser answers a deep body, a long integer or half a surrogate pair with an internal
error, and lets the last of two equal keys win. Here each of these is a refusal that names the
field. Ordinary bodies pay only for the C scanner and a few byte searches; the path of a mistake
is looked up in a second pass that only refused bodies take.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from backend.errors import FieldError
from backend.web.refusals import MalformedBodyError, UnstorableTextError

MAX_DEPTH = 32
"""Objects and arrays inside one another, the outermost counted."""

MAX_NUMBER_CHARACTERS = 40
"""Length of the longest number read; 64-bit integers and Decimal(38) fit."""

MAX_EXPONENT = 64
"""Largest power of ten, up or down, of a number with a point or an exponent."""

JsonValue = dict[str, Any] | list[Any] | str | int | Decimal | bool | None

_BIGINT_MIN, _BIGINT_MAX = -(2**63), 2**63 - 1
_NOT_STRUCTURAL = bytes(code for code in range(256) if code not in b'"[]{}')
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_OPENING = frozenset(b"[{")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PATH_LIMIT = 200

_SENTENCES = {
    "empty": "请求体是空的，请提交 JSON 内容。",
    "byte_order_mark": "请求体以字节顺序标记（BOM）开头，请用不带 BOM 的 UTF-8 提交。",
    "not_utf8": "请求体不是 UTF-8 编码，请改用 UTF-8 提交。",
    "too_deep": f"JSON 嵌套超过 {MAX_DEPTH} 层，请减少嵌套。",
    "syntax": "请求体不是合法的 JSON，请检查格式。",
    "duplicate_key": "同一个字段出现了两次，请只保留一个。",
    "number_out_of_range": "数字太大或太长，请检查这一项。",
    "not_finite": "NaN 和 Infinity 不是合法的数字，请检查这一项。",
    "nul": "文字中含有空字符（NUL），请删除后再提交。",
    "lone_surrogate": "文字中含有不完整的字符，请删除后再提交。",
}


class _Flaw(Exception):  # noqa: N818 - a signal inside this module, never seen outside
    """A mistake found by a hook of the decoder, before its path is known."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Pairs(list[tuple[str, Any]]):
    """An object as the list of its members, so that equal keys stay visible."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Flaw("duplicate_key")
    return members


def _integer(literal: str) -> int:
    if len(literal) > 20:  # a sign and 19 digits
        raise _Flaw("number_out_of_range")
    value = int(literal)
    if not _BIGINT_MIN <= value <= _BIGINT_MAX:
        raise _Flaw("number_out_of_range")
    return value


def _decimal(literal: str) -> Decimal:
    if len(literal) > MAX_NUMBER_CHARACTERS:
        raise _Flaw("number_out_of_range")
    value = Decimal(literal)
    if value and abs(value.adjusted()) > MAX_EXPONENT:
        raise _Flaw("number_out_of_range")
    return value


def _constant(_literal: str) -> NoReturn:
    raise _Flaw("not_finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_integer,
    parse_float=_decimal,
    parse_constant=_constant,
)


class _Flawed:
    """Stands in the second pass where a number was refused."""

    def __init__(self, code: str) -> None:
        self.code = code


def _kept_integer(literal: str) -> int | _Flawed:
    try:
        return _integer(literal)
    except _Flaw as flaw:
        return _Flawed(flaw.code)


def _kept_decimal(literal: str) -> Decimal | _Flawed:
    try:
        return _decimal(literal)
    except _Flaw as flaw:
        return _Flawed(flaw.code)


_LENIENT = json.JSONDecoder(
    object_pairs_hook=_Pairs,
    parse_int=_kept_integer,
    parse_float=_kept_decimal,
    parse_constant=lambda _literal: _Flawed("not_finite"),
)


def parse(body: bytes) -> JsonValue:
    """Reads one JSON value.

    Args:
        body: the raw bytes of a request body or of one stored document, UTF-8.

    Returns:
        dict, list, str, int (64 bits), Decimal (every number with a point or an exponent),
        bool or None. No string in it holds NUL or half a surrogate pair.

    Raises:
        MalformedBodyError: status 400; not one unambiguous JSON value.
        UnstorableTextError: status 422; a string or a key cannot be stored.
    """
    text = _decoded(body)
    if _deeper_than_allowed(body):
        _refuse("too_deep")
    try:
        value: JsonValue = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        _refuse("syntax", place=f"第 {error.lineno} 行第 {error.colno} 个字符附近")
    except _Flaw as flaw:
        _refuse(flaw.code, field=_first_flaw(text))
    if b"\\u" in body and _SUSPECT_ESCAPE.search(body):
        _check_texts(value)
    return value


def parse_apart(body: bytes, member: str) -> JsonValue | dict[str, Any]:
    """Reads an object of which one member lists items that stand or fall by themselves.

    Args:
        body: as for `parse`.
        member: name of the list.

    Returns:
        As `parse`; in place of an item that it would refuse stands the refusal, as an exception.

    Raises:
        MalformedBodyError: as `parse`, where the mistake is in no item.
        UnstorableTextError: the same.
    """
    try:
        return parse(body)
    except (MalformedBodyError, UnstorableTextError):
        try:
            tree = _LENIENT.decode(_decoded(body))
        except (json.JSONDecodeError, RecursionError):
            tree = None
        items = dict(tree).get(member) if isinstance(tree, _Pairs) else None
        if not isinstance(items, list) or isinstance(items, _Pairs) or _deeper_than_allowed(body):
            raise
    whole = _settled(_Pairs((name, [] if name == member else value) for name, value in tree), "")
    return {**whole, member: [_or_refusal(item) for item in items]}


def _or_refusal(item: Any) -> Any:
    try:
        return _settled(item, "")
    except (MalformedBodyError, UnstorableTextError) as refusal:
        return refusal


def _settled(node: Any, path: str) -> Any:
    """What the lenient pass read, as `parse` gives it; refuses the first flaw in it."""
    if isinstance(node, _Flawed):
        _refuse(node.code, field=path)
    if isinstance(node, _Pairs):
        members: dict[str, Any] = {}
        for key, value in node:
            if key in members:
                _refuse("duplicate_key", field=_joined(path, key))
            members[key] = _settled(value, _joined(path, key))
        _check_texts(members, path)
        return members
    if isinstance(node, list):
        return [_settled(value, _joined(path, str(at))) for at, value in enumerate(node)]
    if isinstance(node, str):
        _check_texts(node, path)
    return node


def _decoded(body: bytes) -> str:
    """The body as text; refuses what is not plain UTF-8."""
    if body.startswith(_BYTE_ORDER_MARKS):
        _refuse("byte_order_mark")
    if not body or body.isspace():
        _refuse("empty")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        _refuse("not_utf8")


def _deeper_than_allowed(body: bytes) -> bool:
    """Whether brackets outside strings nest deeper than `MAX_DEPTH`; the body is not parsed.

    Up to the first syntax error this sees the same strings as the decoder, so the decoder never
    goes deeper than what is counted here.
    """
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    unescaped = _ESCAPE.sub(b"", body) if b"\\" in body else body
    outside_strings = unescaped.translate(None, _NOT_STRUCTURAL).split(b'"')[::2]
    depth = 0
    for code in b"".join(outside_strings):
        if code in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                return True
        else:
            depth -= 1
    return False


def _first_flaw(text: str) -> str:
    """The path of the first flaw a hook met; the whole text is read again, keeping all members."""
    try:
        tree = _LENIENT.decode(text)
    except json.JSONDecodeError:
        return ""  # the flaw stands before a syntax error: its path is not known for certain
    return next(_flaws(tree, ""), "")


def _flaws(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, _Flawed):
        yield path
    elif isinstance(node, _Pairs):
        seen: set[str] = set()
        for key, member in node:
            if key in seen:
                yield _joined(path, key)
            seen.add(key)
            yield from _flaws(member, _joined(path, key))
    elif isinstance(node, list):
        for index, member in enumerate(node):
            yield from _flaws(member, _joined(path, str(index)))


def _check_texts(value: JsonValue, within: str = "") -> None:
    """Refuses the first string or key that cannot be stored."""
    for path, text in _texts(value, within):
        if "\x00" in text:
            _refuse_text("nul", path)
        if not text.isascii() and _SURROGATE.search(text):
            _refuse_text("lone_surrogate", path)


def _texts(node: JsonValue, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, member in node.items():
            yield _joined(path, key), key
            yield from _texts(member, _joined(path, key))
    elif isinstance(node, list):
        for index, member in enumerate(node):
            yield from _texts(member, _joined(path, str(index)))


def _joined(path: str, step: str) -> str:
    return f"{path}.{step}" if path else step


def _shown(path: str) -> str:
    """A path that is safe to send back: short, and without what it was refused for."""
    cleaned = _SURROGATE.sub("\ufffd", path.replace("\x00", "\ufffd"))
    return cleaned[:_PATH_LIMIT]


def _refuse(code: str, *, field: str = "", place: str = "") -> NoReturn:
    sentence = _SENTENCES[code]
    message = f"{sentence}（{place}）" if place else sentence
    raise MalformedBodyError(message, fields=[FieldError(_shown(field), code, sentence)])


def _refuse_text(code: str, path: str) -> NoReturn:
    sentence = _SENTENCES[code]
    raise UnstorableTextError(sentence, fields=[FieldError(_shown(path), code, sentence)])
