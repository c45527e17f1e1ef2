"""Reads audit events, newest first. Callers check the reader's role (`backend.people.access`)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from backend.audit.models import AuditEvent
from backend.errors import InvalidInputError, field_errors

MAX_PAGE = 200


@dataclass(frozen=True, slots=True)
class Event:
    """One audit event as written."""

    id: int
    at: datetime
    actor_id: int | None
    request_id: str | None
    tag: str
    object_type: str
    object_id: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    result: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events and the cursor of the page after them; None on the last page."""

    items: tuple[Event, ...]
    next_cursor: str | None


def events(
    db: Connection,
    *,
    cursor: str | None = None,
    limit: int = 50,
    actor_id: int | None = None,
    object_type: str | None = None,
    object_id: int | None = None,
    tag_prefix: str = "",
) -> EventPage:
    """One page of events, newest first.

    Args:
        db: any transaction.
        cursor: `next_cursor` of the page before.
        limit: events on a page, 1 to 200.
        actor_id: only what this member did.
        object_type: only events of this kind of object.
        object_id: only events of this object.
        tag_prefix: only tags that begin so, e.g. `people:`.

    Raises:
        InvalidInputError: the cursor is not one of ours.
    """
    size = min(max(limit, 1), MAX_PAGE)
    table = AuditEvent.__table__
    query = select(*table.columns).order_by(AuditEvent.id.desc()).limit(size + 1)
    if cursor is not None:
        query = query.where(AuditEvent.id < _position(cursor))
    if actor_id is not None:
        query = query.where(AuditEvent.actor_id == actor_id)
    if object_type is not None:
        query = query.where(AuditEvent.object_type == object_type)
    if object_id is not None:
        query = query.where(AuditEvent.object_id == object_id)
    if tag_prefix:
        query = query.where(AuditEvent.tag.startswith(tag_prefix, autoescape=True))
    rows = [Event(**row) for row in db.execute(query).mappings()]
    following = str(rows[size - 1].id) if len(rows) > size else None
    return EventPage(tuple(rows[:size]), following)


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidInputError(
            "翻页位置无效，请从第一页重新查看。",
            fields=field_errors({"cursor": "请使用上一页返回的 next_cursor。"}),
        )
    return int(cursor)
