"""The parser refuses what the stock one lets through or fails on, and agrees with it otherwise."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import DomainError
from backend.web.refusals import MalformedBodyError, UnstorableTextError
from backend.web.strict_json import MAX_DEPTH, parse


def refusal(body: bytes) -> tuple[str, str]:
    """The code and the field of the refusal of `body`."""
    with pytest.raises((MalformedBodyError, UnstorableTextError)) as caught:
        parse(body)
    (field,) = caught.value.fields
    return field.code, field.field


@pytest.mark.parametrize(
    "body, code, field",
    [
        (b"", "empty", ""),
        (b" \n\t", "empty", ""),
        (b"[" * 100_000, "too_deep", ""),
        (b"[" * 5_000 + b"]" * 5_000, "too_deep", ""),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "too_deep", ""),
        (b'{"n": ' + b"9" * 5_000 + b"}", "number_out_of_range", "n"),
        (b'{"n": 9223372036854775808}', "number_out_of_range", "n"),
        (b'{"n": -9223372036854775809}', "number_out_of_range", "n"),
        (b'{"f": {"n": [1, 1E+999999999]}}', "number_out_of_range", "f.n.1"),
        (b'{"n": 0.' + b"1" * 60 + b"}", "number_out_of_range", "n"),
        (b'{"a": {"b": 1, "b": 2}}', "duplicate_key", "a.b"),
        (b'{"a": 1, "\\u0061": 2}', "duplicate_key", "a"),
        (b'{"n": NaN}', "not_finite", "n"),
        (b'{"n": [0, -Infinity]}', "not_finite", "n.1"),
        (b'\xef\xbb\xbf{"a": 1}', "byte_order_mark", ""),
        ('{"a": 1}'.encode("utf-16"), "byte_order_mark", ""),
        (b'{"a": "\xff"}', "not_utf8", ""),
        (b'{"a": "\xed\xa0\x80"}', "not_utf8", ""),
        (b'{"a": 1', "syntax", ""),
        (b"{'a': 1}", "syntax", ""),
        (b'{"a": 01}', "syntax", ""),
        (b'{"a": 1} {"a": 2}', "syntax", ""),
        (b'{"a": "\x00"}', "syntax", ""),
        (b"a=1&b=2", "syntax", ""),
    ],
)
def test_a_malformed_body_is_refused_with_its_field(body: bytes, code: str, field: str) -> None:
    assert refusal(body) == (code, field)


@pytest.mark.parametrize(
    "body, code, field",
    [
        (b'{"note": "a\\u0000b"}', "nul", "note"),
        (b'{"list": [{"note": "\\ud800"}]}', "lone_surrogate", "list.0.note"),
        (b'{"note": "\\udc00\\ud800"}', "lone_surrogate", "note"),
        (b'{"a\\u0000": 1}', "nul", "a\ufffd"),
        (b'{"a": {"\\udfff": 1}}', "lone_surrogate", "a.\ufffd"),
    ],
)
def test_text_that_no_column_can_keep_is_refused(body: bytes, code: str, field: str) -> None:
    assert refusal(body) == (code, field)


@pytest.mark.parametrize(
    "body, value",
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        (b'{"a": "' + b"[{" * 500 + b'"}', {"a": "[{" * 500}),
        (b'{"a": "\\"' + b"[" * 50 + b'"}', {"a": '"' + "[" * 50}),
        (b'{"n": 9223372036854775807}', {"n": 2**63 - 1}),
        (b'{"n": -9223372036854775808}', {"n": -(2**63)}),
        (b'{"n": 0.10}', {"n": Decimal("0.10")}),
        (b'{"a": "\\ud83d\\ude00 \\u6c34"}', {"a": "😀 水"}),
        (b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        ('{"水": "绿色"}'.encode(), {"水": "绿色"}),
        (b"null", None),
    ],
)
def test_an_ordinary_body_is_read_exactly(body: bytes, value: object) -> None:
    parsed = parse(body)
    if value is not None:
        assert parsed == value
        assert json.dumps(parsed, default=str) == json.dumps(value, default=str)


@pytest.mark.parametrize("prefix", [b"", b'"\\" [", ', b'"\\\\", "\\u005b[[[",'])
def test_brackets_in_strings_do_not_count_as_depth(prefix: bytes) -> None:
    body = b"[" + prefix + b"0, " + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"]"
    assert isinstance(parse(body), list)
    deeper = b"[" + prefix + b"0, " + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"]"
    assert refusal(deeper) == ("too_deep", "")


def _as_float(node: Any) -> Any:
    if isinstance(node, Decimal):
        return float(node)
    if isinstance(node, dict):
        return {key: _as_float(member) for key, member in node.items()}
    if isinstance(node, list):
        return [_as_float(member) for member in node]
    return node


_PIECES = st.sampled_from(
    [
        *(piece.encode() for piece in ['"', "\\", "{", "}", "[", "]", ":", ",", " ", "é", "水"]),
        *(piece.encode() for piece in ["\\u0000", "\\ud800", "\\n", "1", "-", "e9", ".5", "NaN"]),
        *(b'"a"', b'"a":1', b"true", b"null", b"\x00", b"\xff", b"\xef\xbb\xbf"),
    ]
)


def _outcome(body: bytes) -> tuple[Any, DomainError | None]:
    try:
        return parse(body), None
    except DomainError as refused:
        return None, refused


@given(st.one_of(st.binary(max_size=200), st.lists(_PIECES, max_size=60).map(b"".join)))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    value, refused = _outcome(body)
    if refused is None:
        assert _as_float(value) == json.loads(body)
    else:
        assert refused.message
        json.dumps([field.field for field in refused.fields]).encode().decode()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(_JSON, st.booleans())
def test_what_it_accepts_equals_what_json_reads(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    if "\\u0000" in body.decode():
        return
    assert parse(body) == value
