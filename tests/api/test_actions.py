"""POST /actions and what can be asked of an action afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.ledger.amendments import lock_member
from backend.organisations.queries import Scope
from backend.places.codes import place_key, rotating_code
from backend.places.models import PlaceState
from backend.places.service import revoke_batch, update_place
from tests.builders.scene import LATITUDE, LONGITUDE, Scene

EVERYWHERE = Scope(everything=True)
AT_THE_POINT = {
    "latitude": str(LATITUDE),
    "longitude": str(LONGITUDE),
    "accuracy_m": 20,
    "datum": "gcj02",
}
Body = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Phone:
    """Logs actions as one member."""

    client: FlaskClient
    headers: dict[str, str]

    def log(self, body: dict[str, Any]) -> Any:
        return self.client.post("/api/v1/actions", json=body, headers=self.headers)

    def refused(self, body: dict[str, Any]) -> tuple[int, str]:
        answer = self.log(body)
        return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def phone(client: FlaskClient, member: dict[str, str]) -> Phone:
    return Phone(client, member)


def _rotating(backend: Backend, place_id: int, back: timedelta = timedelta(0)) -> str:
    return rotating_code(place_key(backend.keys, place_id), place_id, backend.clock.now() - back)


def test_a_drop_off_is_credited_with_a_receipt(phone: Phone, drop_off: Body) -> None:
    answer = phone.log(drop_off())
    receipt = answer.get_json()
    assert answer.status_code == 201
    assert receipt["action"]["status"] == "credited"
    assert receipt["action"]["occurred_on"] == "2026-11-18"
    assert receipt["action"]["place"] == {"code": "R0000001"}
    assert receipt["award"] == {
        "reduction_mg": 590_000,
        "points_mpt": 19_000,
        "bonus_mpt": 0,
        "ranked": True,
        "expires_on": "2027-11-30",
    }
    assert receipt["trace"]["schema"] == "tanpuhui.trace.v1"
    assert "590 g" in receipt["sentences"][-1]
    assert receipt["methodology"]["id"] == "recycling.drop_off"


def test_a_repeat_gets_the_same_bytes_and_credits_nothing(
    phone: Phone, drop_off: Body, stored: Connection, clock: FixedClock
) -> None:
    first = phone.log(drop_off())
    clock.instant += timedelta(days=3)
    again = phone.log(drop_off(occurred_at="2026-11-18T10:00:00+08:00"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.data == first.data
    assert stored.scalar(text("SELECT count(*) FROM action")) == 1


def test_a_repeat_is_answered_after_its_code_has_run_out(
    phone: Phone, drop_off: Body, scene: Scene, backend: Backend, clock: FixedClock
) -> None:
    body = drop_off(code=_rotating(backend, scene.attended.place.id))
    first = phone.log(body)
    clock.instant += timedelta(hours=1)
    assert phone.log(body).data == first.data


def test_the_same_reference_with_other_content_is_refused(
    phone: Phone, drop_off: Body, stored: Connection
) -> None:
    phone.log(drop_off())
    assert phone.refused(drop_off(mass="3")) == (422, "reference_mismatch")
    assert stored.scalar(text("SELECT count(*) FROM action")) == 1


def test_two_members_may_use_the_same_reference(
    phone: Phone,
    drop_off: Body,
    scene: Scene,
    client: FlaskClient,
    bearer: Callable[[int], dict[str, str]],
) -> None:
    phone.log(drop_off())
    other = Phone(client, bearer(scene.members[1]))
    assert other.log(drop_off()).status_code == 201


def test_codes_that_earn_nothing(
    phone: Phone, drop_off: Body, scene: Scene, backend: Backend, stored: Connection
) -> None:
    place_id = scene.attended.place.id
    expired = _rotating(backend, place_id, back=timedelta(days=1, minutes=1))
    good = _rotating(backend, place_id)
    forged = ("A" if good[-2] != "A" else "B").join((good[:-2], good[-1]))
    assert phone.refused(drop_off(code=expired)) == (422, "code_expired")
    assert phone.refused(drop_off(code=forged)) == (422, "code_forged")
    assert phone.refused(drop_off(code="R9999999?k=AAAAAAAAAA")) == (404, "code_unknown")
    assert phone.refused(drop_off(code="https://example.org/")) == (422, "code_unreadable")
    with backend.engine.begin() as db:
        revoke_batch(
            db,
            scene.attended.batch_id,
            reason="海报被拍照转发",
            scope=EVERYWHERE,
            actor_id=None,
            at=backend.clock.now(),
        )
    assert phone.refused(drop_off()) == (422, "code_revoked")
    assert stored.scalar(text("SELECT count(*) FROM action")) == 0


def test_a_rotating_code_counts_once_a_member(
    phone: Phone, drop_off: Body, scene: Scene, backend: Backend
) -> None:
    code = _rotating(backend, scene.attended.place.id)
    assert phone.log(drop_off(code=code)).status_code == 201
    again = drop_off(code=code, reference="reference-of-tests-2", material="pet")
    assert phone.refused(again) == (409, "evidence_used")


def test_a_closed_point_is_refused(
    phone: Phone, drop_off: Body, scene: Scene, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        update_place(
            db,
            scene.attended.place.id,
            {"state": PlaceState.CLOSED},
            scope=EVERYWHERE,
            actor_id=None,
            at=backend.clock.now(),
        )
    status, code = phone.refused(drop_off())
    assert (status, code) == (403, "place_not_open")


def test_outside_its_hours_a_point_takes_nothing(
    phone: Phone, drop_off: Body, scene: Scene, clock: FixedClock
) -> None:
    clock.instant += timedelta(hours=10)
    body = drop_off(code=scene.located.url, position=AT_THE_POINT)
    assert phone.refused(body) == (403, "place_not_open")


def test_a_class_the_point_does_not_take_is_refused(
    phone: Phone, drop_off: Body, scene: Scene
) -> None:
    answer = phone.log(drop_off(code=scene.located.url, material="battery", position=AT_THE_POINT))
    assert answer.get_json()["code"] == "material_not_accepted"
    assert [error["field"] for error in answer.get_json()["errors"]] == ["facts.material"]


def test_a_position_elsewhere_is_refused(phone: Phone, drop_off: Body, scene: Scene) -> None:
    elsewhere = {**AT_THE_POINT, "longitude": "120.300000"}
    body = drop_off(code=scene.located.url, position=elsewhere)
    assert phone.refused(body) == (422, "not_at_point")


def test_a_poster_without_a_position_is_credited_as_declared(
    phone: Phone, drop_off: Body, scene: Scene
) -> None:
    receipt = phone.log(drop_off(code=scene.located.url, position=None)).get_json()
    assert receipt["action"]["tier"] == "T0"
    assert receipt["award"]["reduction_mg"] == 0
    assert receipt["award"]["points_mpt"] == 5_000
    assert receipt["award"]["ranked"] is False


def test_a_poster_with_a_position_at_the_point_counts_in_full(
    phone: Phone, drop_off: Body, scene: Scene
) -> None:
    receipt = phone.log(drop_off(code=scene.located.url, position=AT_THE_POINT)).get_json()
    assert receipt["action"]["tier"] == "T1"
    assert receipt["award"]["reduction_mg"] == 590_000


def test_wrong_fields_are_named(phone: Phone, drop_off: Body) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"reference": "short"}, "reference"),
        ({"reference": None}, "reference"),
        ({"kind": "transit.bus"}, "kind"),
        ({"occurred_at": "2026-11-18T10:00:00"}, "occurred_at"),
        ({"occurred_at": "2026-11-18T02:10:00Z"}, "occurred_at"),
        ({"occurred_at": "2026-11-01T02:00:00Z"}, "occurred_at"),
        ({"facts": {"material": "paper", "mass": 2}}, "facts.mass"),
        ({"facts": {"material": "paper"}}, "facts.mass"),
        ({"facts": {"material": "paper", "mass": "1e3"}}, "facts.mass"),
        ({"facts": {"material": "paper", "mass": "50.01"}}, "facts.mass"),
        ({"facts": {"material": "paper", "mass": "1", "colour": "red"}}, "facts.colour"),
        ({"facts": {"material": "gold", "mass": "1"}}, "facts.material"),
        ({"facts": []}, "facts"),
        ({"evidence": None}, "evidence"),
        ({"evidence": {"kind": "hearsay"}}, "evidence.kind"),
        ({"evidence": {"kind": "photo"}}, "evidence"),
        ({"evidence": {"code": 7}}, "evidence.code"),
        ({"points_mpt": 9}, "points_mpt"),
        ({"member_id": 2}, "member_id"),
        ({"tier": "T4"}, "tier"),
    ]
    for changed, field in cases:
        answer = phone.log({**drop_off(), **changed})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field], changed


def test_another_request_of_the_member_that_takes_too_long_gives_a_try_again(
    phone: Phone, drop_off: Body, scene: Scene, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        lock_member(db, scene.members[0])
        answer = phone.log(drop_off())
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "still_running"
    assert int(answer.headers["Retry-After"]) >= 1
    assert phone.log(drop_off()).status_code == 201


def test_an_explanation_names_steps_factors_sources_and_digests(
    phone: Phone, drop_off: Body, backend: Backend
) -> None:
    receipt = phone.log(drop_off()).get_json()
    answer = phone.client.get(
        f"/api/v1/actions/{receipt['action']['id']}/explanation", headers=phone.headers
    ).get_json()
    assert {key: answer[key] for key in receipt} == receipt
    assert answer["rulebook_digest"] == backend.rulebook.digest
    assert all(source["title"] and source["clause"] for source in answer["sources"])
    factor = next(item for item in answer["trace"]["factors"] if item["name"] == "saving")
    assert (factor["value"], factor["unit"]) == ("0.295", "kgCO2e/kg")


def test_any_kind_is_logged_and_explained(phone: Phone, drop_off: Body, stored: Connection) -> None:
    body = drop_off(kind="commute.metro", facts={"distance": "10"}, evidence={})
    answer = phone.log(body)
    receipt = answer.get_json()
    assert answer.status_code == 201
    assert (receipt["action"]["tier"], receipt["action"]["channel"]) == ("T0", "self_declared")
    assert receipt["action"]["place"] is None
    assert receipt["award"]["points_mpt"] == 5_000
    again = phone.log(body)
    assert (again.status_code, again.data) == (200, answer.data)
    path = f"/api/v1/actions/{receipt['action']['id']}/explanation"
    explained = phone.client.get(path, headers=phone.headers).get_json()
    assert {key: explained[key] for key in receipt} == receipt
    assert any("深圳市生态环境局" in source["title"] for source in explained["sources"])
    assert not any({"confidence", "obtained"} & set(source) for source in explained["sources"])
    bus = drop_off(
        kind="commute.bus", facts={"distance": "5"}, evidence={}, reference="reference-of-tests-2"
    )
    refused = phone.log(bus)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "excluded")
    assert "地铁通勤" in refused.get_json()["detail"]
    assert stored.scalar(text("SELECT count(*) FROM action")) == 1


def test_a_drop_off_without_a_code_is_the_members_word(phone: Phone, drop_off: Body) -> None:
    receipt = phone.log(drop_off(evidence={})).get_json()
    assert (receipt["action"]["tier"], receipt["action"]["place"]) == ("T0", None)
    assert (receipt["award"]["reduction_mg"], receipt["award"]["points_mpt"]) == (0, 5_000)


def test_a_code_does_not_carry_evidence_of_another_kind(phone: Phone, drop_off: Body) -> None:
    body = drop_off()
    body["evidence"]["kind"] = "weighing"
    assert phone.refused(body) == (422, "evidence_not_accepted")


def test_another_members_action_is_not_found(
    phone: Phone,
    drop_off: Body,
    scene: Scene,
    client: FlaskClient,
    bearer: Callable[[int], dict[str, str]],
) -> None:
    action_id = phone.log(drop_off()).get_json()["action"]["id"]
    path = f"/api/v1/actions/{action_id}/explanation"
    colleague = bearer(scene.members[1])
    assert client.get(path, headers=phone.headers).status_code == 200
    assert client.get(path, headers=colleague).status_code == 404
    assert client.get("/api/v1/actions/999999/explanation", headers=colleague).status_code == 404
