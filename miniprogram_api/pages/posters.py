"""The page behind a poster: what a point takes, what a drop-off earns, and the form to log it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.actions.drop_offs import KIND
from backend.actions.refusals import ReferenceMismatchError
from backend.errors import DomainError
from backend.people.queries import Actor
from backend.places.labels import PLACE_KINDS, PLACE_STATES, WASTE_CLASSES
from backend.places.models import PlaceKind, ResolvedPlace
from backend.places.policy import hours_lines
from backend.places.service import resolve_code
from backend.places.tickets import ticket_of
from backend.web import problems, transaction
from backend.web.access import member_page, optional_actor, public
from backend.web.context import backend, now
from backend.web.limits import CLAIMS, limited
from backend.web.transaction import connection
from miniprogram_api.flows.actions import loaded_action, record_action
from miniprogram_api.flows.places import is_open
from miniprogram_api.flows.scans import kinds_at
from miniprogram_api.pages.frame import page_blueprint
from miniprogram_api.pages.offers import offers_at

blueprint = page_blueprint("posters", __name__)

_FORM_LASTS: Final = timedelta(hours=1)
_POSITION: Final = ("latitude", "longitude", "accuracy_m")
_TYPED: Final = ("material", "mass", *_POSITION)
_LONGEST: Final = 300
# Where the page shows what the domain says of a field.
_SHOWN_AT: Final = {"facts.material": "material", "facts.mass": "mass"}


@dataclass(frozen=True, slots=True)
class DropOffForm:
    """What the form holds: its own reference and time, and what was typed.

    Attributes:
        reference: made when the page was rendered, so that posting twice credits once.
        occurred_at: the instant of that, ISO 8601.
        ticket: of the scan that opened the page, where the code rotates; else empty.
        typed: the fields by name, as text.
    """

    reference: str
    occurred_at: str
    ticket: str
    typed: Mapping[str, str]


@blueprint.get("/p/<code>")
@public
def show(code: str) -> str:
    """What the code leads to; with a login, the form to log a drop-off."""
    return _page(code, _fresh())


@blueprint.post("/p/<code>/drop-offs")
@member_page
@limited(*CLAIMS)
def log(code: str) -> Response | tuple[str, int]:
    """Logs a drop-off and leads to its receipt; what is refused is told beside its field."""
    form = DropOffForm(
        reference=request.form.get("reference", "")[:_LONGEST],
        occurred_at=request.form.get("occurred_at", "")[:_LONGEST],
        ticket=request.form.get("ticket", "")[:_LONGEST],
        typed={name: request.form.get(name, "").strip()[:_LONGEST] for name in _TYPED},
    )
    try:
        receipt = record_action(loaded_action(_claim(code, form)))
    except DomainError as error:
        # What the refused posting has begun must be gone before the page reads anything.
        transaction.roll_back()
        return _page(code, _renewed(form, error), error), problems.status_of(error)
    again = None if receipt.first else "1"
    return redirect(url_for("receipts.show", action_id=receipt.action.id, again=again), 303)


def _fresh() -> DropOffForm:
    return DropOffForm(secrets.token_urlsafe(16), now().isoformat(), "", dict.fromkeys(_TYPED, ""))


def _renewed(form: DropOffForm, error: DomainError) -> DropOffForm:
    """The form to show again: as typed, with a new reference where the old one is spent."""
    if isinstance(error, ReferenceMismatchError) or _is_stale(form.occurred_at):
        return replace(_fresh(), ticket=form.ticket, typed=form.typed)
    return form


def _is_stale(occurred_at: str) -> bool:
    try:
        rendered = datetime.fromisoformat(occurred_at)
    except ValueError:
        return True
    return rendered.tzinfo is None or now() - rendered > _FORM_LASTS


def _claim(code: str, form: DropOffForm) -> dict[str, Any]:
    """The form as the API would have been sent it."""
    evidence: dict[str, Any] = {"code": form.ticket or _scanned(code)}
    if all(form.typed[name] for name in _POSITION):
        accuracy = form.typed["accuracy_m"]
        evidence["position"] = {
            "latitude": form.typed["latitude"],
            "longitude": form.typed["longitude"],
            "accuracy_m": int(accuracy) if accuracy.isascii() and accuracy.isdigit() else accuracy,
            "datum": "wgs84",
        }
    return {
        "reference": form.reference,
        "kind": KIND,
        "occurred_at": form.occurred_at,
        "facts": {name: form.typed[name] for name in ("material", "mass") if form.typed[name]},
        "evidence": evidence,
    }


def _scanned(code: str) -> str:
    """The text of the QR code behind this page's address."""
    key = request.args.get("k")
    return code if key is None else f"{code}?k={key}"


def _page(code: str, form: DropOffForm, error: DomainError | None = None) -> str:
    """The page of a code.

    Raises:
        DomainError: the code leads nowhere; the sentence says why.
    """
    scanned, member = form.ticket or _scanned(code), optional_actor()
    found = resolve_code(
        connection(),
        backend().keys,
        scanned,
        now(),
        member_id=member.member_id if member is not None else None,
    )
    place = found.place
    open_now = is_open(place, now())
    takes_now = open_now and place.kind is PlaceKind.RECYCLING_POINT
    elsewhere = open_now and place.kind is not PlaceKind.RECYCLING_POINT
    return render_template(
        "poster.html",
        action=url_for("posters.log", code=code, k=request.args.get("k")),
        place=place,
        code_kind=found.code_kind,
        kind=PLACE_KINDS[place.kind],
        state=PLACE_STATES[place.state],
        open_now=open_now,
        takes_now=takes_now,
        hours=hours_lines(place.hours),
        accepted=[(item.value, WASTE_CLASSES[item]) for item in place.accepted],
        form=form,
        faults=_faults(error),
        kinds=kinds_at(place.kind) if elsewhere else (),
        logged_in=member is not None,
        ticket=_ticket(found, member),
        offers=offers_at(found, scanned, member_id=member.member_id)
        if member is not None and takes_now
        else None,
    )


def _ticket(found: ResolvedPlace, member: Actor | None) -> str | None:
    """What stands for a rotating code while a form is filled in; None without a login."""
    if member is None:
        return None
    ticket = ticket_of(backend().keys, found, member_id=member.member_id)
    return None if ticket is None else ticket.text


def _faults(error: DomainError | None) -> dict[str, list[str]]:
    """What to change, by the place on the page that shows it; `form` is the top of it."""
    if error is None:
        return {}
    faults: dict[str, list[str]] = {}
    for fault in error.fields:
        at = "position" if "position" in fault.field else _SHOWN_AT.get(fault.field, "form")
        faults.setdefault(at, []).append(fault.message)
    return faults or {"form": [error.message]}
