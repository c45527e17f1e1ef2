"""Rewards, redemptions, donations and draws over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.draws import service as draws
from backend.draws.queries import draw_of
from backend.organisations.queries import Scope
from backend.rewards import service
from miniprogram_api.resources import rewards
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_draw, a_reward
from tests.builders.scene import Scene

Header = dict[str, str]


@pytest.fixture
def reward(backend: Backend, scene: Scene) -> int:
    """A reward of ten pieces for 10 points each; the first member has 25 points and 5 g."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        earn(db, scene.members[0], points_mpt=25_000, reduction_mg=5_000)
        return a_reward(db, scene.institution_id, now, stock=10, member_limit=2)


def test_a_reward_is_redeemed_collected_and_seen(
    client: FlaskClient, member: Header, scene: Scene, backend: Backend, reward: int
) -> None:
    (offer,) = client.get("/api/v1/rewards", headers=member).get_json()["items"]
    assert (offer["id"], offer["left_for_member"], offer["stock_left"]) == (reward, 2, 10)
    body = {"reference": "redeem-0001", "reward_id": reward, "quantity": 2}
    made = client.post("/api/v1/redemptions", json=body, headers=member)
    assert made.status_code == 201
    again = client.post("/api/v1/redemptions", json=body, headers=member)
    assert (again.status_code, again.get_json()) == (200, made.get_json())
    held = client.get("/api/v1/me/points", headers=member).get_json()
    assert held["points_mpt"] == 5_000
    found = client.get(f"/api/v1/redemptions/{made.get_json()['id']}", headers=member).get_json()
    assert found["state"] == "pending"
    with backend.engine.begin() as db:
        service.fulfil(
            db,
            backend.keys,
            found["code"]["text"],
            scope=Scope(everything=True),
            actor_id=scene.members[1],
            now=backend.clock.now(),
        )
    (listed,) = client.get("/api/v1/redemptions", headers=member).get_json()["items"]
    assert (listed["state"], listed["code"]) == ("fulfilled", None)
    gone = client.delete(f"/api/v1/redemptions/{listed['id']}", headers=member)
    assert (gone.status_code, gone.get_json()["code"]) == (409, "already_settled")
    statement = client.get("/api/v1/me/entries", headers=member).get_json()["items"]
    assert [(line["kind"], line["points_mpt"], line["balance_mpt"]) for line in statement] == [
        ("fulfilment", 0, 5_000),
        ("redemption", -20_000, 5_000),
        ("award", 25_000, 25_000),
    ]
    assert statement[1]["id"] == listed["entry_id"]
    receipt = client.get(f"/api/v1/receipts/{listed['entry_id']}", headers=member)
    assert receipt.get_json()["code"] == "receipt_pending"


def test_a_redemption_is_given_back(
    client: FlaskClient, member: Header, bearer: Callable[[int], Header], scene: Scene, reward: int
) -> None:
    body = {"reference": "redeem-0001", "reward_id": reward}
    made = client.post("/api/v1/redemptions", json=body, headers=member).get_json()
    path = f"/api/v1/redemptions/{made['id']}"
    stranger = bearer(scene.members[1])
    assert client.get(path, headers=stranger).status_code == 404
    assert client.delete(path, headers=stranger).status_code == 404
    back = client.delete(path, headers=member)
    assert (back.status_code, back.get_json()["cancelled_by"]) == (200, "member")
    assert client.delete(path, headers=member).get_json() == back.get_json()
    assert client.get("/api/v1/me/points", headers=member).get_json()["points_mpt"] == 25_000


@pytest.mark.parametrize(
    "changed, status, code",
    [
        ({"quantity": 3}, 409, "limit_reached"),
        ({"quantity": 0}, 422, "invalid_input"),
        ({"quantity": 11}, 422, "invalid_input"),
        ({"reward_id": 10**6}, 404, "not_found"),
        ({"reference": "短"}, 422, "invalid_input"),
        ({"wish": "more"}, 422, "invalid_input"),
    ],
)
def test_what_cannot_be_redeemed_says_why(
    client: FlaskClient,
    member: Header,
    reward: int,
    changed: dict[str, Any],
    status: int,
    code: str,
) -> None:
    body = {"reference": "redeem-0001", "reward_id": reward, **changed}
    answer = client.post("/api/v1/redemptions", json=body, headers=member)
    assert answer.status_code == status
    assert answer.get_json()["code"] == code
    assert client.get("/api/v1/me/points", headers=member).get_json()["points_mpt"] == 25_000


def test_points_and_reductions_are_given(
    client: FlaskClient, member: Header, scene: Scene, backend: Backend, reward: int
) -> None:
    assert reward
    with backend.engine.begin() as db:
        cause = a_cause(db, scene.institution_id, backend.clock.now())
    (listed,) = client.get("/api/v1/causes", headers=member).get_json()["causes"]
    assert listed["id"] == cause
    body = {"reference": "giving-0001", "cause_id": cause, "unit": "mg", "amount": 5_000}
    made = client.post("/api/v1/donations", json=body, headers=member)
    assert made.status_code == 201
    assert client.post("/api/v1/donations", json=body, headers=member).status_code == 200
    assert made.get_json()["certificate_url"].endswith(
        f"/certificates/{made.get_json()['certificate']}"
    )
    more = {**body, "reference": "giving-0002"}
    assert client.post("/api/v1/donations", json=more, headers=member).status_code == 409
    wrong = {**more, "unit": "kg"}
    assert client.post("/api/v1/donations", json=wrong, headers=member).status_code == 422
    (kept,) = client.get("/api/v1/donations", headers=member).get_json()["items"]
    assert kept == made.get_json()
    newest = client.get("/api/v1/me/entries", headers=member).get_json()["items"][0]
    assert (newest["kind"], newest["id"]) == ("donation", kept["entry_id"])


def test_a_draw_is_entered_and_won(
    client: FlaskClient, member: Header, scene: Scene, backend: Backend, reward: int
) -> None:
    assert reward
    now = backend.clock.now()
    with backend.engine.begin() as db:
        draw = a_draw(db, backend.keys, scene.institution_id, now)
    (open_,) = client.get("/api/v1/draws", headers=member).get_json()["draws"]
    assert (open_["earned"], open_["ticket"], open_["won"]) == (25_000, None, False)
    ticket = client.post(f"/api/v1/draws/{draw}/entry", headers=member).get_json()["ticket"]
    with backend.engine.begin() as db:
        for _ in range(2):
            draws.advance(db, backend.keys, now=draw_of(db, draw).draws_at)
    (drawn,) = client.get("/api/v1/draws", headers=member).get_json()["draws"]
    assert (drawn["state"], drawn["ticket"], drawn["won"]) == ("drawn", ticket, True)


def test_who_did_not_enter_a_draw_does_not_have_it_worked_out(
    client: FlaskClient,
    member: Header,
    bearer: Callable[[int], Header],
    scene: Scene,
    backend: Backend,
    reward: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert reward
    with backend.engine.begin() as db:
        draw = a_draw(db, backend.keys, scene.institution_id, backend.clock.now(), threshold=0)
    client.post(f"/api/v1/draws/{draw}/entry", headers=member)
    with backend.engine.begin() as db:
        for _ in range(2):
            draws.advance(db, backend.keys, now=draw_of(db, draw).draws_at)

    def refused(*_arguments: object) -> list[str]:
        raise AssertionError("the order of all tickets was worked out")

    monkeypatch.setattr(rewards, "winners_of", refused)
    stranger = bearer(scene.members[1])
    (drawn,) = client.get("/api/v1/draws", headers=stranger).get_json()["draws"]
    assert (drawn["state"], drawn["ticket"], drawn["won"]) == ("drawn", None, False)
