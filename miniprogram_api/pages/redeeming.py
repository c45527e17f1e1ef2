"""Rewards on the phone: choose one, redeem it, show its code, give it back."""

import secrets
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.clock import business_day
from backend.errors import DomainError, FieldError, InvalidInputError, NotFoundError
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.queries import balance_of
from backend.offers.models import OfferState
from backend.offers.policy import NotOnOfferError, require_on_offer
from backend.places.posters import qr_svg
from backend.proofs.queries import proofs_of_redemption
from backend.rewards import queries, service
from backend.rewards.labels import CANCELLED_BY_FOR_MEMBER, PERIODS, REDEMPTION_STATES
from backend.rewards.models import RedemptionState
from backend.rewards.queries import Offer, RedemptionView
from backend.rewards.service import Order
from backend.web import problems, transaction
from backend.web.access import actor, member_page
from backend.web.context import now
from backend.web.paging import decode_cursor, page
from backend.web.transaction import connection
from miniprogram_api.flows.rewards import code_url, person, seconds_left
from miniprogram_api.pages.frame import form_reference, page_blueprint

blueprint = page_blueprint("redeeming", __name__)

_PAGE: Final = 20
_MOST_PIECES: Final = 10
_MOST_DIGITS: Final = 2


@blueprint.get("/rewards")
@member_page
def rewards() -> str:
    """What can be had today, with the member's points."""
    cursor = request.args.get("cursor")
    found = queries.offers_to(
        connection(),
        person(),
        today=business_day(now()),
        after_id=decode_cursor(cursor, int)[0] if cursor else 0,
        limit=_PAGE + 1,
    )
    shown = page(found, _PAGE, lambda offer: (offer.reward.id,))
    held = balance_of(connection(), member_id=actor().member_id)
    return render_template(
        "rewards.html",
        offers=shown["items"],
        next_cursor=shown["next_cursor"],
        held=held,
    )


@blueprint.get("/rewards/<int:reward_id>")
@member_page
def reward(reward_id: int) -> str:
    """One reward and the form to redeem it."""
    return _reward_page(reward_id, secrets.token_urlsafe(16), None)


@blueprint.post("/rewards/<int:reward_id>")
@member_page
def redeem(reward_id: int) -> Response | tuple[str, int]:
    """Redeems it and leads to the code; a refusal is told on the page of the reward."""
    try:
        order = Order(form_reference(), reward_id, _quantity(request.form.get("quantity", "")))
        made, _ = service.redeem(connection(), person(), order, now=now())
    except NotFoundError:
        raise
    except DomainError as error:
        transaction.roll_back()
        shown = _reward_page(reward_id, secrets.token_urlsafe(16), error)
        return shown, problems.status_of(error)
    return redirect(url_for("redeeming.redemption", redemption_id=made.id), 303)


def _quantity(typed: str) -> int:
    """How many pieces were chosen.

    Raises:
        InvalidInputError: none of the numbers that the form offers.
    """
    if typed.isascii() and typed.isdigit() and len(typed) <= _MOST_DIGITS:
        number = int(typed)
        if 1 <= number <= _MOST_PIECES:
            return number
    sentence = f"请选择兑换几件，1 到 {_MOST_PIECES} 件。"
    raise InvalidInputError(sentence, fields=[FieldError("quantity", "range", sentence)])


def _reward_page(reward_id: int, reference: str, error: DomainError | None) -> str:
    offer = queries.offer_of(connection(), person(), reward_id, today=business_day(now()))
    if offer is None or offer.reward.state is OfferState.DRAFT:
        raise NotFoundError("没有找到这件奖品，请返回列表重新选择。")
    held = balance_of(connection(), member_id=actor().member_id)
    return render_template(
        "reward.html",
        offer=offer,
        limits=_limits(offer),
        closed=_closed(offer),
        reference=reference,
        quantities=range(1, min(_MOST_PIECES, _affordable(offer, held.points_mpt)) + 1),
        held=held,
        fault=None if error is None else error.message,
    )


def _closed(offer: Offer) -> str | None:
    """Why a reward cannot be had today; None where it can."""
    reward, today = offer.reward, business_day(now())
    try:
        require_on_offer(reward.state, reward.available_from, reward.available_until, today)
    except NotOnOfferError as error:
        return error.message
    return None


def _affordable(offer: Offer, points_mpt: int) -> int:
    return min(offer.left_for_member, points_mpt // offer.reward.points_mpt)


def _limits(offer: Offer) -> list[str]:
    """What limits there are, in words."""
    period = PERIODS[offer.reward.period]
    said = []
    if offer.reward.member_limit is not None:
        said.append(f"每人{period}最多 {offer.reward.member_limit} 件")
    if offer.reward.institution_limit is not None:
        said.append(f"每个单位{period}最多 {offer.reward.institution_limit} 件")
    return said


@blueprint.get("/me/redemptions")
@member_page
def redemptions() -> str:
    """The member's redemptions, newest first."""
    cursor = request.args.get("cursor")
    found = queries.redemptions_of(
        connection(),
        member_id=actor().member_id,
        before_id=decode_cursor(cursor, int)[0] if cursor else None,
        limit=_PAGE + 1,
    )
    shown = page(found, _PAGE, lambda each: (each.id,))
    return render_template(
        "redemptions.html",
        redemptions=shown["items"],
        next_cursor=shown["next_cursor"],
        states=REDEMPTION_STATES,
    )


@blueprint.get("/me/redemptions/<int:redemption_id>")
@member_page
def redemption(redemption_id: int) -> str:
    """One redemption; while it waits, the code to show and the way to give it back."""
    return _redemption_page(_own(redemption_id), None)


@blueprint.post("/me/redemptions/<int:redemption_id>")
@member_page
def cancel(redemption_id: int) -> Response | tuple[str, int]:
    """Gives it back; what was handed over meanwhile says so."""
    try:
        service.cancel_own(
            connection(), member_id=actor().member_id, redemption_id=redemption_id, now=now()
        )
    except NotFoundError:
        raise
    except DomainError as error:
        transaction.roll_back()
        return _redemption_page(_own(redemption_id), error), problems.status_of(error)
    return redirect(url_for("redeeming.redemption", redemption_id=redemption_id), 303)


@blueprint.get("/me/redemptions/<int:redemption_id>/code")
@member_page
def code(redemption_id: int) -> str:
    """The code alone, for the page that shows it: renewed every 30 seconds."""
    return render_template("_code.html", **_code(_own(redemption_id)))


def _own(redemption_id: int) -> RedemptionView:
    return queries.redemption_of(connection(), redemption_id, member_id=actor().member_id)


def _redemption_page(found: RedemptionView, error: DomainError | None) -> str:
    return render_template(
        "redemption.html",
        **_code(found),
        states=REDEMPTION_STATES,
        enders=CANCELLED_BY_FOR_MEMBER,
        proofs=proofs_of_redemption(connection(), entry_id=found.entry_id),
        kinds=ENTRY_KINDS,
        fault=None if error is None else error.message,
    )


def _code(found: RedemptionView) -> dict[str, object]:
    """The redemption and, while it waits, its QR code with the seconds it still lasts."""
    waits = found.state is RedemptionState.PENDING
    return {
        "redemption": found,
        "svg": qr_svg(code_url(found.id)) if waits else None,
        "seconds_left": seconds_left(),
    }
