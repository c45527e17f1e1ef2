"""The audit list: who did what, when, and what it was before and after."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, url_for

from admin.auth import AUDIT_READERS
from admin.forms.lists import AuditFilter
from admin.forms.reading import filters
from backend.audit.queries import Event, events
from backend.people.queries import display_names
from backend.web.access import console_roles
from backend.web.transaction import connection

pages = Blueprint("audit", __name__)

PAGE = 50


@dataclass(frozen=True, slots=True)
class AuditChange:
    """One field of an event, before and after; what has no before is new."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An event with what it changed, field by field."""

    event: Event
    changes: tuple[AuditChange, ...]
    link: str | None


@pages.get("/audit")
@console_roles(*AUDIT_READERS)
def listing() -> str:
    """The events, newest first, filtered by what the address says."""
    db = connection()
    chosen = filters(AuditFilter)
    found = events(
        db,
        cursor=chosen["cursor"],
        limit=PAGE,
        actor_id=chosen["actor"],
        object_type=chosen["object_type"],
        object_id=chosen["object_id"],
        tag_prefix=chosen["subject"],
    )
    who = {event.actor_id for event in found.items if event.actor_id is not None}
    return render_template(
        "audit/list.html",
        entries=[_entry(event) for event in found.items],
        names=display_names(db, member_ids=who),
        next_cursor=found.next_cursor,
        chosen=chosen,
    )


def _entry(event: Event) -> AuditRow:
    before, after = event.before or {}, event.after or {}
    names = [*before, *(name for name in after if name not in before)]
    changes = tuple(AuditChange(name, before.get(name), after.get(name)) for name in names)
    return AuditRow(event, changes, _link(event))


def _link(event: Event) -> str | None:
    """The page of the object, where the console has one."""
    if event.object_type == "place" and event.object_id is not None:
        return url_for("places.detail", place_id=event.object_id)
    if event.object_type == "institution" and event.object_id is not None:
        return url_for("institutions.detail", institution_id=event.object_id)
    return None
