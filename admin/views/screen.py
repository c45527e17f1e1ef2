"""The screen at a point: a QR code that is another every 30 seconds."""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from admin.auth import POINT_STAFF, scope
from admin.forms.places import ScreenStep
from admin.forms.reading import filters
from backend.places import codes, posters
from backend.places.models import PlaceRecord, PlaceState
from backend.places.queries import place_of
from backend.web.access import console_roles
from backend.web.context import backend, now
from backend.web.transaction import connection

pages = Blueprint("screen", __name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """The code of the present step as text, address and SVG, and how long it stands."""

    step: int
    code: str
    url: str
    svg: str
    seconds_left: int


@pages.get("/places/<int:place_id>/screen")
@console_roles(*POINT_STAFF)
def full(place_id: int) -> str:
    """The whole screen, for a tablet that stays on it."""
    place = place_of(connection(), place_id, scope=scope(POINT_STAFF))
    return render_template("places/screen.html", place=place, shown=_shown(place))


@pages.get("/places/<int:place_id>/screen/code")
@console_roles(*POINT_STAFF)
def code(place_id: int) -> ResponseReturnValue:
    """The code alone; nothing while the one on the screen still stands."""
    seen = filters(ScreenStep)["step"]
    place = place_of(connection(), place_id, scope=scope(POINT_STAFF))
    shown = _shown(place)
    if shown is not None and shown.step == seen:
        return Response(status=204)
    return render_template("places/_screen_code.html", place=place, shown=shown)


def _shown(place: PlaceRecord) -> Shown | None:
    """The present code; none while the place takes nothing."""
    if place.state is not PlaceState.OPEN:
        return None
    at, keys = now(), backend().keys
    step = codes.step_at(at)
    text = codes.rotating_code(codes.place_key(keys, place.id), place.id, at)
    url = codes.rotating_url(backend().settings.public_url, text)
    left = (step + 1) * codes.STEP_SECONDS - int(at.timestamp())
    return Shown(step, text, url, posters.qr_svg(url), left)
