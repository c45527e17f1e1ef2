"""Correction runs: open, look at the simulation, approve, run, read the report."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import AUDIT_READERS, may
from admin.forms.corrections import CorrectionNotice, NewCorrection
from admin.forms.reading import Submission, by_field, filters, submitted
from backend.corrections import queries, service
from backend.corrections.service import APPROVALS, CorrectionDraft
from backend.errors import InvalidInputError
from backend.people.models import Role
from backend.people.queries import display_names
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("corrections", __name__)

_SHOWN = 50
_LARGEST = 20
_FIELDS = ("methodology_id", "first_day", "last_day", "reason")
DECIDERS = (Role.CITY_ADMIN,)


@pages.get("/corrections")
@console_roles(*AUDIT_READERS)
def listing() -> str:
    """The newest runs, and the form of a new one."""
    return _list(dict.fromkeys(_FIELDS, ""), {})


@pages.post("/corrections")
@console_roles(*DECIDERS)
@creates
def create() -> ResponseReturnValue:
    """Opens a run and asks for its simulation, or shows what the form lacks."""
    sent = submitted(NewCorrection)
    if not sent.errors:
        try:
            run_id = service.open_run(
                connection(),
                backend().rulebook,
                CorrectionDraft(**sent.values),
                actor_id=actor().member_id,
                now=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields))
        else:
            return redirect(url_for("corrections.detail", run_id=run_id, done="opened"), 303)
    return _list({name: request.form.get(name, "") for name in _FIELDS}, sent.errors), 422


@pages.get("/corrections/<int:run_id>")
@console_roles(*AUDIT_READERS)
def detail(run_id: int) -> str:
    """One run: its state, its figures, who approved it, and what comes next."""
    db = connection()
    run = queries.run_of(db, run_id=run_id)
    approvers = queries.approvers(db, run_id=run_id)
    return render_template(
        "corrections/detail.html",
        run=run,
        title=_titles().get(run.methodology_id, run.methodology_id),
        totals=queries.totals(db, run_id=run_id),
        largest=queries.largest(db, run_id=run_id, limit=_LARGEST),
        names=display_names(db, member_ids={run.opened_by, *approvers}),
        approvers=approvers,
        wanted=APPROVALS,
        mine=actor().member_id in approvers,
        decides=may(*DECIDERS),
        done=filters(CorrectionNotice)["done"],
    )


@pages.post("/corrections/<int:run_id>/approve")
@console_roles(*DECIDERS)
def approve(run_id: int) -> ResponseReturnValue:
    """Approves the simulated run in the caller's name."""
    service.approve(connection(), run_id=run_id, actor_id=actor().member_id, now=now())
    return _back(run_id, "approved")


@pages.post("/corrections/<int:run_id>/start")
@console_roles(*DECIDERS)
def start(run_id: int) -> ResponseReturnValue:
    """Starts posting what two people approved."""
    service.start(
        connection(), backend().rulebook, run_id=run_id, actor_id=actor().member_id, now=now()
    )
    return _back(run_id, "started")


@pages.post("/corrections/<int:run_id>/cancel")
@console_roles(*DECIDERS)
def cancel(run_id: int) -> ResponseReturnValue:
    """Gives up a run that has posted nothing."""
    service.cancel(connection(), run_id=run_id, actor_id=actor().member_id, now=now())
    return _back(run_id, "cancelled")


def _back(run_id: int, done: str) -> ResponseReturnValue:
    return redirect(url_for("corrections.detail", run_id=run_id, done=done), 303)


def _list(values: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "corrections/list.html",
        runs=queries.runs(connection(), limit=_SHOWN),
        titles=_titles(),
        values=values,
        errors=errors,
        decides=may(*DECIDERS),
    )


def _titles() -> dict[str, str]:
    """The methodologies' titles by id."""
    versions = backend().rulebook.versions
    return {kind: versions[kind][-1].title for kind in sorted(versions)}
