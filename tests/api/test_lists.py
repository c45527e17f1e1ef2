"""What can be looked up: kinds, places, holdings; and that nobody unknown may."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.people.service import open_session
from backend.web.access import Credential, rule_of
from tests.builders.scene import Scene, a_point

Body = Callable[..., dict[str, Any]]
Get = Callable[[str], Any]


@pytest.fixture
def get(client: FlaskClient, member: dict[str, str]) -> Get:
    """Reads a path as the first member."""

    def read(path: str) -> Any:
        return client.get(f"/api/v1{path}", headers=member)

    return read


@pytest.fixture
def logged(client: FlaskClient, member: dict[str, str], drop_off: Body) -> list[dict[str, Any]]:
    """The receipts of three drop-offs, oldest first."""
    receipts = []
    for number, material in enumerate(("paper", "pet", "glass")):
        body = drop_off(reference=f"reference-{number}", material=material, mass="1")
        receipts.append(client.post("/api/v1/actions", json=body, headers=member).get_json())
    return receipts


def test_nobody_is_let_in_without_a_token(app: Flask, client: FlaskClient, scene: Scene) -> None:
    assert scene.members
    asked = 0
    for route in app.url_map.iter_rules():
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"}):
            rule = rule_of(app, route.endpoint, method)
            if rule is None or rule.credential is not Credential.BEARER:
                continue
            path = app.url_map.bind("localhost").build(
                route.endpoint, dict.fromkeys(route.arguments, 1), method=method
            )
            for headers in ({}, {"Authorization": "Bearer unknown"}):
                answer = client.open(path, method=method, headers=headers, json={})
                assert answer.status_code == 401, (method, path)
                assert "Bearer" in answer.headers["WWW-Authenticate"]
                asked += 1
    assert asked >= 24


def test_a_token_of_the_console_opens_nothing_here(
    client: FlaskClient, scene: Scene, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        session = open_session(
            db, member_id=scene.members[0], face=Face.CONSOLE, now=backend.clock.now()
        )
    answer = client.get("/api/v1/kinds", headers={"Authorization": f"Bearer {session.token}"})
    assert answer.status_code == 401


def test_kinds_say_what_to_send_and_what_is_left(
    get: Get, client: FlaskClient, member: dict[str, str], drop_off: Body
) -> None:
    client.post("/api/v1/actions", json=drop_off(), headers=member)
    kinds = {item["kind"]: item for item in get("/kinds").get_json()["items"]}
    kind = kinds["recycling.drop_off"]
    inputs = {item["name"]: item for item in kind["inputs"]}
    assert (inputs["mass"]["minimum"], inputs["mass"]["maximum"]) == ("0.01", "50")
    battery = next(c for c in inputs["material"]["choices"] if c["value"] == "battery")
    assert battery["waste_class_label"] == "有害垃圾"
    assert [tier["name"] for tier in kind["tiers"]] == ["T0", "T1", "T2", "T3", "T4"]
    left = {cap["name"]: (cap["limit"], cap["left"], cap["unit"]) for cap in kind["caps"]}
    assert left["points"] == ("30", "11", "point")
    assert left["daily_reduction"] == ("10", "9.41", "kgCO2e")
    assert left["reduction"] == ("300", "299.41", "kgCO2e")


def test_every_kind_in_force_is_listed_with_what_shows_it(get: Get, backend: Backend) -> None:
    answer = get("/kinds").get_json()
    kinds = {item["kind"]: item for item in answer["items"]}
    assert set(kinds) == {each.id for each in backend.rulebook.in_force(date(2026, 11, 18))}
    assert all(item["group_label"] != item["group"] for item in kinds.values())
    plate = kinds["dining.clean_plate"]
    assert (plate["scenario_label"], plate["loggable"]) == ("行为场景", True)
    assert {e["kind"]: (e["tier"], e["available"]) for e in plate["evidence"]} == {
        "self_declaration": ("T0", True),
        "photo": ("T1", False),
        "rotating_code": ("T2", True),
        "attendant": ("T2", False),
        "weighing": ("T3", False),
        "third_party": ("T4", False),
    }
    assert [e["place_kind_label"] for e in plate["evidence"] if e["place_kind"]] == ["食堂"]
    assert {e["kind"]: e["period_label"] for e in plate["excludes"]} == {
        "dining.small_portion": "同一餐"
    }
    assert {kind for kind, item in kinds.items() if not item["loggable"]} == {
        "commute.car_to_bus",
        "commute.steps",
        "learning.quiz",
        "learning.training",
        "office.video_meeting",
        "recycling.textile_reuse",
        "volunteering.hours",
    }
    assert kinds["commute.car_to_bus"]["evidence_required"] == ["parking_record"]


def test_what_one_kind_earned_is_left_less_by_those_that_share_its_caps(
    get: Get, client: FlaskClient, member: dict[str, str], drop_off: Body
) -> None:
    body = drop_off(kind="commute.metro", facts={"distance": "10"}, evidence={})
    assert client.post("/api/v1/actions", json=body, headers=member).status_code == 201
    kinds = {item["kind"]: item for item in get("/kinds").get_json()["items"]}
    for kind in ("commute.metro", "commute.bus"):
        left = {cap["name"]: cap["left"] for cap in kinds[kind]["caps"]}
        assert left["points"] == "19"


def test_places_near_a_point_come_nearest_first(get: Get, scene: Scene) -> None:
    assert scene.members
    answer = get("/places?near=30.246000,120.210800&limit=1").get_json()
    (nearest,) = answer["items"]
    assert nearest["distance_m"] == 11
    following = get(
        f"/places?near=30.246000,120.210800&limit=1&cursor={answer['next_cursor']}"
    ).get_json()
    assert following["items"][0]["code"] != nearest["code"]
    assert following["next_cursor"] is None


def test_places_are_found_without_a_position(get: Get, scene: Scene) -> None:
    first = get("/places?limit=1").get_json()
    assert [place["name"] for place in first["items"]] == ["一号楼投放点"]
    second = get(f"/places?limit=1&cursor={first['next_cursor']}").get_json()
    assert [place["name"] for place in second["items"]] == ["二号楼投放点"]
    found = get("/places?search=二号").get_json()["items"]
    assert [place["code"] for place in found] == [scene.located.place.code]
    assert found[0]["hours"] == ["周一至周五 08:00–18:00"]


def test_wrong_queries_of_places_are_named(get: Get) -> None:
    cases = [
        ("near=30.2", "near"),
        ("near=91,120", "near"),
        ("near=1e3,120", "near"),
        ("near=30.2,120.2&datum=bd09", "datum"),
        ("near=30.2,120.2&cursor=abc", "cursor"),
        ("cursor=abc", "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("nearby=30.2,120.2", "nearby"),
    ]
    for query, field in cases:
        answer = get(f"/places?{query}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field], query


def test_one_place_is_read_by_the_code_of_its_poster(get: Get, scene: Scene) -> None:
    place = get(f"/places/{scene.attended.place.code}").get_json()
    assert (place["name"], place["distance_m"]) == ("一号楼投放点", None)
    another_kind = f"C{scene.attended.place.code[1:]}"
    for code in (another_kind, "R9999999", "r0000001", "R1", "%00", "a" * 500):
        assert get(f"/places/{code}").status_code == 404


def test_points_are_told_with_their_last_day(get: Get, logged: list[dict[str, Any]]) -> None:
    points = get("/me/points").get_json()
    earned = sum(receipt["award"]["points_mpt"] for receipt in logged)
    assert points["points_mpt"] == earned
    assert points["lots"] == [{"expires_on": "2027-11-30", "points_mpt": earned}]
    assert points["reduction_mg"] == sum(r["award"]["reduction_mg"] for r in logged)


def test_the_statement_and_the_history_come_newest_first_page_by_page(
    get: Get, logged: list[dict[str, Any]]
) -> None:
    awards = {receipt["action"]["id"]: receipt["award"] for receipt in logged}
    newest_first = sorted(awards, reverse=True)
    for path, key in (("/me/entries", "action_id"), ("/me/actions", "id")):
        first = get(f"{path}?limit=2").get_json()
        second = get(f"{path}?limit=2&cursor={first['next_cursor']}").get_json()
        items = first["items"] + second["items"]
        assert [item[key] for item in items] == newest_first
        assert second["next_cursor"] is None
        for item in items:
            assert item["points_mpt"] == awards[item[key]]["points_mpt"]
            assert item["reduction_mg"] == awards[item[key]]["reduction_mg"]


def test_holdings_are_the_callers_own(
    client: FlaskClient,
    logged: list[dict[str, Any]],
    scene: Scene,
    bearer: Callable[[int], dict[str, str]],
) -> None:
    assert logged
    colleague = bearer(scene.members[1])
    assert client.get("/api/v1/me/points", headers=colleague).get_json()["points_mpt"] == 0
    for path in ("/me/entries", "/me/actions"):
        assert client.get(f"/api/v1{path}", headers=colleague).get_json()["items"] == []


def test_a_point_that_is_new_is_on_the_list_at_once(
    get: Get, scene: Scene, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        a_point(db, scene.institution_id, backend.clock.now(), name="三号楼投放点")
    assert get("/places?search=三号").get_json()["items"][0]["name"] == "三号楼投放点"
