"""When an action may be logged, and how its content is told apart from another's."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from backend.errors import FieldError, InvalidInputError

LATEST_UPLOAD = timedelta(days=7)
# Within this time somebody looks at the evidence of a held award, or it lapses.
HOLD_LASTS = timedelta(hours=72)
_CLOCK_SKEW = timedelta(minutes=2)

JsonValue = str | int | bool | None | list["JsonValue"] | Mapping[str, "JsonValue"]


def check_occurred_at(occurred_at: datetime, now: datetime, max_age_days: int | None) -> None:
    """Holds the time of an action against the server's.

    Args:
        occurred_at: when it is said to have happened; aware.
        now: the present instant.
        max_age_days: how many days after the action its methodology accepts evidence; None where
            it does not say, which is seven.

    Raises:
        InvalidInputError: it lies in the future, or longer back than uploads are accepted.
    """
    latest = LATEST_UPLOAD if max_age_days is None else timedelta(days=max_age_days)
    if occurred_at > now + _CLOCK_SKEW:
        sentence = "发生时间晚于现在，请校准手机时间后重试。"
    elif occurred_at < now - latest:
        sentence = f"只能补记 {latest.days} 天以内的行为，更早的请联系单位管理员。"
    else:
        return
    raise InvalidInputError(sentence, fields=[FieldError("occurred_at", "out_of_range", sentence)])


def canonical_json(value: JsonValue) -> str:
    """JSON with sorted keys and no spaces: the same content is the same text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def content_digest(value: JsonValue) -> bytes:
    """SHA-256 of the canonical JSON: tells a repeated request from another one."""
    return hashlib.sha256(canonical_json(value).encode()).digest()
