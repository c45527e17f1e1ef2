"""Recycling points: the list, one point, the form that makes or changes one."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, reach, scope
from admin.forms.places import ChangedPlace, NewPlace, PlaceNotice, PlacesFilter
from admin.forms.reading import Submission, by_field, filters, submitted
from admin.views.drop_offs import rows_of
from admin.wording import WORDS
from backend.actions.queries import actions_at_places
from backend.clock import business_day
from backend.db.seen import EditedMeanwhileError, fingerprint
from backend.errors import InvalidInputError
from backend.organisations.queries import (
    InstitutionView,
    Scope,
    districts,
    institution,
    institutions,
    institutions_in_both,
    short_names,
)
from backend.people.access import institution_in_scope
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord
from backend.places.policy import ALWAYS_OPEN, hours_lines, is_open
from backend.places.queries import batches_of, place_of, places_in, valid_batches
from backend.places.service import create_place, update_place
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("places", __name__)

PAGE = 50
_LATEST = 20
_CHOICES = frozenset({"accepted", "datum", "state"})
_BLANK: Mapping[str, Any] = {
    "kind": "recycling_point",
    "name": "",
    "institution_id": "",
    "address": "",
    "accepted": ["recyclable"],
    "hours": "\n".join(hours_lines(ALWAYS_OPEN)),
    "latitude": "",
    "longitude": "",
    "datum": "gcj02",
    "radius_m": "100",
    "state": "open",
}


@pages.get("/places")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The points in the caller's scope, filtered by what the address says."""
    db = connection()
    chosen = filters(PlacesFilter)
    whole = scope(PLACE_READERS)
    found = places_in(
        db,
        scope=_narrowed(whole, chosen),
        limit=PAGE + 1,
        after_id=chosen["after"],
        search=chosen["q"],
        state=chosen["state"],
    )
    shown = found[:PAGE]
    return render_template(
        "places/list.html",
        places=shown,
        after=shown[-1].id if len(found) > PAGE else None,
        chosen=chosen,
        districts=districts(db) if whole.everything else (),
        institution=institution(db, institution_id=chosen["institution"])
        if chosen["institution"]
        else None,
        names=short_names(db, institution_ids={place.institution_id for place in shown}),
        posters=valid_batches(db, [place.id for place in shown]),
        open_now={place.id: is_open(place.hours, now()) for place in shown},
        writes=may(*PLACE_WRITERS),
    )


def _narrowed(whole: Scope, chosen: Mapping[str, Any]) -> Scope:
    """The caller's scope within the district or institution that the filter names."""
    db = connection()
    if chosen["institution"]:
        institution_in_scope(db, actor(), chosen["institution"], roles=PLACE_READERS)
        return Scope(institution_ids=frozenset({chosen["institution"]}))
    if chosen["district"]:
        wanted = Scope(district_ids=frozenset({chosen["district"]}))
        return Scope(institution_ids=institutions_in_both(db, whole, wanted))
    return whole


@pages.get("/places/<int:place_id>")
@console_roles(*PLACE_READERS)
def detail(place_id: int) -> str:
    """One point: facts, posters, print batches, the latest drop-offs."""
    db = connection()
    within = scope(PLACE_READERS)
    place = place_of(db, place_id, scope=within)
    return render_template(
        "places/detail.html",
        place=place,
        institution=institution(db, institution_id=place.institution_id),
        hours=hours_lines(place.hours),
        open_now=is_open(place.hours, now()),
        batches=batches_of(db, place_id, scope=within),
        valid=valid_batches(db, [place_id]).get(place_id),
        rows=rows_of(actions_at_places(db, reach=reach(), place_id=place_id, limit=_LATEST)),
        writes=may(*PLACE_WRITERS),
        done=filters(PlaceNotice)["done"],
    )


@pages.get("/places/new")
@console_roles(*PLACE_WRITERS)
def new() -> str:
    """The form of a new point."""
    return _form(None, _BLANK, {})


@pages.post("/places/new")
@console_roles(*PLACE_WRITERS)
@creates
def create() -> ResponseReturnValue:
    """Makes the point, or shows the form again with what is wrong."""
    sent = submitted(NewPlace)
    if not sent.errors:
        institution_in_scope(
            connection(), actor(), sent.values["institution_id"], roles=PLACE_WRITERS
        )
        draft = _draft(sent.values)
        try:
            place = create_place(connection(), draft, actor_id=actor().member_id, at=now())
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("places.detail", place_id=place.id, done="created"), 303)
    return _form(None, _typed(), sent.errors), 422


@pages.get("/places/<int:place_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit(place_id: int) -> str:
    """The form of a point as it stands."""
    place = place_of(connection(), place_id, scope=scope(PLACE_WRITERS))
    return _form(place, _as_typed(place), {})


@pages.post("/places/<int:place_id>/edit")
@console_roles(*PLACE_WRITERS)
def change(place_id: int) -> ResponseReturnValue:
    """Changes the point, or shows the form again with what is wrong."""
    within = scope(PLACE_WRITERS)
    place = place_of(connection(), place_id, scope=within)
    sent = submitted(ChangedPlace)
    if not sent.errors:
        values = dict(sent.values)
        seen = values.pop("seen")
        try:
            update_place(
                connection(),
                place_id,
                values,
                scope=within,
                actor_id=actor().member_id,
                at=now(),
                seen=seen,
            )
        except EditedMeanwhileError as error:
            return _overtaken(place_id, error.message), 409
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("places.detail", place_id=place_id, done="changed"), 303)
    return _form(place, {**_as_typed(place), **_typed()}, sent.errors), 422


def _draft(values: Mapping[str, Any]) -> PlaceDraft:
    """The place a form describes; only recycling points take classes of waste."""
    takes_waste = values["kind"] is PlaceKind.RECYCLING_POINT
    return PlaceDraft(**{**values, "accepted": tuple(values["accepted"]) if takes_waste else ()})


def _overtaken(place_id: int, sentence: str) -> str:
    """The form as it stands now, with what was typed beside it where the two differ."""
    place = place_of(connection(), place_id, scope=scope(PLACE_WRITERS))
    stands, sent = _as_typed(place), _typed()
    typed = {
        name: _shown(name, value)
        for name, value in sent.items()
        if name in request.form and _unfolded(value) != stands[name]
    }
    return _form(place, stands, {}, meanwhile=sentence, typed=typed)


def _unfolded(value: Any) -> Any:
    """Lines as we write them: browsers end them with a carriage return too."""
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _shown(name: str, value: Any) -> str:
    """A typed value in Chinese; what no choice offers stays as it was sent."""
    values = value if isinstance(value, list) else [value]
    words = WORDS if name in _CHOICES else {}
    return "、".join(words.get(each, each) for each in values)


def _typed() -> dict[str, Any]:
    """The form's texts as they were sent, to be shown again."""
    sent: dict[str, Any] = {name: request.form.get(name, "") for name in _BLANK}
    sent["accepted"] = request.form.getlist("accepted")
    return sent


def _as_typed(place: PlaceRecord) -> dict[str, Any]:
    """A point as the form would have sent it."""
    return {
        "kind": place.kind.value,
        "name": place.name,
        "institution_id": str(place.institution_id),
        "address": place.address,
        "accepted": [item.value for item in place.accepted],
        "hours": "\n".join(hours_lines(place.hours)),
        "latitude": "" if place.latitude is None else str(place.latitude),
        "longitude": "" if place.longitude is None else str(place.longitude),
        "datum": place.datum.value,
        "radius_m": str(place.radius_m),
        "state": place.state.value,
    }


def _form(
    place: PlaceRecord | None,
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    *,
    meanwhile: str = "",
    typed: Mapping[str, str] | None = None,
) -> str:
    # A form that is wrong goes on with what its author saw; one that is late begins anew.
    seen = request.form.get("seen") if errors else None
    return render_template(
        "places/form.html",
        place=place,
        seen=seen or fingerprint(place),
        meanwhile=meanwhile,
        typed=typed or {},
        values=values,
        errors=errors,
        institutions=_choices() if place is None else (),
    )


def _choices() -> tuple[InstitutionView, ...]:
    """The institutions that the caller may give a point to."""
    return institutions(connection(), scope=scope(PLACE_WRITERS), on=business_day(now()))
