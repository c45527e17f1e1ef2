"""Being bound to a unit on the phone: by an invitation, or as a person on its roster."""

from collections.abc import Callable
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.clock import business_day
from backend.errors import DomainError, InvalidInputError
from backend.people import bindings
from backend.people.queries import membership_on
from backend.people.roster_binding import Statement, require_well_formed
from backend.people.roster_requests import open_request, requests_of
from backend.web import problems, transaction
from backend.web.access import actor, member_page
from backend.web.context import backend, now
from backend.web.transaction import connection, connection_apart
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("binding", __name__)

_LONGEST: Final = 40
_TYPED: Final = ("credit_code", "staff_number", "phone", "invitation")


@blueprint.get("/me/binding")
@member_page
def show() -> str:
    """The own requests and the form for a new one."""
    return _page(dict.fromkeys(_TYPED, ""), None)


@blueprint.post("/me/binding")
@member_page
def ask() -> Response | tuple[str, int]:
    """Asks the institution's administrator; a refusal is told beside the form."""
    typed = _typed()
    said = {name: typed[name] for name in ("credit_code", "staff_number", "phone")}

    def open_one() -> None:
        open_request(
            connection(),
            member_id=actor().member_id,
            said=Statement(**said, phone_verified=False),
            keys=backend().keys,
            now=now(),
        )

    return _attempt(
        typed, lambda: require_well_formed(said["credit_code"], said["phone"]), open_one
    )


@blueprint.post("/me/binding/invitation")
@member_page
def accept() -> Response | tuple[str, int]:
    """Binds by an invitation code from today on; a refusal is told beside the form."""
    typed = _typed()

    def filled_in() -> None:
        if not typed["invitation"]:
            raise InvalidInputError("请填写邀请码，它印在单位发给您的纸条上。")

    def bind() -> None:
        bindings.bind_by_invitation(
            connection(), member_id=actor().member_id, code=typed["invitation"], now=now()
        )

    return _attempt(typed, filled_in, bind)


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").strip()[:_LONGEST] for name in _TYPED}


def _attempt(
    typed: dict[str, str], check: Callable[[], None], act: Callable[[], object]
) -> Response | tuple[str, int]:
    """Counts the attempt and acts; what can be nobody's is refused without a count."""
    try:
        check()
        # The refusal of a wrong number must not take the count with it.
        with connection_apart() as counting:
            bindings.count_attempt(counting, member_id=actor().member_id, now=now())
        act()
    except DomainError as error:
        transaction.roll_back()
        return _page(typed, error.message), problems.status_of(error)
    return redirect(url_for("binding.show"), 303)


def _page(typed: dict[str, str], fault: str | None) -> str:
    return render_template(
        "binding.html",
        requests=requests_of(connection(), member_id=actor().member_id),
        belongs=membership_on(connection(), member_id=actor().member_id, on=business_day(now())),
        typed=typed,
        fault=fault,
    )
