"""The member's own account: who they are and where they belong."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from backend.clock import business_day
from backend.people import bindings
from backend.people.queries import MembershipView, MemberView, member_view
from backend.people.roster_binding import Statement, bind_by_roster, require_well_formed
from backend.people.roster_requests import OwnRequest, open_request, requests_of
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.schemas import StrictSchema
from backend.web.transaction import connection, connection_apart, roll_back
from miniprogram_api.schemas.me import (
    BindingRequest,
    MemberSchema,
    RosterBindingSchema,
    RosterRequestSchema,
    RosterRequestsSchema,
)

blueprint = Blueprint("me", __name__, description="The member's own account.")


@blueprint.route("/me", methods=["GET"])
@member_only
@blueprint.arguments(StrictSchema, location="query")
@blueprint.response(200, MemberSchema)
def read_me(_no_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Read the own account, with today's membership and the roles in force."""
    return _me()


@blueprint.route("/me/memberships", methods=["POST"])
@member_only
@blueprint.arguments(BindingRequest)
@blueprint.response(201, MemberSchema)
def bind(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bind to an institution, from today on, by invitation or roster entry.

    By roster, the institution's code, the staff number and the phone must all be the roster's, and
    the phone must be the member's by WeChat's word; without it, ask by `POST
    /me/roster-requests`. A member may try five times a day, right or wrong. The same binding
    again changes nothing.
    """
    member_id = actor().member_id
    if values["roster"] is not None:
        require_well_formed(values["roster"]["credit_code"], values["roster"]["phone"])
    _count_attempt()
    if values["invitation"] is not None:
        bindings.bind_by_invitation(
            connection(), member_id=member_id, code=values["invitation"], now=now()
        )
    else:
        said = _said(values["roster"])
        bind_by_roster(connection(), member_id=member_id, said=said, keys=backend().keys, now=now())
    return _me()


@blueprint.route("/me/roster-requests", methods=["GET"])
@member_only
@blueprint.arguments(StrictSchema, location="query")
@blueprint.response(200, RosterRequestsSchema)
def read_requests(_no_parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Read the own requests to be bound as a person on a roster, newest first."""
    return {"items": requests_of(connection(), member_id=actor().member_id)}


@blueprint.route("/me/roster-requests", methods=["POST"])
@member_only
@blueprint.arguments(RosterBindingSchema)
@blueprint.response(201, RosterRequestSchema)
def ask(values: Mapping[str, Any]) -> OwnRequest:
    """Ask the institution's administrator to be bound as a person on its roster.

    For those whose phone WeChat does not vouch for, and as an objection where the person is bound
    to another account. Counts as an attempt to bind; the same request again changes nothing.
    """
    member_id = actor().member_id
    require_well_formed(values["credit_code"], values["phone"])
    _count_attempt()
    said = _said(values)
    request_id = open_request(
        connection(), member_id=member_id, said=said, keys=backend().keys, now=now()
    )
    return next(
        each for each in requests_of(connection(), member_id=member_id) if each.id == request_id
    )


def _count_attempt() -> None:
    # The refusal of a wrong code must not take the count with it.
    with connection_apart() as counting:
        bindings.count_attempt(counting, member_id=actor().member_id, now=now())


def _said(roster: Mapping[str, Any]) -> Statement:
    """Who the body says to be; asks WeChat for the phone where it has only its code."""
    phone, code = roster["phone"], roster["phone_code"]
    if code is not None:
        # A slow WeChat must hold no connection; nothing is written yet that the request needs.
        roll_back()
        phone = backend().wechat.phone_number(code)
    return Statement(
        roster["credit_code"], roster["staff_number"], phone, phone_verified=code is not None
    )


def _me() -> dict[str, Any]:
    today = business_day(now())
    return member_body(member_view(connection(), member_id=actor().member_id, on=today))


def member_body(member: MemberView) -> dict[str, Any]:
    """A member's account as `MemberSchema` answers it."""
    return {
        "id": member.id,
        "display_name": member.display_name,
        "kind": member.kind,
        "phone_masked": member.phone_masked,
        "created_at": member.created_at,
        "membership": None if member.membership is None else _membership_body(member.membership),
        "roles": [asdict(grant) for grant in member.roles],
    }


def _membership_body(membership: MembershipView) -> dict[str, Any]:
    department = None
    if membership.department_id is not None:
        department = {"id": membership.department_id, "name": membership.department_name}
    return {
        "institution": {"id": membership.institution_id, "name": membership.institution_name},
        "department": department,
        "valid_from": membership.valid_from,
        "valid_until": membership.valid_until,
    }
