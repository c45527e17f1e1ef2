"""The conservation report: where everything issued has gone, as of the last night."""

from flask import Blueprint, render_template

from admin.auth import AUDIT_READERS
from backend.ledger import conservation
from backend.web.access import console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("conservation", __name__)


@pages.get("/ledger/conservation")
@console_roles(*AUDIT_READERS)
def report() -> str:
    """The last report that was kept; one is made each night."""
    found = conservation.kept(connection(), until=now())
    return render_template(
        "ledger/conservation.html",
        as_of=None if found is None else found[0],
        lines=() if found is None else found[1],
    )
