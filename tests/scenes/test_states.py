"""The world holds every state there is: a state added to an enum wants its object in the world."""

from collections.abc import Mapping
from enum import StrEnum

import pytest
from flask import Blueprint, Flask
from sqlalchemy import text

import miniprogram_api.app
from backend.actions.models import ActionStatus, HoldOutcome, Why
from backend.campaigns.models import CampaignState
from backend.corrections.models import RunState
from backend.draws.models import DrawState
from backend.ledger.chart import EntryKind
from backend.offers.models import Audience, OfferState
from backend.people.models import Role
from backend.places.models import PlaceKind, PlaceState
from backend.rewards.models import CancelledBy, RedemptionState
from tests.scenes.objects import arguments_of
from tests.scenes.test_every_page import _urls
from tests.scenes.world import World

STATES: Mapping[type[StrEnum], str] = {
    ActionStatus: "SELECT status FROM action_state UNION VALUES ('credited')",
    HoldOutcome: "SELECT DISTINCT outcome FROM hold_resolution",
    Why: "SELECT DISTINCT why FROM reassessment",
    RunState: "SELECT DISTINCT state FROM correction_run",
    CampaignState: """
        SELECT CASE WHEN state <> 'approved' THEN state WHEN starts_at > :now THEN 'scheduled'
                    WHEN ends_at > :now THEN 'running' ELSE 'closed' END FROM campaign""",
    DrawState: "SELECT DISTINCT state FROM prize_draw",
    EntryKind: "SELECT DISTINCT kind FROM entry",
    OfferState: "SELECT state FROM reward UNION SELECT state FROM cause",
    Audience: "SELECT DISTINCT audience FROM reward",
    Role: "SELECT DISTINCT role FROM role_grant",
    PlaceKind: "SELECT DISTINCT kind FROM place",
    PlaceState: "SELECT DISTINCT state FROM place",
    CancelledBy: "SELECT DISTINCT cancelled_by FROM redemption WHERE cancelled_by IS NOT NULL",
    RedemptionState: "SELECT DISTINCT state FROM redemption",
}
# A corrected methodology needs a second version of a rule; what is approved is told by the time.
UNSEEN = {Why.METHODOLOGY, CampaignState.APPROVED}


@pytest.mark.parametrize("enum", STATES, ids=lambda enum: enum.__name__)
def test_something_is_in_every_state(enum: type[StrEnum], full_world: World) -> None:
    with full_world.backend.engine.connect() as db:
        there = set(db.scalars(text(STATES[enum]), {"now": full_world.backend.clock.now()}))
    assert set(enum) - UNSEEN <= there, "bring it about in tests/scenes"


def test_a_route_whose_objects_nobody_named_is_noticed(full_world: World) -> None:
    app = miniprogram_api.app.create_app(full_world.backend)
    blueprint = Blueprint("unheard", __name__)
    blueprint.add_url_rule("/unheard/<int:of_id>", view_func=str)
    app.register_blueprint(blueprint)
    (rule,) = (rule for rule in app.url_map.iter_rules() if "of_id" in rule.arguments)
    with (
        full_world.backend.engine.connect() as db,
        pytest.raises(LookupError, match="of_id"),
    ):
        next(arguments_of(db, rule, me=None, own=True))
    with pytest.raises(LookupError, match="unheard"):
        _urls("phone", app, full_world, None)


def test_own_objects_are_looked_at_by_their_owner(full_world: World) -> None:
    app: Flask = miniprogram_api.app.create_app(full_world.backend)
    me = full_world.phone["held"].member_id
    with full_world.backend.engine.connect() as db:
        held = db.scalar(text("SELECT max(id) FROM action WHERE member_id = :me"), {"me": me})
    assert f"/me/receipts/{held}" in _urls("phone", app, full_world, me)["receipts.show"]
