"""Writes audit events in the transaction of the change they speak of."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from sqlalchemy import Connection, insert

from backend.audit.models import AuditEvent
from backend.audit.tags import Tag

Document = Mapping[str, Any]


class AuditResult(StrEnum):
    """Whether the thing was done or refused."""

    DONE = "done"
    REFUSED = "refused"


def record(  # noqa: PLR0913 -- one keyword for each column an auditor reads
    db: Connection,
    *,
    tag: Tag,
    actor_id: int | None,
    object_type: str,
    object_id: int | None,
    before: Document | None = None,
    after: Document | None = None,
    request_id: str | None = None,
    at: datetime,
    result: AuditResult = AuditResult.DONE,
) -> None:
    """Writes one event; it stands or falls with the caller's transaction.

    Args:
        db: the transaction of the change.
        tag: what happened.
        actor_id: the member who did it; None for operator commands and jobs.
        object_type: the kind of object, a table name (`institution`).
        object_id: its id, where it has one.
        before: the fields that changed, as they were; no plain phone numbers, keys or codes.
        after: the same fields as they are now.
        request_id: the request it came with.
        at: the instant, aware.
        result: refused attempts are events too; the caller must see that they get committed.

    Raises:
        TypeError: a document holds a value that JSON cannot carry.
    """
    db.execute(
        insert(AuditEvent).values(
            at=at,
            actor_id=actor_id,
            request_id=request_id,
            tag=tag.value,
            object_type=object_type,
            object_id=object_id,
            before=_plain(before),
            after=_plain(after),
            result=result.value,
        )
    )


def _plain(document: Document | None) -> dict[str, Any] | None:
    """The document with dates, instants, decimals and enum members as JSON carries them."""
    if document is None:
        return None
    return {name: _plain_value(value) for name, value in document.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain_value(item) for item in value]
    return value
