"""Audit events: written with their change, append only, read newest first."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Connection, delete, update
from sqlalchemy.exc import DBAPIError

from backend.audit.models import AuditEvent
from backend.audit.queries import events
from backend.audit.service import AuditResult, record
from backend.audit.tags import Tag
from backend.errors import InvalidInputError
from tests.builders.organisations import NOW


def write(db: Connection, tag: Tag = Tag.PLACE_CHANGE, **values: object) -> None:
    arguments: dict[str, object] = {"actor_id": 1, "object_type": "place", "object_id": 5}
    record(db, tag=tag, at=NOW, **{**arguments, **values})  # type: ignore[arg-type]  # by keyword


def test_an_event_reads_back_with_plain_values(db: Connection) -> None:
    write(
        db,
        before={"area": Decimal("1.50"), "on": date(2026, 11, 18)},
        after={"at": NOW, "tags": (Tag.ROLE_GRANT, None), "inner": {"n": 1}},
        request_id="r-1",
        result=AuditResult.REFUSED,
    )
    (event,) = events(db).items
    assert event.before == {"area": "1.50", "on": "2026-11-18"}
    assert event.after == {
        "at": "2026-11-18T02:00:00+00:00",
        "tags": ["people:role:grant", None],
        "inner": {"n": 1},
    }
    assert (event.at, event.tag, event.request_id) == (NOW, "places:place:change", "r-1")
    assert event.result == "refused"


def test_what_json_cannot_carry_is_a_mistake_of_the_caller(db: Connection) -> None:
    with pytest.raises(Exception, match="not JSON serializable"):
        write(db, after={"key": b"secret"})


@pytest.mark.parametrize("change", [update(AuditEvent).values(tag="x:y:z"), delete(AuditEvent)])
def test_the_database_refuses_to_change_events(db: Connection, change: object) -> None:
    write(db)
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        db.execute(change)  # type: ignore[call-overload]  # either statement


def test_pages_are_complete_and_newest_first(db: Connection) -> None:
    for number in range(5):
        write(db, object_id=number)
    seen: list[int | None] = []
    cursor: str | None = None
    while True:
        page = events(db, cursor=cursor, limit=2)
        seen += [event.object_id for event in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [4, 3, 2, 1, 0]


def test_a_last_full_page_has_no_next(db: Connection) -> None:
    write(db)
    write(db)
    assert events(db, limit=2).next_cursor is None


def test_filters_narrow(db: Connection) -> None:
    write(db, object_id=5)
    write(db, object_id=6, actor_id=2)
    write(db, tag=Tag.ROLE_GRANT, object_type="role_grant", actor_id=None)
    assert [event.object_id for event in events(db, object_type="place", object_id=6).items] == [6]
    assert [event.object_id for event in events(db, actor_id=2).items] == [6]
    assert [event.tag for event in events(db, tag_prefix="people:").items] == ["people:role:grant"]
    assert events(db, tag_prefix="%").items == ()


@pytest.mark.parametrize("cursor", ["", "-1", "x", "1e3", "１２", "9" * 19])
def test_a_foreign_cursor_is_refused(db: Connection, cursor: str) -> None:
    with pytest.raises(InvalidInputError):
        events(db, cursor=cursor)


def test_tags_name_source_subject_and_action() -> None:
    assert all(len(tag.split(":")) == 3 for tag in Tag)
