"""POST /scans: what a code is, and why one is refused."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.organisations.queries import Scope
from backend.places.codes import place_key, rotating_code
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord
from backend.places.service import create_place, print_posters, revoke_batch
from tests.builders.scene import LATITUDE, LONGITUDE, Scene

EVERYWHERE = Scope(everything=True)
AT_THE_POINT: dict[str, Any] = {
    "latitude": str(LATITUDE),
    "longitude": str(LONGITUDE),
    "accuracy_m": 20,
    "datum": "gcj02",
}
FAR_AWAY: dict[str, Any] = {**AT_THE_POINT, "latitude": "30.300000"}


@dataclass(frozen=True)
class Scanner:
    """Scans codes as one member."""

    client: FlaskClient
    headers: dict[str, str]

    def scan(self, code: str, **more: Any) -> Any:
        return self.client.post("/api/v1/scans", json={"code": code, **more}, headers=self.headers)


@pytest.fixture
def scanner(client: FlaskClient, member: dict[str, str]) -> Scanner:
    return Scanner(client, member)


def _rotating(backend: Backend, place_id: int, back: timedelta = timedelta(0)) -> str:
    return rotating_code(place_key(backend.keys, place_id), place_id, backend.clock.now() - back)


def test_says_what_the_point_takes_and_what_each_material_earns(
    scanner: Scanner, scene: Scene
) -> None:
    answer = scanner.scan(scene.attended.url, position=AT_THE_POINT).get_json()
    assert answer["place"]["name"] == "一号楼投放点"
    assert answer["place"]["open_now"] is True
    assert answer["place"]["hours"] == ["每天 00:00–次日00:00"]
    assert {item["label"] for item in answer["place"]["accepted"]} == {
        "可回收物",
        "有害垃圾",
        "易腐垃圾",
        "其他垃圾",
    }
    paper = next(offer for offer in answer["offers"] if offer["material"] == "paper")
    assert (paper["reduction_mg"], paper["points_mpt"]) == (295_000, 15_000)
    assert paper["waste_class_label"] == "可回收物"
    assert any("0.295" in sentence for sentence in paper["sentences"])


def test_offers_only_what_the_point_accepts(scanner: Scanner, scene: Scene) -> None:
    answer = scanner.scan(scene.located.url, position=AT_THE_POINT).get_json()
    assert {offer["waste_class"] for offer in answer["offers"]} == {"recyclable"}


def test_writes_nothing(scanner: Scanner, scene: Scene, stored: Connection) -> None:
    scanner.scan(scene.attended.url)
    assert stored.scalar(text("SELECT count(*) FROM action")) == 0
    assert stored.scalar(text("SELECT count(*) FROM outbox")) == 0


def test_caps_left_shrink_with_what_was_logged(
    scanner: Scanner, scene: Scene, drop_off: Callable[..., dict[str, Any]]
) -> None:
    def points_left() -> str:
        caps = scanner.scan(scene.attended.url).get_json()["caps"]
        return str(next(cap["left"] for cap in caps if cap["name"] == "points"))

    assert points_left() == "30"
    scanner.client.post("/api/v1/actions", json=drop_off(mass="2"), headers=scanner.headers)
    assert points_left() == "11"


def test_without_a_position_a_poster_is_only_a_declaration(scanner: Scanner, scene: Scene) -> None:
    answer = scanner.scan(scene.located.url).get_json()
    assert answer["tier"]["name"] == "T0"
    assert answer["tier"]["ranked"] is False
    assert "动态码" in answer["tier"]["advice"]
    assert all(offer["reduction_mg"] == 0 for offer in answer["offers"])


def test_a_position_at_the_point_raises_the_tier(scanner: Scanner, scene: Scene) -> None:
    answer = scanner.scan(scene.located.url, position=AT_THE_POINT).get_json()
    assert answer["tier"]["name"] == "T1"


def test_a_rotating_code_needs_no_position(
    scanner: Scanner, scene: Scene, backend: Backend
) -> None:
    answer = scanner.scan(_rotating(backend, scene.located.place.id)).get_json()
    assert (answer["code_kind"], answer["tier"]["name"]) == ("rotating", "T2")


def test_a_position_elsewhere_is_refused(scanner: Scanner, scene: Scene) -> None:
    answer = scanner.scan(scene.located.url, position=FAR_AWAY)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "not_at_point"
    assert "到点位旁" in answer.get_json()["detail"]


def test_yesterdays_rotating_code_is_refused(
    scanner: Scanner, scene: Scene, backend: Backend
) -> None:
    answer = scanner.scan(_rotating(backend, scene.located.place.id, back=timedelta(days=1)))
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "code_expired"
    assert "最新的二维码" in answer.get_json()["detail"]


def test_a_rotating_code_with_one_character_changed_is_refused(
    scanner: Scanner, scene: Scene, backend: Backend
) -> None:
    code = _rotating(backend, scene.located.place.id)
    for position in range(len(code)):
        other = "A" if code[position] != "A" else "B"
        answer = scanner.scan(code[:position] + other + code[position + 1 :])
        assert answer.get_json()["code"] == "code_forged"


def test_a_poster_with_one_character_of_its_key_changed_is_refused(
    scanner: Scanner, scene: Scene
) -> None:
    url = scene.attended.url
    answer = scanner.scan(url[:-1] + ("A" if url[-1] != "A" else "B"))
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "code_forged"
    assert "重新扫描" in answer.get_json()["detail"]


def test_a_revoked_poster_is_refused(scanner: Scanner, scene: Scene, backend: Backend) -> None:
    with backend.engine.begin() as db:
        revoke_batch(
            db,
            scene.attended.batch_id,
            reason="海报被拍照转发",
            scope=EVERYWHERE,
            actor_id=None,
            at=backend.clock.now(),
        )
    answer = scanner.scan(scene.attended.url)
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "code_revoked"
    assert "新张贴的海报" in answer.get_json()["detail"]


def test_outside_its_hours_a_point_is_told_to_be_closed(
    scanner: Scanner, scene: Scene, clock: FixedClock
) -> None:
    clock.instant += timedelta(hours=10)
    assert scanner.scan(scene.located.url).get_json()["place"]["open_now"] is False


def a_canteen(backend: Backend, scene: Scene) -> PlaceRecord:
    with backend.engine.begin() as db:
        return create_place(
            db,
            PlaceDraft(
                kind=PlaceKind.CANTEEN,
                name="一号食堂",
                institution_id=scene.institution_id,
                address="解放东路 18 号",
                accepted=(),
                hours=(),
                latitude=LATITUDE,
                longitude=LONGITUDE,
            ),
            actor_id=None,
            at=backend.clock.now(),
        )


def test_a_code_of_a_canteen_leads_to_what_can_be_logged_there(
    scanner: Scanner, scene: Scene, backend: Backend, clock: FixedClock
) -> None:
    clock.instant += timedelta(hours=2)
    canteen = a_canteen(backend, scene)
    with backend.engine.begin() as db:
        (batch,) = print_posters(
            db, [canteen.id], scope=EVERYWHERE, actor_id=None, at=backend.clock.now()
        )
    # A poster proves no presence, and nothing here takes it; the screen's code does.
    poster = scanner.scan(f"{canteen.code}?k={batch.key}").get_json()
    assert (poster["kind"], poster["kinds"], poster["offers"]) == (None, [], [])
    screen = rotating_code(place_key(backend.keys, canteen.id), canteen.id, backend.clock.now())
    answer = scanner.scan(screen).get_json()
    kinds = {item["kind"]: item for item in answer["kinds"]}
    assert set(kinds) == {
        "dining.clean_plate",
        "dining.finished_bottle",
        "dining.own_chopsticks",
        "dining.own_cup",
        "dining.small_portion",
    }
    plate = kinds["dining.clean_plate"]
    assert (plate["tier"]["name"], plate["facts"]) == ("T2", {})
    assert (plate["reduction_mg"], plate["points_mpt"]) == (87_420, 4_000)
    assert plate["caps"]
    assert answer["ticket"]
    assert poster["ticket"] is None


def test_between_meals_a_canteen_offers_no_meal(
    scanner: Scanner, scene: Scene, backend: Backend, clock: FixedClock
) -> None:
    canteen = a_canteen(backend, scene)
    found = []
    for hours in (2, 3):  # noon, and 15:00
        clock.instant += timedelta(hours=hours)
        screen = rotating_code(place_key(backend.keys, canteen.id), canteen.id, clock.now())
        found.append({item["kind"] for item in scanner.scan(screen).get_json()["kinds"]})
    assert found[0] - found[1] == {"dining.clean_plate", "dining.small_portion"}
    assert found[1]


def test_wrong_fields_are_named(scanner: Scanner) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "code"),
        ({"code": ""}, "code"),
        ({"code": 7}, "code"),
        ({"code": "x", "kode": "x"}, "kode"),
        ({"code": "x", "position": {"latitude": 30.2}}, "position.latitude"),
        ({"code": "x", "position": {**AT_THE_POINT, "latitude": "91"}}, "position.latitude"),
        ({"code": "x", "position": {**AT_THE_POINT, "datum": "bd09"}}, "position.datum"),
        ({"code": "x", "position": {**AT_THE_POINT, "accuracy_m": "9"}}, "position.accuracy_m"),
    ]
    for body, field in cases:
        answer = scanner.client.post("/api/v1/scans", json=body, headers=scanner.headers)
        assert answer.status_code == 422
        assert field in {error["field"] for error in answer.get_json()["errors"]}, body


def test_the_position_is_in_no_log(
    scanner: Scanner, scene: Scene, capfd: pytest.CaptureFixture[str]
) -> None:
    scanner.scan(scene.located.url, position=FAR_AWAY)
    told = capfd.readouterr()
    assert "scans" in told.out + told.err
    assert FAR_AWAY["latitude"] not in told.out + told.err


def test_too_many_scans_in_a_minute_are_refused(scanner: Scanner, scene: Scene) -> None:
    # Many more than a minute allows: a busy machine is slow to ask, and time gives room back.
    answers = (scanner.scan(scene.attended.url) for _ in range(600))
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1


def test_a_ticket_outlives_the_code_it_was_given_for(
    scanner: Scanner,
    scene: Scene,
    backend: Backend,
    clock: FixedClock,
    drop_off: Callable[..., dict[str, Any]],
) -> None:
    code = _rotating(backend, scene.located.place.id)
    body = drop_off()
    answer = scanner.scan(code).get_json()
    assert answer["ticket_expires_at"] == "2026-11-18T02:10:00+00:00"
    clock.instant += timedelta(minutes=8)
    dead = scanner.scan(code)
    assert (dead.status_code, dead.get_json()["code"]) == (422, "code_expired")
    body["evidence"] = {"code": answer["ticket"]}
    logged = scanner.client.post("/api/v1/actions", json=body, headers=scanner.headers)
    assert logged.status_code == 201
    again = scanner.client.post("/api/v1/actions", json=body, headers=scanner.headers)
    assert (again.status_code, again.data) == (200, logged.data)
    once_more = {**body, "reference": f"{body['reference']}-2"}
    used = scanner.client.post("/api/v1/actions", json=once_more, headers=scanner.headers)
    assert (used.status_code, used.get_json()["code"]) == (409, "evidence_used")


def test_a_poster_needs_no_ticket(scanner: Scanner, scene: Scene) -> None:
    answer = scanner.scan(scene.attended.url).get_json()
    assert (answer["ticket"], answer["ticket_expires_at"]) == (None, None)


def test_an_altered_ticket_names_the_field(
    scanner: Scanner, scene: Scene, backend: Backend, drop_off: Callable[..., dict[str, Any]]
) -> None:
    ticket = scanner.scan(_rotating(backend, scene.located.place.id)).get_json()["ticket"]
    altered = ("A" if ticket[0] != "A" else "B") + ticket[1:]
    body = {**drop_off(), "evidence": {"code": altered}}
    refused = scanner.client.post("/api/v1/actions", json=body, headers=scanner.headers)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "ticket_invalid")
