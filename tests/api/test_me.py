"""The own account and binding over HTTP."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Connection, select

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.organisations.models import Institution
from backend.people.bindings import create_invitation
from backend.people.models import BindingAttempt, Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.roster import import_roster
from backend.ports.wechat import HttpWeChat
from backend.ports.wechat_stand_in import WeChatStandIn
from miniprogram_api.app import create_app
from tests.builders.organisations import an_institution
from tests.builders.people import a_member, a_roster_csv
from tests.builders.scene import Scene

URL = "/api/v1/me/memberships"
REQUESTS = "/api/v1/me/roster-requests"
PHONE = "13812345678"
Bearer = Callable[[int], dict[str, str]]


@pytest.fixture
def citizen(backend: Backend, bearer: Bearer) -> dict[str, str]:
    """The header of a member without an institution."""
    with backend.engine.begin() as db:
        member_id = a_member(db, name="市民000001")
    return bearer(member_id)


@pytest.fixture
def invitation(backend: Backend, scene: Scene) -> str:
    """A code into 综合处 for one member."""
    with backend.engine.begin() as db:
        return create_invitation(
            db,
            institution_id=scene.institution_id,
            department_id=scene.departments[0],
            ttl=timedelta(days=1),
            max_uses=1,
            now=backend.clock.now(),
            actor_id=None,
        )


@pytest.fixture
def stand_in(clock: FixedClock) -> Iterator[WeChatStandIn]:
    with WeChatStandIn("wx0123456789abcdef", "a secret", clock) as server:
        yield server


@pytest.fixture
def app(backend: Backend, stand_in: WeChatStandIn, redis: Redis) -> Flask:
    wechat = HttpWeChat(stand_in.base_url, "wx0123456789abcdef", "a secret", redis)
    return create_app(replace(backend, wechat=wechat))


@pytest.fixture
def verified(stand_in: WeChatStandIn, entry: dict[str, str]) -> Callable[[], dict[str, str]]:
    """What they know, with a new code of WeChat's phone button instead of the typed phone."""
    known = {name: value for name, value in entry.items() if name != "phone"}
    return lambda: {**known, "phone_code": stand_in.account.issue_phone_code(PHONE)}


@pytest.fixture
def entry(backend: Backend, scene: Scene) -> dict[str, str]:
    """What a person on the roster of 财务处 knows."""
    with backend.engine.begin() as db:
        query = select(Institution.credit_code).where(Institution.id == scene.institution_id)
        code = db.scalars(query).one()
        data = a_roster_csv([(code, "财务处", "A001", "张三", PHONE, "", "")])
        import_roster(db, data=data, keys=backend.keys, now=backend.clock.now())
    return {"credit_code": code, "staff_number": "A001", "phone": PHONE}


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_the_own_account(client: FlaskClient, scene: Scene, member: dict[str, str]) -> None:
    answer = client.get("/api/v1/me", headers=member)
    assert answer.status_code == 200
    assert answer.json == {
        "id": scene.members[0],
        "display_name": "成员1",
        "kind": "staff",
        "phone_masked": None,
        "created_at": "2026-11-18T02:00:00+00:00",
        "membership": {
            "institution": {"id": scene.institution_id, "name": "杭州市示范局"},
            "department": {"id": scene.departments[0], "name": "综合处"},
            "valid_from": "2020-01-01",
            "valid_until": None,
        },
        "roles": [],
    }


def test_each_token_tells_its_own_member(client: FlaskClient, scene: Scene, bearer: Bearer) -> None:
    for member_id in scene.members[:3]:
        answer = client.get("/api/v1/me", headers=bearer(member_id))
        assert answer.json is not None
        assert answer.json["id"] == member_id


def test_a_role_shows_and_opens_nobody_else_s_account(
    client: FlaskClient, backend: Backend, scene: Scene, member: dict[str, str]
) -> None:
    with backend.engine.begin() as db:
        grant_role(
            db,
            member_id=scene.members[0],
            grant=Grant(Role.CITY_ADMIN),
            now=backend.clock.now(),
        )
    answer = client.get("/api/v1/me", headers=member)
    assert answer.json is not None
    assert answer.json["roles"] == [
        {"role": "city_admin", "district_id": None, "institution_id": None, "department_id": None}
    ]
    other = client.get(f"/api/v1/me?member_id={scene.members[1]}", headers=member)
    assert other.status_code == 422
    assert other.json is not None
    assert [error["field"] for error in other.json["errors"]] == ["member_id"]


def test_an_invitation_binds(
    client: FlaskClient, scene: Scene, citizen: dict[str, str], invitation: str
) -> None:
    answers = [client.post(URL, headers=citizen, json={"invitation": invitation}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    me = client.get("/api/v1/me", headers=citizen).json
    assert me is not None
    assert [answer.json for answer in answers] == [me, me]
    assert me["kind"] == "staff"
    assert me["membership"]["department"]["id"] == scene.departments[0]
    assert me["membership"]["valid_from"] == "2026-11-18"


def test_a_used_up_invitation_binds_nobody(
    client: FlaskClient, backend: Backend, bearer: Bearer, citizen: dict[str, str], invitation: str
) -> None:
    assert client.post(URL, headers=citizen, json={"invitation": invitation}).status_code == 201
    with backend.engine.begin() as db:
        second = a_member(db)
    answer = client.post(URL, headers=bearer(second), json={"invitation": invitation})
    assert refusal(answer) == (422, "invitation_invalid")


def test_a_roster_entry_binds_whose_phone_wechat_vouches_for(
    client: FlaskClient,
    scene: Scene,
    citizen: dict[str, str],
    entry: dict[str, str],
    verified: Callable[[], dict[str, str]],
) -> None:
    typed = client.post(URL, headers=citizen, json={"roster": entry})
    assert refusal(typed) == (403, "phone_unverified")
    answer = client.post(URL, headers=citizen, json={"roster": verified()})
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["display_name"] == "张三"
    assert answer.json["phone_masked"] == "138****5678"
    assert answer.json["membership"]["department"]["id"] == scene.departments[1]
    assert PHONE not in answer.text


def test_a_person_on_the_roster_is_bound_once(
    client: FlaskClient,
    backend: Backend,
    bearer: Bearer,
    citizen: dict[str, str],
    entry: dict[str, str],
    verified: Callable[[], dict[str, str]],
) -> None:
    assert client.post(URL, headers=citizen, json={"roster": verified()}).status_code == 201
    with backend.engine.begin() as db:
        second = a_member(db)
    answer = client.post(URL, headers=bearer(second), json={"roster": entry})
    assert refusal(answer) == (409, "roster_entry_bound")
    objections = [client.post(REQUESTS, headers=bearer(second), json=entry) for _ in range(2)]
    assert [answer.status_code for answer in objections] == [201, 201]
    assert objections[0].json == objections[1].json
    assert objections[0].json is not None
    assert objections[0].json["objection"] is True
    assert objections[0].json["released"] is None
    listed = client.get(REQUESTS, headers=bearer(second)).json
    assert listed == {"items": [objections[0].json]}
    assert client.get(REQUESTS, headers=citizen).json == {"items": []}


def test_who_cannot_show_the_phone_asks(
    client: FlaskClient, citizen: dict[str, str], entry: dict[str, str]
) -> None:
    answer = client.post(REQUESTS, headers=citizen, json=entry)
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["objection"], answer.json["staff_number"]) == (False, "A001")
    wrong = client.post(REQUESTS, headers=citizen, json={**entry, "phone": "13800000000"})
    assert refusal(wrong) == (422, "roster_mismatch")
    both = client.post(REQUESTS, headers=citizen, json={**entry, "phone_code": "x"})
    assert both.json is not None
    assert [error["field"] for error in both.json["errors"]] == ["phone"]


def test_the_name_binds_nobody(
    client: FlaskClient, citizen: dict[str, str], entry: dict[str, str]
) -> None:
    answer = client.post(URL, headers=citizen, json={"roster": {**entry, "staff_number": "张三"}})
    assert refusal(answer) == (422, "roster_mismatch")
    answer = client.post(URL, headers=citizen, json={"roster": {**entry, "name": "张三"}})
    assert answer.json is not None
    assert [error["field"] for error in answer.json["errors"]] == ["roster.name"]


def test_the_sixth_attempt_of_a_day_waits(
    client: FlaskClient,
    stored: Connection,
    clock: FixedClock,
    citizen: dict[str, str],
    entry: dict[str, str],
    verified: Callable[[], dict[str, str]],
) -> None:
    wrong = {"roster": {**entry, "phone": "13800000000"}}
    for _ in range(5):
        assert refusal(client.post(URL, headers=citizen, json=wrong)) == (422, "roster_mismatch")
    answer = client.post(URL, headers=citizen, json={"roster": entry})
    assert refusal(answer) == (429, "too_many_binding_attempts")
    assert answer.headers["Retry-After"] == str(14 * 3600)
    assert stored.scalars(select(BindingAttempt.attempts)).all() == [5]
    clock.instant += timedelta(hours=14)
    assert client.post(URL, headers=citizen, json={"roster": verified()}).status_code == 201


def test_a_body_that_cannot_be_read_is_no_attempt(
    client: FlaskClient, stored: Connection, citizen: dict[str, str]
) -> None:
    assert client.post(URL, headers=citizen, json={}).status_code == 422
    known = {"credit_code": "12330100MC0000001Q", "staff_number": "A001", "phone": PHONE}
    for wrong in ({"phone": "1"}, {"credit_code": "x"}):
        body = {**known, **wrong}
        assert client.post(URL, headers=citizen, json={"roster": body}).status_code == 422
        assert client.post(REQUESTS, headers=citizen, json=body).status_code == 422
    assert stored.scalars(select(BindingAttempt.attempts)).all() == []


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "invitation"),
        ({"invitation": "A", "roster": {}}, "roster.staff_number"),
        ({"invitation": 7}, "invitation"),
        ({"invitation": None}, "invitation"),
        ({"roster": []}, "roster"),
        ({"roster": {"credit_code": "x", "staff_number": "y"}}, "roster.phone"),
        ({"roster": {"credit_code": "x", "staff_number": "y", "phone": "1"}}, "credit_code"),
        ({"invitation": "A", "member_id": 3}, "member_id"),
        ({"invitation": "A", "institution_id": 3}, "institution_id"),
    ],
)
def test_a_wrong_body_names_its_field(
    client: FlaskClient, citizen: dict[str, str], body: dict[str, object], field: str
) -> None:
    answer = client.post(URL, headers=citizen, json=body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert field in [error["field"] for error in answer.json["errors"]]


@pytest.mark.parametrize(
    "method, path", [("GET", "/api/v1/me"), ("POST", URL), ("GET", REQUESTS), ("POST", REQUESTS)]
)
def test_nothing_without_a_token(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method, json={"invitation": "A"})
    assert refusal(answer) == (401, "unauthenticated")
    assert answer.mimetype == "application/problem+json"


def test_a_member_elsewhere_must_leave_first(
    client: FlaskClient,
    backend: Backend,
    bearer: Bearer,
    invitation: str,
) -> None:
    with backend.engine.begin() as db:
        places = select(Institution.district_id, Institution.system_id)
        district_id, system_id = db.execute(places).one()
        elsewhere = an_institution(db, district_id=district_id, system_id=system_id)
        member_id = a_member(db, institution_id=elsewhere)
    answer = client.post(URL, headers=bearer(member_id), json={"invitation": invitation})
    assert refusal(answer) == (409, "already_member")
