"""An empty installation set up in the console alone, up to the first credited drop-off."""

import io
import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

import miniprogram_api.app
from backend.bootstrap import Backend
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.service import create_member, open_session
from backend.places.codes import place_key, rotating_code
from backend.places.policy import ALWAYS_OPEN, hours_lines
from tests.builders.organisations import a_credit_code
from tests.builders.people import a_roster_csv

STEPS = ("城市与区县", "系统", "单位", "部门与花名册", "点位与海报", "第一笔投放")
CODE = a_credit_code(7)


@pytest.fixture
def template(postgres_url: str) -> str:
    """Nothing but the tables."""
    return postgres_url


@pytest.fixture
def console(backend: Backend, login: Callable[[int], FlaskClient]) -> FlaskClient:
    """The first administrator's browser."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        member_id = create_member(db, display_name="王海宁", now=now)
        grant_role(db, member_id=member_id, grant=Grant(Role.CITY_ADMIN), now=now)
    return login(member_id)


@pytest.fixture
def phone(backend: Backend) -> FlaskClient:
    """A member's phone, logged in by WeChat."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        member_id = create_member(db, display_name="小林", now=now)
        token = open_session(db, member_id=member_id, face=Face.API, now=now).token
    client = miniprogram_api.app.create_app(backend).test_client()
    client.set_cookie("tanpuhui_api", token)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def _post(client: FlaskClient, path: str, **values: str) -> str:
    """Sends a form that succeeds, and gives the page it leads to."""
    answer = client.post(path, data=values)
    assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)
    return client.get(answer.location).text


def _states(console: FlaskClient) -> list[str]:
    """What the check-list says of its steps, in order."""
    home = console.get("/").text
    return re.findall(r'</strong> <span class="text-secondary">(已完成|现在|待完成)</span>', home)


def _found_city(console: FlaskClient) -> str:
    """The city up to one unit; the address of the unit's page."""
    _post(console, "/city/districts/new", code="330100", name="杭州市")
    _post(console, "/city/districts/new", code="330106", name="西湖区")
    _post(console, "/city/systems/new", code="education", name="教育")
    form = console.get("/institutions/new").text
    district = re.search(r'<option value="(\d+)">西湖区', form)
    system = re.search(r'<option value="(\d+)">教育', form)
    assert district is not None
    assert system is not None
    answer = console.post(
        "/institutions/new",
        data=_unit(district[1], system[1]),
    )
    assert answer.status_code == 303, answer.text
    return answer.location.partition("?")[0]


def _unit(district: str, system: str, **changed: str) -> dict[str, str]:
    return {
        "credit_code": CODE,
        "name": "杭州市示例学校",
        "district_id": district,
        "system_id": system,
        "kind": "public_institution",
        "opened_on": "1998-03-01",
        **changed,
    }


def _upload(client: FlaskClient, kind: str, data: bytes, name: str = "表格.csv") -> str:
    """Uploads a file that can be read and gives the page with what came of it."""
    answer = client.post(f"/imports/{kind}", data={"file": (io.BytesIO(data), name)})
    assert answer.status_code == 303, answer.text
    return client.get(answer.location).text


def test_a_city_is_set_up_and_credits_its_first_drop_off(
    console: FlaskClient, phone: FlaskClient, backend: Backend
) -> None:
    assert [step in console.get("/").text for step in STEPS] == [True] * 6
    assert _states(console) == ["现在", *["待完成"] * 5]
    unit = _found_city(console)
    assert _states(console) == [*["已完成"] * 3, "现在", "待完成", "待完成"]
    assert "12,000.50" in _post(
        console, f"{unit}/years/new", year="2026", headcount="86", floor_area_m2="12,000.50"
    )
    assert "办公室" in _post(console, f"{unit}/departments/new", name="办公室")
    row = (CODE, "办公室", "A001", "张三", "13800000001", "", "")
    assert "全部合格" in _upload(console, "roster", a_roster_csv([row]))
    assert "导入完成" in _post(console, "/imports/roster/take", mode="all")
    slips = console.post(f"{unit}/invitations/new", data={"codes": "3", "uses": "1", "days": "30"})
    assert slips.headers["Cache-Control"] == "no-store"
    codes = re.findall(r'class="slip-code">([^<]+)<', slips.text)
    assert len(set(codes)) == 3
    place = _post_point(console, unit)
    assert _states(console) == [*["已完成"] * 5, "现在"]
    bound = phone.post("/me/binding/invitation", data={"invitation": codes[0]})
    assert "杭州市示例学校" in phone.get(bound.location).text
    body = _drop_off(backend, place)
    receipt = phone.post("/api/v1/actions", json=body).get_json()
    assert receipt["action"]["status"] == "credited"
    assert _states(console) == []
    assert "开始使用" not in console.get("/").text


def _post_point(console: FlaskClient, unit: str) -> int:
    """A point of the unit with its poster; its id."""
    answer = console.post(
        "/places/new",
        data={
            "kind": "recycling_point",
            "name": "一号楼投放点",
            "institution_id": unit.rpartition("/")[2],
            "address": "一号楼一层",
            "accepted": "recyclable",
            "hours": "\n".join(hours_lines(ALWAYS_OPEN)),
            "datum": "gcj02",
            "radius_m": "100",
            "state": "open",
        },
    )
    assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)
    place = int(answer.location.partition("?")[0].rpartition("/")[2])
    assert console.post(f"/places/{place}/batches").status_code == 303
    return place


def _drop_off(backend: Backend, place: int) -> Mapping[str, object]:
    now = backend.clock.now()
    key = place_key(backend.keys, place)
    return {
        "reference": "first-of-all-drop-offs",
        "kind": "recycling.drop_off",
        "occurred_at": (now - timedelta(seconds=1)).isoformat(),
        "facts": {"material": "paper", "mass": "2"},
        "evidence": {"code": rotating_code(key, place, now)},
    }
