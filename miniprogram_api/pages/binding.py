"""Asking on the phone to be bound as a person on the roster, and objecting to somebody else."""

from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.errors import DomainError
from backend.people import bindings
from backend.people.roster_binding import Statement, require_well_formed
from backend.people.roster_requests import open_request, requests_of
from backend.web import problems, transaction
from backend.web.access import actor, member_page
from backend.web.context import backend, now
from backend.web.transaction import connection, connection_apart
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("binding", __name__)

_LONGEST: Final = 40
_TYPED: Final = ("credit_code", "staff_number", "phone")


@blueprint.get("/me/binding")
@member_page
def show() -> str:
    """The own requests and the form for a new one."""
    return _page(dict.fromkeys(_TYPED, ""), None)


@blueprint.post("/me/binding")
@member_page
def ask() -> Response | tuple[str, int]:
    """Asks the institution's administrator; a refusal is told beside the form."""
    typed = {name: request.form.get(name, "").strip()[:_LONGEST] for name in _TYPED}
    try:
        require_well_formed(typed["credit_code"], typed["phone"])
        # The refusal of a wrong number must not take the count with it.
        with connection_apart() as counting:
            bindings.count_attempt(counting, member_id=actor().member_id, now=now())
        open_request(
            connection(),
            member_id=actor().member_id,
            said=Statement(**typed, phone_verified=False),
            keys=backend().keys,
            now=now(),
        )
    except DomainError as error:
        transaction.roll_back()
        return _page(typed, error.message), problems.status_of(error)
    return redirect(url_for("binding.show"), 303)


def _page(typed: dict[str, str], fault: str | None) -> str:
    return render_template(
        "binding.html",
        requests=requests_of(connection(), member_id=actor().member_id),
        typed=typed,
        fault=fault,
    )
