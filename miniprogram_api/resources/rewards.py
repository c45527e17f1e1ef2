"""What points and reductions can be turned into: rewards, donations, draws."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from backend.clock import business_day
from backend.donations.queries import DonationView, donations_of, open_causes
from backend.donations.service import GiftOrder
from backend.draws import service as draws
from backend.draws.queries import DrawView, draws_for, eligibility_of, tickets_of, winners_of
from backend.rewards import queries, service
from backend.rewards.models import RedemptionState
from backend.rewards.queries import Offer, RedemptionView
from backend.rewards.service import Order
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import now
from backend.web.paging import decode_cursor, page
from backend.web.schemas import PageQuery, page_schema
from backend.web.transaction import connection
from miniprogram_api.flows.rewards import certificate_url, code_url, give, person, seconds_left
from miniprogram_api.schemas.rewards import (
    CausesAnswer,
    DonationRequest,
    DonationSchema,
    DrawsAnswer,
    RedemptionRequest,
    RedemptionSchema,
    RewardSchema,
    TicketSchema,
)

blueprint = Blueprint("rewards", __name__, description="Rewards, donations and prize draws.")


@blueprint.route("/rewards", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(RewardSchema))
def list_rewards(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the rewards open to the caller today."""
    found = queries.offers_to(
        connection(),
        person(),
        today=business_day(now()),
        after_id=_cursor(query) or 0,
        limit=query["limit"] + 1,
    )
    shown = page(found, query["limit"], lambda offer: (offer.reward.id,))
    return {**shown, "items": [_offer_body(offer) for offer in shown["items"]]}


@blueprint.route("/redemptions", methods=["POST"])
@member_only
@blueprint.arguments(RedemptionRequest)
@blueprint.response(201, RedemptionSchema, description="Points and pieces are set aside")
@blueprint.alt_response(200, schema=RedemptionSchema, description="Done before", success=True)
def redeem(values: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Redeem points for pieces of a reward; the oldest points go first.

    The same reference with the same content gives the redemption as it stands, with status 200.
    """
    made, first = service.redeem(connection(), person(), Order(**values), now=now())
    return redemption_body(made), 201 if first else 200


@blueprint.route("/redemptions", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(RedemptionSchema))
def list_redemptions(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the caller's redemptions, newest first."""
    found = queries.redemptions_of(
        connection(),
        member_id=actor().member_id,
        before_id=_cursor(query),
        limit=query["limit"] + 1,
    )
    shown = page(found, query["limit"], lambda each: (each.id,))
    return {**shown, "items": [redemption_body(each) for each in shown["items"]]}


@blueprint.route("/redemptions/<int:redemption_id>", methods=["GET"])
@member_only
@blueprint.response(200, RedemptionSchema)
def read_redemption(redemption_id: int) -> dict[str, Any]:
    """Read one of the caller's redemptions, with the code to show while it is pending."""
    found = queries.redemption_of(connection(), redemption_id, member_id=actor().member_id)
    return redemption_body(found)


@blueprint.route("/redemptions/<int:redemption_id>", methods=["DELETE"])
@member_only
@blueprint.response(200, RedemptionSchema)
def cancel_redemption(redemption_id: int) -> dict[str, Any]:
    """Give a pending redemption back: points return to the lots they came from."""
    done = service.cancel_own(
        connection(), member_id=actor().member_id, redemption_id=redemption_id, now=now()
    )
    return redemption_body(done)


@blueprint.route("/causes", methods=["GET"])
@member_only
@blueprint.response(200, CausesAnswer)
def list_causes() -> dict[str, Any]:
    """List what can be given to."""
    return {
        "causes": [
            {
                "id": cause.id,
                "name": cause.name,
                "description": cause.description,
                "institution": cause.institution_name,
                "takes_points": cause.takes_points,
                "takes_reductions": cause.takes_reductions,
            }
            for cause in open_causes(connection())
        ]
    }


@blueprint.route("/donations", methods=["POST"])
@member_only
@blueprint.arguments(DonationRequest)
@blueprint.response(201, DonationSchema, description="Given")
@blueprint.alt_response(200, schema=DonationSchema, description="Given before", success=True)
def donate(values: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """Give points or reductions to a cause.

    The same reference with the same content gives the same donation, with status 200.
    """
    made, first = give(GiftOrder(**values))
    return _donation_body(made), 201 if first else 200


@blueprint.route("/donations", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(DonationSchema))
def list_donations(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the caller's donations, newest first."""
    found = donations_of(
        connection(),
        member_id=actor().member_id,
        before_id=_cursor(query),
        limit=query["limit"] + 1,
    )
    shown = page(found, query["limit"], lambda each: (each.id,))
    return {**shown, "items": [_donation_body(each) for each in shown["items"]]}


@blueprint.route("/draws", methods=["GET"])
@member_only
@blueprint.response(200, DrawsAnswer)
def list_draws() -> dict[str, Any]:
    """List the latest draws that are for the caller."""
    found = draws_for(connection(), person())
    return {"draws": [_draw_body(draw) for draw in found]}


@blueprint.route("/draws/<int:draw_id>/entry", methods=["POST"])
@member_only
@blueprint.response(200, TicketSchema)
def enter_draw(draw_id: int) -> dict[str, str]:
    """Enter a draw; entering again gives the same ticket."""
    return {"ticket": draws.enter(connection(), person(), draw_id, now=now())}


def redemption_body(found: RedemptionView) -> dict[str, Any]:
    """A redemption as `RedemptionSchema` documents it."""
    return {
        "id": found.id,
        "reference": found.reference,
        "state": found.state,
        "reward_id": found.reward_id,
        "reward": found.reward_name,
        "pickup": found.pickup,
        "quantity": found.quantity,
        "points_mpt": found.points_mpt,
        "requested_at": found.requested_at.isoformat(),
        "due_at": found.due_at.isoformat(),
        "settled_at": None if found.settled_at is None else found.settled_at.isoformat(),
        "cancelled_by": found.cancelled_by,
        "reason": found.reason,
        "entry_id": found.entry_id,
        "code": _code_body(found) if found.state is RedemptionState.PENDING else None,
    }


def _code_body(found: RedemptionView) -> dict[str, str]:
    following = now().replace(microsecond=0) + timedelta(seconds=seconds_left())
    return {"text": code_url(found.id), "next_at": following.isoformat()}


def _offer_body(offer: Offer) -> dict[str, Any]:
    reward = offer.reward
    until = reward.available_until
    return {
        "id": reward.id,
        "name": reward.name,
        "description": reward.description,
        "pickup": reward.pickup,
        "institution": reward.institution_name,
        "points_mpt": reward.points_mpt,
        "cash_value": reward.cash_value,
        "stock_left": reward.stock_left,
        "left_for_member": offer.left_for_member,
        "member_limit": reward.member_limit,
        "institution_limit": reward.institution_limit,
        "period": reward.period,
        "hold_days": reward.hold_days,
        "available_until": None if until is None else until.isoformat(),
    }


def _donation_body(made: DonationView) -> dict[str, Any]:
    return {
        "id": made.id,
        "reference": made.reference,
        "cause_id": made.cause_id,
        "cause": made.cause_name,
        "unit": made.unit,
        "amount": made.amount,
        "donated_at": made.donated_at.isoformat(),
        "entry_id": made.entry_id,
        "certificate": made.certificate,
        "certificate_url": certificate_url(made.certificate),
    }


def _draw_body(draw: DrawView) -> dict[str, Any]:
    eligibility = eligibility_of(connection(), draw, member_id=actor().member_id)
    return {
        "id": draw.id,
        "name": draw.name,
        "description": draw.description,
        "prize": draw.prize,
        "institution": draw.institution_name,
        "places": draw.winners,
        "unit": draw.unit,
        "threshold": draw.threshold,
        "earned": eligibility.earned,
        "counts_from": draw.counts_from.isoformat(),
        "counts_until": draw.counts_until.isoformat(),
        "closes_at": draw.closes_at.isoformat(),
        "draws_at": draw.draws_at.isoformat(),
        "state": draw.state,
        "entries": draw.entries,
        "commitment": draw.commitment.hex(),
        "ticket": eligibility.ticket,
        "won": _has_won(draw, eligibility.ticket),
    }


def _has_won(draw: DrawView, ticket: str | None) -> bool:
    """Whether a ticket won; the order of all tickets is worked out for who holds one only."""
    if ticket is None or draw.seed is None:
        return False
    return ticket in winners_of(draw, tickets_of(connection(), draw.id))


def _cursor(query: Mapping[str, Any]) -> int | None:
    return decode_cursor(query["cursor"], int)[0] if query["cursor"] else None
