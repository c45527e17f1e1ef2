"""Kinds of action in force, what shows each, and what a member may still earn by them."""

from typing import Any

from backend.clock import business_day
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from miniprogram_api.flows.kinds import kind_bodies
from miniprogram_api.schemas.kinds import KindsAnswer

blueprint = Blueprint("kinds", __name__, description="Kinds of action that can be logged.")


@blueprint.route("/kinds", methods=["GET"])
@member_only
@blueprint.response(200, KindsAnswer)
def list_kinds() -> dict[str, Any]:
    """List the kinds in force today: inputs, evidence, and caps left for the caller.

    A kind none of whose evidence can be verified yet is listed too, with `loggable` false.
    """
    rulebook, today = backend().rulebook, business_day(now())
    return {
        "on": today.isoformat(),
        "rulebook_digest": rulebook.digest,
        "items": kind_bodies(rulebook.in_force(today), member_id=actor().member_id, on=today),
    }
