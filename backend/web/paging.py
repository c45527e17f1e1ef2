"""Pages of a list by position, not by number: `{items, next_cursor}`."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar

from backend.errors import DomainError, FieldError, InvalidInputError
from backend.web import strict_json
from backend.web.fields import BIGINT_MAX

_T = TypeVar("_T")
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_CURSOR = 400
_LONGEST_TEXT = 200
CursorValue = int | str | datetime


class Page(TypedDict):
    """One page: its rows, and the cursor of the next page or None on the last."""

    items: list[Any]
    next_cursor: str | None


class CursorError(InvalidInputError):
    """The cursor is not one this list has given."""

    code = "cursor_invalid"


def encode_cursor(*values: CursorValue) -> str:
    """An opaque text for a position.

    Args:
        values: what the list is ordered by, of the last row of a page: int, str or aware datetime.
    """
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    packed = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(cursor: str, *kinds: type[CursorValue]) -> tuple[Any, ...]:
    """The position behind a cursor; a cursor is input like any other and is checked in full.

    Args:
        cursor: as the client sent it.
        kinds: the types of the values, in order.

    Raises:
        CursorError: not a cursor, or one of another list.
    """
    if len(cursor) > _LONGEST_CURSOR or not _ALPHABET.fullmatch(cursor):
        raise _refused()
    try:
        values = strict_json.parse(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, DomainError) as error:
        raise _refused() from error
    if not isinstance(values, list) or len(values) != len(kinds):
        raise _refused()
    return tuple(_checked(value, kind) for value, kind in zip(values, kinds, strict=True))


def _checked(value: Any, kind: type[CursorValue]) -> CursorValue:
    if kind is int and type(value) is int and abs(value) <= BIGINT_MAX:
        return int(value)
    if kind is str and isinstance(value, str) and len(value) <= _LONGEST_TEXT:
        return value
    if kind is datetime and isinstance(value, str):
        return _instant(value)
    raise _refused()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is None:
            raise _refused()
        return instant.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refused() from error


def _refused() -> CursorError:
    sentence = "翻页位置无效，请从第一页重新开始。"
    return CursorError(sentence, fields=[FieldError("cursor", CursorError.code, sentence)])


def page(rows: Sequence[_T], limit: int, position: Callable[[_T], tuple[CursorValue, ...]]) -> Page:
    """One page out of a query that asked for one row more than the page holds.

    Args:
        rows: up to `limit + 1` rows in order.
        limit: rows on a page.
        position: what the list is ordered by, unique for each row.
    """
    shown = list(rows[:limit])
    more = len(rows) > limit
    return {
        "items": shown,
        "next_cursor": encode_cursor(*position(shown[-1])) if more and shown else None,
    }
