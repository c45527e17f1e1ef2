"""Causes: what members can give points or reductions to."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.reading import Submission, by_field, differing, filters, submitted, typed
from admin.forms.rewards import ChangedCause, Done, NewCause
from admin.views.rewards import writable_institutions
from backend.db.seen import EditedMeanwhileError, fingerprint
from backend.donations.catalogue import change_cause, create_cause
from backend.donations.queries import (
    CauseDraft,
    CauseTotal,
    CauseView,
    cause_of,
    causes_in,
    given_to,
)
from backend.errors import InvalidInputError
from backend.people.access import institution_in_scope
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("causes", __name__)

_BLANK: Mapping[str, str] = {
    "institution_id": "",
    "name": "",
    "description": "",
    "takes_points": "1",
    "takes_reductions": "1",
    "state": "open",
}


@pages.get("/causes")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """The causes of the institutions in the caller's scope, with what each was given."""
    found = causes_in(connection(), scope=scope(PLACE_READERS))
    return render_template(
        "causes/list.html",
        causes=found,
        given=given_to(connection(), [cause.id for cause in found]),
        nothing=CauseTotal(),
        writes=may(*PLACE_WRITERS),
        done=filters(Done)["done"],
    )


@pages.get("/causes/new")
@console_roles(*PLACE_WRITERS)
def new() -> str:
    """The form of a new cause."""
    return _form(None, _BLANK, {})


@pages.post("/causes/new")
@console_roles(*PLACE_WRITERS)
@creates
def create() -> ResponseReturnValue:
    """Makes the cause, or shows the form again with what is wrong."""
    sent = submitted(NewCause)
    if not sent.errors:
        institution = institution_in_scope(
            connection(), actor(), sent.values["institution_id"], roles=PLACE_WRITERS
        )
        try:
            create_cause(
                connection(),
                _draft(sent.values),
                institution_id=institution.id,
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("causes.listing", done="created"), 303)
    return _form(None, typed(_BLANK), sent.errors), 422


@pages.get("/causes/<int:cause_id>/edit")
@console_roles(*PLACE_WRITERS)
def edit(cause_id: int) -> str:
    """The form of a cause as it stands."""
    cause = cause_of(connection(), cause_id, scope=scope(PLACE_WRITERS))
    return _form(cause, _as_typed(cause), {})


@pages.post("/causes/<int:cause_id>/edit")
@console_roles(*PLACE_WRITERS)
def change(cause_id: int) -> ResponseReturnValue:
    """Changes the cause, or shows the form again with what is wrong."""
    within = scope(PLACE_WRITERS)
    cause = cause_of(connection(), cause_id, scope=within)
    sent = submitted(ChangedCause)
    if not sent.errors:
        try:
            change_cause(
                connection(),
                cause_id,
                _draft(sent.values),
                scope=within,
                actor_id=actor().member_id,
                now=now(),
                seen=sent.values["seen"],
            )
        except EditedMeanwhileError as error:
            return _overtaken(cause_id, error.message), 409
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("causes.listing", done="changed"), 303)
    return _form(cause, typed(_BLANK), sent.errors), 422


def _overtaken(cause_id: int, sentence: str) -> str:
    """The form as it stands now, with what was typed beside it where the two differ."""
    cause = cause_of(connection(), cause_id, scope=scope(PLACE_WRITERS))
    stands = _as_typed(cause)
    sent = {name: value for name, value in typed(_BLANK).items() if name in request.form}
    return _form(cause, stands, {}, meanwhile=sentence, theirs=differing(sent, stands))


def _draft(values: Mapping[str, Any]) -> CauseDraft:
    return CauseDraft(
        name=values["name"],
        description=values["description"],
        takes_points=bool(values["takes_points"]),
        takes_reductions=bool(values["takes_reductions"]),
        state=values["state"],
    )


def _as_typed(cause: CauseView) -> dict[str, str]:
    """A cause as the form would have sent it."""
    return {
        "institution_id": str(cause.institution_id),
        "name": cause.name,
        "description": cause.description,
        "takes_points": "1" if cause.takes_points else "",
        "takes_reductions": "1" if cause.takes_reductions else "",
        "state": cause.state.value,
    }


def _form(
    cause: CauseView | None,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    meanwhile: str = "",
    theirs: Mapping[str, str] | None = None,
) -> str:
    # A form that is wrong goes on with what its author saw; one that is late begins anew.
    seen = request.form.get("seen") if errors else None
    return render_template(
        "causes/form.html",
        cause=cause,
        values=values,
        errors=errors,
        seen=seen or (fingerprint(cause) if cause else ""),
        meanwhile=meanwhile,
        theirs=theirs or {},
        institutions=writable_institutions() if cause is None else (),
    )
