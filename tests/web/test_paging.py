"""Cursors carry a position and nothing else; whatever a client makes of one is a 422."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.web.paging import CursorError, CursorValue, decode_cursor, encode_cursor, page

_VALUES: st.SearchStrategy[CursorValue] = (
    st.integers(-(2**63) + 1, 2**63 - 1)
    | st.text(max_size=40).filter(lambda text: "\x00" not in text)
    | st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1))  # noqa: DTZ001 - bounds are naive by contract
)


@given(st.lists(_VALUES, max_size=3))
def test_a_position_comes_back(values: list[CursorValue]) -> None:
    kinds = [type(value) for value in values]
    assert decode_cursor(encode_cursor(*values), *kinds) == tuple(values)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _packed(text: str) -> str:
    return _b64(text.encode())


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "zzz",
        "%%%",
        "水",
        "A" * 1_000,
        _packed("{}"),
        _packed("[]"),
        _packed("[1,2]"),
        _packed('["1"]'),
        _packed("[true]"),
        _packed("[1.0]"),
        _packed("[99999999999999999999]"),
        _packed("[" * 50 + "]" * 50),
        _packed("[null]"),
        encode_cursor(1) + "=",
        encode_cursor(1) + "\n",
    ],
)
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError) as caught:
        decode_cursor(cursor, int)
    assert caught.value.fields[0].field == "cursor"


@pytest.mark.parametrize(
    "text", ['["2026-11-18T08:00:00"]', '["9999-12-31T23:59:59-23:00"]', '["soon"]', "[5]"]
)
def test_a_forged_instant_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        decode_cursor(_packed(text), datetime)


def test_a_long_text_is_refused() -> None:
    with pytest.raises(CursorError):
        decode_cursor(_packed('["' + "x" * 201 + '"]'), str)


@given(st.text(max_size=60) | st.binary(max_size=60).map(_b64))
def test_no_cursor_fails_otherwise(cursor: str) -> None:
    for kind in (int, str, datetime):
        try:
            (value,) = decode_cursor(cursor, kind)
        except CursorError:
            continue
        assert type(value) is kind


def test_pages_walk_a_list_once() -> None:
    rows = list(range(1, 8))
    seen: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = page([row for row in rows if row > after][:4], 3, lambda row: (row,))
        seen += found["items"]
        cursor, pages = found["next_cursor"], pages + 1
    assert (seen, pages) == (rows, 3)


def test_an_empty_or_full_last_page_has_no_next() -> None:
    assert page([], 3, lambda row: (row,)) == {"items": [], "next_cursor": None}
    assert page([1, 2, 3], 3, lambda row: (row,))["next_cursor"] is None
