"""Redemptions: the list, the attendant's screen that hands over, the programme's cancellation."""

from collections.abc import Mapping

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, VERIFIERS, may, scope
from admin.forms.reading import filters, submitted
from admin.forms.rewards import CancellationReason, Handover, RedemptionsFilter, ScannedCode
from backend.errors import DomainError
from backend.rewards import queries, service
from backend.rewards.queries import RedemptionView
from backend.web import problems, transaction
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.transaction import connection

pages = Blueprint("redemptions", __name__)

PAGE = 50


@pages.get("/redemptions")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """Redemptions of the rewards in the caller's scope, newest first."""
    chosen = filters(RedemptionsFilter)
    found = queries.redemptions_in(
        connection(),
        scope=scope(PLACE_READERS),
        state=chosen["state"],
        reward_id=chosen["reward"],
        before_id=chosen["before"],
        limit=PAGE + 1,
    )
    shown = found[:PAGE]
    return render_template(
        "redemptions/list.html",
        redemptions=shown,
        before=shown[-1].id if len(found) > PAGE else None,
        chosen=chosen,
        writes=may(*PLACE_WRITERS),
    )


@pages.get("/redemptions/verify")
@console_roles(*VERIFIERS)
def verify() -> str | tuple[str, int]:
    """What a scanned code stands for, and the button to hand it over; changes nothing."""
    asked = filters(ScannedCode)
    if asked["code"] is None:
        done = None
        if asked["done"] is not None:
            done = queries.redemption_of(connection(), asked["done"], scope=scope(VERIFIERS))
        return _screen(done=done)
    try:
        found = service.scanned(
            connection(), backend().keys, asked["code"], scope=scope(VERIFIERS), now=now()
        )
    except DomainError as error:
        return _screen(fault=error), problems.status_of(error)
    return _screen(found=found, code=asked["code"])


@pages.post("/redemptions/verify")
@console_roles(*VERIFIERS)
def hand_over() -> ResponseReturnValue:
    """Hands over what the code stands for, once."""
    sent = submitted(Handover)
    if sent.errors:
        return _screen(sentence=sent.sentence), 422
    try:
        done = service.fulfil(
            connection(),
            backend().keys,
            sent.values["code"],
            scope=scope(VERIFIERS),
            actor_id=actor().member_id,
            now=now(),
        )
    except DomainError as error:
        transaction.roll_back()
        return _screen(fault=error), problems.status_of(error)
    return redirect(url_for("redemptions.verify", done=done.id), 303)


def _screen(
    *,
    found: RedemptionView | None = None,
    code: str = "",
    done: RedemptionView | None = None,
    fault: DomainError | None = None,
    sentence: str = "",
) -> str:
    return render_template(
        "redemptions/verify.html",
        found=found,
        code=code,
        done=done,
        fault=sentence if fault is None else fault.message,
    )


@pages.get("/redemptions/<int:redemption_id>/cancel")
@console_roles(*PLACE_WRITERS)
def confirm_cancellation(redemption_id: int) -> str:
    """Says what giving back does, and asks why."""
    return _confirmation(redemption_id, "", {})


@pages.post("/redemptions/<int:redemption_id>/cancel")
@console_roles(*PLACE_WRITERS)
def cancel(redemption_id: int) -> ResponseReturnValue:
    """Gives points and pieces back to the member."""
    queries.redemption_of(connection(), redemption_id, scope=scope(PLACE_WRITERS))
    sent = submitted(CancellationReason)
    if sent.errors:
        return _confirmation(redemption_id, "", sent.errors), 422
    try:
        service.cancel_for(
            connection(),
            scope=scope(PLACE_WRITERS),
            redemption_id=redemption_id,
            actor_id=actor().member_id,
            reason=sent.values["reason"],
            now=now(),
        )
    except DomainError as error:
        transaction.roll_back()
        page = _confirmation(redemption_id, sent.values["reason"], {"reason": error.message})
        return page, problems.status_of(error)
    return redirect(url_for("redemptions.listing", done="cancelled"), 303)


def _confirmation(redemption_id: int, reason: str, errors: Mapping[str, str]) -> str:
    return render_template(
        "redemptions/cancel.html",
        redemption=queries.redemption_of(connection(), redemption_id, scope=scope(PLACE_WRITERS)),
        reason=reason,
        errors=errors,
    )
