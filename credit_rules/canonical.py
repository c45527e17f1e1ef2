"""The canonical form of data: the bytes over which digests are taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256

JsonValue = None | bool | int | str | list["JsonValue"] | dict[str, "JsonValue"]


def canonical_value(value: object) -> JsonValue:
    """Data as JSON: decimals as plain text without trailing zeros, dates as ISO text.

    Raises:
        TypeError: a float or another type that has no canonical form.
    """
    # The most frequent first: most of a file is texts, then tables.
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (dict, Mapping)):
        return {str(key): canonical_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [canonical_value(item) for item in value]
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"no canonical form for {type(value).__name__}")


def canonical_bytes(value: object) -> bytes:
    """Canonical JSON in UTF-8: keys sorted, no spaces, no escapes beyond what JSON demands."""
    return json_bytes(canonical_value(value))


def json_bytes(value: JsonValue) -> bytes:
    """The canonical bytes of what is JSON already."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return sha256(data).hexdigest()
