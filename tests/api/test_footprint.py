"""The caller's own footprint over HTTP."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient

from tests.builders.scene import Scene

FOOTPRINT = "/api/v1/me/footprint"
ANSWERS = f"{FOOTPRINT}/answers"
Body = Callable[..., dict[str, Any]]


def test_answers_and_logged_actions_make_a_range_with_sources(
    client: FlaskClient, member: dict[str, str], drop_off: Body
) -> None:
    assumed = client.get(FOOTPRINT, headers=member).get_json()
    assert assumed["answered"] is None
    trip = drop_off(kind="commute.bicycle", facts={"distance": "10"}, evidence={})
    assert client.post("/api/v1/actions", json=trip, headers=member).status_code == 201
    sent = {"answers": {"taxi_km": "100", "car_type": "hybrid"}, "counted": True}
    found = client.put(ANSWERS, json=sent, headers=member).get_json()
    assert found["answered"]["answers"] == sent["answers"]
    assert found["answered"]["counted"] is True
    assert found == client.get(FOOTPRINT, headers=member).get_json()
    estimate = found["estimate"]
    assert estimate["schema"] == "tanpuhui.footprint.v1"
    assert [each["category"] for each in estimate["categories"]] == [
        "travel",
        "home_energy",
        "food",
        "goods",
        "office",
        "waste",
    ]
    car = next(each for each in estimate["lines"] if each["line"] == "car")
    assert car["replaced"] == "10"
    assert estimate["sources"]
    assert found["sentences"][-1].startswith("全年合计")
    assert found["comparison"] is None
    assert client.delete(ANSWERS, headers=member).status_code == 204
    assert client.get(FOOTPRINT, headers=member).get_json()["answered"] is None


def test_each_question_says_what_it_takes(client: FlaskClient, member: dict[str, str]) -> None:
    asked = client.get(f"{FOOTPRINT}/questionnaire", headers=member).get_json()["questionnaire"]
    questions = {question["name"]: question for question in asked["questions"]}
    assert (questions["car_km"]["min"], questions["car_km"]["max"]) == ("0", "3000")
    assert "假定" in questions["car_km"]["left_out"]["zhejiang"]["sentence"]


def test_a_footprint_is_nobody_elses_and_the_median_wants_five(
    client: FlaskClient, scene: Scene, bearer: Callable[[int], dict[str, str]]
) -> None:
    headers = [bearer(member_id) for member_id in scene.members[:6]]
    found = []
    for number, header in enumerate(headers[:5]):
        sent = {"answers": {"car_km": str(100 * number)}, "counted": True}
        found.append(client.put(ANSWERS, json=sent, headers=header).get_json()["comparison"])
    *before, last = found
    assert before == [None] * 4
    assert (last["people"], last["relation"]) == (5, "above")
    stranger = client.get(FOOTPRINT, headers=headers[5]).get_json()
    assert (stranger["answered"], stranger["comparison"]) == (None, None)


def test_wrong_answers_are_named(client: FlaskClient, member: dict[str, str]) -> None:
    cases: list[tuple[Any, str]] = [
        ({}, "answers"),
        ({"answers": []}, "answers"),
        ({"answers": {"car_km": 7}}, "answers.car_km"),
        ({"answers": {"car_km": "1e3"}}, "answers.car_km"),
        ({"answers": {"car_km": "-1"}}, "answers.car_km"),
        ({"answers": {"car_km": "３"}}, "answers.car_km"),
        ({"answers": {"cars": "1"}}, "answers.cars"),
        ({"answers": {}, "region": "西藏"}, "region"),
        ({"answers": {}, "counted": "yes"}, "counted"),
        ({"answers": {}, "rank": 1}, "rank"),
    ]
    for sent, field in cases:
        answer = client.put(ANSWERS, json=sent, headers=member)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field], sent
