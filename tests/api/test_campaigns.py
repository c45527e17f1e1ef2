"""Campaigns over HTTP: what a member sees, joining, and the bonus on the receipt."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.campaigns.service import end
from backend.clock import FixedClock
from tests.builders.campaigns import CITY, a_campaign, a_draft
from tests.builders.people import a_member
from tests.builders.scene import Scene

Header = dict[str, str]


@pytest.fixture
def campaign(backend: Backend, scene: Scene) -> int:
    """A running campaign for the scene's institution."""
    with backend.engine.begin() as db:
        return a_campaign(db, scene.institution_id, backend.clock.now(), citywide=False)


def test_a_member_joins_and_the_receipt_tells_the_bonus(
    client: FlaskClient, member: Header, campaign: int, clock: FixedClock
) -> None:
    (shown,) = client.get("/api/v1/campaigns", headers=member).get_json()["items"]
    assert (shown["id"], shown["state"], shown["enrolled_at"]) == (campaign, "running", None)
    assert [kind["id"] for kind in shown["kinds"]] == ["dining.clean_plate"]
    path = f"/api/v1/campaigns/{campaign}"
    joined = client.post(f"{path}/enrolment", headers=member)
    assert (joined.status_code, joined.get_json()["enrolled"]) == (201, 1)
    again = client.post(f"{path}/enrolment", headers=member)
    assert (again.status_code, again.get_json()) == (200, joined.get_json())
    clock.instant += timedelta(hours=1)
    body = {
        "reference": "campaign-0001",
        "kind": "dining.clean_plate",
        "occurred_at": clock.now().isoformat(),
        "facts": {},
        "evidence": {},
    }
    answer = client.post("/api/v1/actions", json=body, headers=member)
    award = answer.get_json()["award"]
    assert award["bonus_mpt"] * 2 == award["points_mpt"] > 0
    assert client.post("/api/v1/actions", json=body, headers=member).data == answer.data
    held = client.get("/api/v1/me/points", headers=member).get_json()
    assert held["points_mpt"] == award["points_mpt"] + award["bonus_mpt"]
    left = client.get(path, headers=member).get_json()["budget_left_mpt"]
    assert left == shown["budget_mpt"] - award["bonus_mpt"]


def test_what_is_not_for_a_member_or_not_approved_does_not_exist(
    client: FlaskClient,
    bearer: Callable[[int], Header],
    member: Header,
    campaign: int,
    scene: Scene,
    backend: Backend,
) -> None:
    with backend.engine.begin() as db:
        draft = a_draft(db, scene.institution_id, backend.clock.now())
        citizen = a_member(db, name="市民乙")
    stranger = bearer(citizen)
    assert client.get("/api/v1/campaigns", headers=stranger).get_json()["items"] == []
    for who, what in ((stranger, campaign), (member, draft), (member, 987_654)):
        assert client.get(f"/api/v1/campaigns/{what}", headers=who).status_code == 404
        enrolment = client.post(f"/api/v1/campaigns/{what}/enrolment", headers=who)
        assert enrolment.status_code == 404


def test_what_is_over_takes_nobody_in(
    client: FlaskClient, member: Header, campaign: int, scene: Scene, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        now, officer = backend.clock.now(), scene.members[9]
        end(db, campaign, scope=CITY, actor_id=officer, reason="场地停用", now=now)
    refused = client.post(f"/api/v1/campaigns/{campaign}/enrolment", headers=member)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "campaign_closed")
    shown = client.get(f"/api/v1/campaigns/{campaign}", headers=member).get_json()
    assert (shown["state"], shown["ended_because"]) == ("cut_short", "场地停用")
