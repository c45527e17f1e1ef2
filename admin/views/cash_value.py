"""The switch that decides, institution by institution, about rewards with cash value."""

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CASH_DECIDERS, PLACE_READERS, may, scope
from admin.forms.reading import filters, submitted
from admin.forms.rewards import CashValueSwitch, Done
from backend.errors import InvalidInputError
from backend.offers.service import cash_switches, switch_cash_value
from backend.people.access import institution_in_scope
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("cash_value", __name__)


@pages.get("/cash-value")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """Every institution in the caller's scope with its switch."""
    return render_template(
        "rewards/cash_value.html",
        switches=cash_switches(connection(), scope=scope(PLACE_READERS)),
        decides=may(*CASH_DECIDERS),
        done=filters(Done)["done"],
    )


@pages.post("/cash-value/<int:institution_id>")
@console_roles(*CASH_DECIDERS)
def switch(institution_id: int) -> ResponseReturnValue:
    """Switches an institution on or off."""
    institution_in_scope(connection(), actor(), institution_id, roles=CASH_DECIDERS)
    sent = submitted(CashValueSwitch)
    if sent.errors:
        raise InvalidInputError("请在列表里点“允许”或“关闭”。")
    switch_cash_value(
        connection(),
        institution_id,
        allowed=bool(sent.values["allowed"]),
        actor_id=actor().member_id,
        now=now(),
    )
    return redirect(url_for("cash_value.listing", done="switched"), 303)
