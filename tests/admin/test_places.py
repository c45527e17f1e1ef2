from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.organisations.queries import Scope
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.places.models import PlaceKind, PlaceState, WasteClass
from backend.places.queries import place_of, places_in
from tests.builders.forms import hidden
from tests.builders.people import a_member
from tests.builders.town import Town

EVERYTHING = Scope(everything=True)


@pytest.fixture
def form(town: Town) -> dict[str, Any]:
    """A new point of the bureau, as a browser sends it."""
    return {
        "kind": "recycling_point",
        "name": "地下车库投放点",
        "institution_id": str(town.organisation.bureau),
        "address": "解放东路 18 号 B1",
        "accepted": ["recyclable", "hazardous"],
        "hours": "周一至周五 08:00–12:00、13:30–18:00\r\n周末 全天",
        "latitude": "30.274150",
        "longitude": "120.155150",
        "datum": "gcj02",
        "radius_m": "80",
        "state": "open",
    }


def test_a_point_is_made_shown_and_audited(
    admin: FlaskClient, form: dict[str, Any], backend: Backend
) -> None:
    answer = admin.post("/places/new", data=form)
    assert answer.status_code == 303
    page = admin.get(answer.location)
    assert "点位已新增" in page.text
    for words in ("地下车库投放点", "08:00–12:00、13:30–18:00", "周六至周日 全天", "80 米"):
        assert words in page.text
    place_id = int(answer.location.split("/")[2].split("?")[0])
    with backend.engine.connect() as db:
        place = place_of(db, place_id, scope=EVERYTHING)
    assert place.accepted == (WasteClass.RECYCLABLE, WasteClass.HAZARDOUS)
    assert len(place.hours) == 12
    audit = admin.get(f"/audit?object_type=place&object_id={place_id}").text
    assert "新增点位" in audit
    assert "可回收物、有害垃圾" in audit


@pytest.mark.parametrize(
    "kind,told", [("stairwell", "记录走楼梯"), ("canteen", "记录光盘行动"), ("venue", "记录到访")]
)
def test_other_places_are_made_and_their_screens_say_what_for(
    admin: FlaskClient, form: dict[str, Any], backend: Backend, kind: str, told: str
) -> None:
    answer = admin.post("/places/new", data={**form, "kind": kind, "name": "一号楼"})
    assert answer.status_code == 303
    place_id = int(answer.location.split("/")[2].split("?")[0])
    with backend.engine.connect() as db:
        place = place_of(db, place_id, scope=EVERYTHING)
    assert (place.kind, place.accepted) == (PlaceKind(kind), ())
    assert told in admin.get(f"/places/{place_id}/screen").text
    # A canteen stays one: what happened there hangs on it.
    seen = hidden(admin.get(f"/places/{place_id}/edit").text, "seen")
    changed = {**form, "name": "二号楼", "kind": "recycling_point", "seen": seen}
    assert admin.post(f"/places/{place_id}/edit", data=changed).status_code == 422


def test_a_wrong_form_comes_back_with_what_was_typed(
    admin: FlaskClient, form: dict[str, Any], backend: Backend
) -> None:
    wrong = {**form, "name": "", "hours": "上班时间", "latitude": "北纬30度", "radius_m": "0"}
    answer = admin.post("/places/new", data=wrong)
    assert answer.status_code == 422
    assert "有 4 处需要修改" in answer.text
    for name, sentence in (
        ("name", "这一项必填，请填写。"),
        ("hours", "第 1 行看不懂"),
        ("latitude", "请填写十进制度数"),
        ("radius_m", "应在 1 与 2000 之间。"),
    ):
        assert f'href="#{name}"' in answer.text
        error = answer.text.split(f'id="{name}-error">')[1].split("</div>")[0]
        assert sentence in error
    assert "上班时间</textarea>" in answer.text
    assert 'value="解放东路 18 号 B1"' in answer.text
    with backend.engine.connect() as db:
        assert not places_in(db, scope=EVERYTHING, limit=10, search="B1")


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"accepted": []}, "请至少选择一类可投放的垃圾"),
        ({"accepted": ["recyclable", "gold"]}, "请从列出的选项中选择"),
        ({"latitude": ""}, "经度和纬度请一起填写"),
        ({"longitude": "181"}, "经度应在-180到180之间"),
        ({"state": "burnt"}, "请从列出的选项中选择"),
        ({"hours": "周一至周五 25:00–26:00"}, "开始时间应如08:00"),
        ({"hours": "周五至周一 08:00–09:00"}, "第 1 行看不懂"),
        ({"surprise": "1"}, "没有这一项"),
    ],
)
def test_each_mistake_has_its_sentence(
    admin: FlaskClient, form: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    answer = admin.post("/places/new", data={**form, **change})
    assert answer.status_code == 422
    assert sentence in answer.text


def test_a_change_is_kept_with_before_and_after(
    admin: FlaskClient, form: dict[str, Any], town: Town, backend: Backend
) -> None:
    place = town.bureau_point.place
    page = admin.get(f"/places/{place.id}/edit")
    assert f'value="{place.name}"' in page.text
    assert 'name="institution_id"' not in page.text
    del form["institution_id"], form["kind"]
    answer = admin.post(
        f"/places/{place.id}/edit",
        data={**form, "state": "paused", "seen": hidden(page.text, "seen")},
    )
    assert answer.location == f"/places/{place.id}?done=changed"
    with backend.engine.connect() as db:
        assert place_of(db, place.id, scope=EVERYTHING).state is PlaceState.PAUSED
    audit = admin.get(f"/audit?object_type=place&object_id={place.id}").text
    assert "<del>正常使用</del>" in audit
    assert "<ins>暂停使用</ins>" in audit
    assert "officer city_admin" in audit


def test_of_two_people_editing_a_point_the_second_sees_what_the_first_wrote(
    as_role: Callable[[Role], FlaskClient], form: dict[str, Any], town: Town, backend: Backend
) -> None:
    place = town.bureau_point.place
    del form["institution_id"], form["kind"]
    first, second = as_role(Role.CITY_ADMIN), as_role(Role.INSTITUTION_ADMIN)
    seen = hidden(second.get(f"/places/{place.id}/edit").text, "seen")
    assert first.post(f"/places/{place.id}/edit", data={**form, "seen": seen}).status_code == 303
    late = {**form, "name": "后到的名称", "state": "paused", "seen": seen}
    answer = second.post(f"/places/{place.id}/edit", data=late)
    assert answer.status_code == 409
    assert "已被其他人修改" in answer.text
    assert f'value="{form["name"]}"' in answer.text
    for typed in ("名称：后到的名称", "状态：暂停使用"):
        assert f"<li>{typed}</li>" in answer.text
    assert "<li>地址" not in answer.text
    with backend.engine.connect() as db:
        assert place_of(db, place.id, scope=EVERYTHING).name == form["name"]
    again = {**late, "seen": hidden(answer.text, "seen")}
    assert second.post(f"/places/{place.id}/edit", data=again).status_code == 303


def test_a_wrong_change_changes_nothing(
    admin: FlaskClient, form: dict[str, Any], town: Town, backend: Backend
) -> None:
    place = town.bureau_point.place
    del form["institution_id"], form["kind"]
    answer = admin.post(f"/places/{place.id}/edit", data={**form, "hours": ""})
    assert answer.status_code == 422
    assert "修改点位" in answer.text
    with backend.engine.connect() as db:
        assert place_of(db, place.id, scope=EVERYTHING) == place


def test_editing_without_a_change_writes_no_event(admin: FlaskClient, town: Town) -> None:
    """What the form shows is what it reads: hours and coordinates survive the round trip."""
    place = town.bureau_point.place
    unchanged = {
        "name": place.name,
        "address": place.address,
        "accepted": [item.value for item in place.accepted],
        "hours": "每天 00:00–次日00:00",
        "latitude": str(place.latitude),
        "longitude": str(place.longitude),
        "datum": place.datum.value,
        "radius_m": str(place.radius_m),
        "state": place.state.value,
    }
    unchanged["seen"] = hidden(admin.get(f"/places/{place.id}/edit").text, "seen")
    assert admin.post(f"/places/{place.id}/edit", data=unchanged).status_code == 303
    assert "修改点位" not in admin.get(f"/audit?object_type=place&object_id={place.id}").text


def test_an_institution_outside_the_scope_cannot_be_given_a_point(
    as_role: Callable[[Role], FlaskClient], form: dict[str, Any], town: Town
) -> None:
    client = as_role(Role.INSTITUTION_ADMIN)
    listed = client.get("/places/new").text
    assert "市事务局" in listed
    assert "第一中学" not in listed
    stolen = {**form, "institution_id": str(town.organisation.school)}
    assert client.post("/places/new", data=stolen).status_code == 404


def test_the_list_is_filtered_by_its_address(admin: FlaskClient, town: Town) -> None:
    def names(query: str) -> set[str]:
        page = admin.get(f"/places?{query}").text
        points = (town.bureau_point, town.school_point, town.hospital_point)
        return {point.place.name for point in points if point.place.name in page}

    bureau, school, hospital = "事务局东门投放点", "中学操场投放点", "医院门诊投放点"
    assert names("") == {bureau, school, hospital}
    assert names("q=操场") == {school}
    assert names(f"q={town.hospital_point.place.code}") == {hospital}
    assert names(f"district={town.organisation.west}") == {bureau, school}
    assert names(f"institution={town.organisation.school}&state=") == {school}
    assert names("state=closed") == set()
    assert "清除筛选" in admin.get("/places?state=closed").text


def test_roles_see_the_points_of_their_scope(
    as_role: Callable[[Role], FlaskClient], town: Town
) -> None:
    district = as_role(Role.DISTRICT_MANAGER).get("/places").text
    assert town.school_point.place.name in district
    assert town.hospital_point.place.name not in district
    own = as_role(Role.INSTITUTION_ADMIN).get("/places").text
    assert town.bureau_point.place.name in own
    assert town.school_point.place.name not in own
    path = f"/places?institution={town.organisation.hospital}"
    assert as_role(Role.DISTRICT_MANAGER).get(path).status_code == 404
    other = as_role(Role.DISTRICT_MANAGER).get(f"/places?district={town.organisation.east}").text
    assert town.hospital_point.place.name not in other


def test_an_auditor_is_offered_no_way_to_write(
    as_role: Callable[[Role], FlaskClient], town: Town
) -> None:
    client = as_role(Role.AUDITOR)
    for path in ("/places", f"/places/{town.bureau_point.place.id}"):
        page = client.get(path).text
        for words in ("新增点位", "生成新一批", "作废", "/edit"):
            assert words not in page


def test_pages_of_the_list_hold_every_point_once(
    admin: FlaskClient, form: dict[str, Any], backend: Backend
) -> None:
    for number in range(50):
        assert (
            admin.post("/places/new", data={**form, "name": f"第{number}号点"}).status_code == 303
        )
    first = admin.get("/places")
    following = first.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = admin.get(following)
    with backend.engine.connect() as db:
        everywhere = places_in(db, scope=EVERYTHING, limit=100)
    for place in everywhere:
        shown = [f"<strong>{place.name}</strong>" in page.text for page in (first, second)]
        assert shown.count(True) == 1


def test_an_empty_city_says_what_to_do_next(
    backend: Backend, login: Callable[[int], FlaskClient]
) -> None:
    with backend.engine.begin() as db:
        member = a_member(db)
        grant_role(db, member_id=member, grant=Grant(Role.CITY_ADMIN), now=backend.clock.now())
    client = login(member)
    assert "还没有点位" in client.get("/places").text
    assert "没有行为记录" in client.get("/drop-offs").text
    assert "刚开始" in client.get("/rankings").text
    assert "新建单位，或从表格一次导入" in client.get("/institutions").text
