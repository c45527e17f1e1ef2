"""The member's own account: who they are and where they belong."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from backend.clock import business_day
from backend.people import bindings
from backend.people.queries import MembershipView, MemberView, member_view
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.schemas import StrictSchema
from backend.web.transaction import connection, connection_apart
from miniprogram_api.schemas.me import BindingRequest, MemberSchema

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

    By roster, the institution's code, the staff number and the phone must all be the roster's.
    A member may try five times a day, right or wrong. The same binding again changes nothing.
    """
    member_id = actor().member_id
    # The refusal of a wrong code must not take the count with it.
    with connection_apart() as counting:
        bindings.count_attempt(counting, member_id=member_id, now=now())
    if values["invitation"] is not None:
        bindings.bind_by_invitation(
            connection(), member_id=member_id, code=values["invitation"], now=now()
        )
    else:
        bindings.bind_by_roster(
            connection(), member_id=member_id, **values["roster"], keys=backend().keys, now=now()
        )
    return _me()


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
