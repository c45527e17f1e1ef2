"""The first page: today at a glance, and whether the machine keeps up."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, render_template

from admin.auth import AUDIT_READERS, EVERYONE, ON_DUTY, POINT_STAFF, may, reach, scope
from admin.views.first_day import first_steps
from backend.actions.queries import total_at_places
from backend.clock import business_day
from backend.outbox.queries import backlog
from backend.places.queries import places_in
from backend.timekeeping.queries import clock_state
from backend.web.access import console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("home", __name__)

_LATE = timedelta(minutes=1)
_SHOWN_ON_DUTY = 50


@dataclass(frozen=True, slots=True)
class BookHealth:
    """Whether what follows a drop-off (roll-ups, boards) keeps up with what is recorded."""

    waiting: int
    late: bool


@pages.get("/")
@console_roles(*EVERYONE)
def today() -> str:
    """Today's figures for the caller's scope, and the way on."""
    db = connection()
    day = business_day(now())
    return render_template(
        "home.html",
        day=day,
        steps=first_steps(),
        total=total_at_places(db, reach=reach(), on=day) if may(*POINT_STAFF) else None,
        health=_health() if may(*AUDIT_READERS) else None,
        hold=clock_state(db, now=now()).hold if may(*AUDIT_READERS) else None,
        duty=places_in(db, scope=scope(ON_DUTY), limit=_SHOWN_ON_DUTY) if may(*ON_DUTY) else (),
    )


def _health() -> BookHealth:
    waiting = backlog(connection())
    late = waiting.oldest is not None and now() - waiting.oldest > _LATE
    return BookHealth(waiting.waiting, late)
