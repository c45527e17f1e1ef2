"""Units and departments made, reported on and closed in the console; what is taken is said."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.organisations.queries import institution
from backend.people.models import Role
from tests.builders.organisations import a_credit_code
from tests.builders.town import Town

As = Callable[[Role], FlaskClient]


def _told(page: str, field: str) -> str:
    """What stands beside a field as wrong; empty when nothing does."""
    found = re.search(rf'id="{field}-error">([^<]*)<', page)
    return found[1] if found else ""


def _new(town: Town, **changed: str) -> dict[str, str]:
    return {
        "credit_code": a_credit_code(880_001),
        "name": "市新设中心",
        "district_id": str(town.organisation.west),
        "system_id": str(town.organisation.system),
        "kind": "public_institution",
        "opened_on": "2026-01-01",
        **changed,
    }


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize(
    "kind, code, name, field, told",
    [
        ("districts", "330106", "新区", "code", "已登记为西湖区"),
        ("districts", "330109", "西湖区", "name", "代码是 330106"),
        ("districts", "330200", "宁波市", "code", "一套系统只管一个城市"),
        ("districts", "310101", "黄浦区", "code", "不在杭州市"),
        ("districts", "33010", "短区", "code", "6位数字"),
        ("systems", "government", "新系统", "code", "已登记为机关"),
        ("systems", "other", "机关", "name", "已有名为“机关”的系统"),
        ("systems", "other", "机/关", "name", "不能包含"),
    ],
)
def test_what_is_taken_or_wrong_is_said_beside_its_field(
    admin: FlaskClient, kind: str, code: str, name: str, field: str, told: str
) -> None:
    answer = admin.post(f"/city/{kind}/new", data={"code": code, "name": name})
    assert answer.status_code == 422
    assert told in _told(answer.text, field)
    assert f'value="{name}"' in answer.text


def test_a_credit_code_or_a_name_that_is_taken_is_said_beside_it(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    with backend.engine.connect() as db:
        bureau = institution(db, institution_id=town.organisation.bureau)
    taken = admin.post("/institutions/new", data=_new(town, credit_code=bureau.credit_code))
    assert "已登记" in _told(taken.text, "credit_code")
    named = admin.post("/institutions/new", data=_new(town, name=bureau.name))
    assert bureau.credit_code in _told(named.text, "name")
    sure = admin.post("/institutions/new", data=_new(town, name=bureau.name, same_name="1"))
    assert sure.status_code == 303


def test_a_district_founds_units_in_itself_alone(as_role: As, town: Town) -> None:
    manager, east = as_role(Role.DISTRICT_MANAGER), str(town.organisation.east)
    assert f'value="{east}"' not in manager.get("/institutions/new").text
    elsewhere = manager.post("/institutions/new", data=_new(town, district_id=east))
    assert "从列出的区县" in _told(elsewhere.text, "district_id")
    assert manager.post("/institutions/new", data=_new(town)).status_code == 303


def test_figures_of_a_year_replace_what_was_reported(as_role: As, town: Town) -> None:
    admin, path = as_role(Role.INSTITUTION_ADMIN), f"/institutions/{town.organisation.bureau}"
    for headcount, area in (("80", "1000"), ("86", "12,000.5")):
        sent = {"year": "2025", "headcount": headcount, "floor_area_m2": area}
        assert admin.post(f"{path}/years/new", data=sent).status_code == 303
    page = admin.get(path).text
    assert "12,000.50" in page
    assert ">80<" not in page
    wrong = admin.post(
        f"{path}/years/new", data={"year": "1899", "headcount": "-1", "floor_area_m2": "1.234"}
    )
    assert all(_told(wrong.text, name) for name in ("year", "headcount", "floor_area_m2"))


def test_a_department_is_made_renamed_and_closed(as_role: As, town: Town) -> None:
    admin, unit = as_role(Role.INSTITUTION_ADMIN), f"/institutions/{town.organisation.bureau}"
    above = {"name": "档案室", "parent_id": str(town.organisation.office)}
    made = admin.post(f"{unit}/departments/new", data=above)
    assert "部门已新建" in admin.get(made.location).text
    twice = admin.post(f"{unit}/departments/new", data=above)
    assert "已有部门“档案室”" in _told(twice.text, "name")
    links = re.findall(r"/departments/(\d+)/edit", admin.get(unit).text)
    new = max(links, key=int)
    assert admin.post(f"/departments/{new}/edit", data={"name": "档案科"}).status_code == 303
    day = {"closed_on": "2026-11-18"}
    above_it = admin.post(f"/departments/{town.organisation.office}/close", data=day)
    assert "下级部门" in _told(above_it.text, "closed_on")
    assert admin.post(f"/departments/{new}/close", data=day).status_code == 303
    assert "不能再修改" in admin.get(f"/departments/{new}/close").text
    assert "档案科" not in admin.get(unit).text


def test_a_closed_unit_takes_nothing_new(admin: FlaskClient, town: Town) -> None:
    unit = f"/institutions/{town.organisation.hospital}"
    early = admin.post(f"{unit}/close", data={"closed_on": "1999-01-01"})
    assert "不能早于成立日期" in _told(early.text, "closed_on")
    assert admin.post(f"{unit}/close", data={"closed_on": "2026-11-18"}).status_code == 303
    assert "已于 2026-11-18 撤销" in admin.get(f"{unit}/close").text
    for path in ("departments/new", "invitations/new"):
        assert "撤销" in admin.get(f"{unit}/{path}").text
        assert f"{unit}/{path}" not in admin.get(unit).text
    sent = {"codes": "1", "uses": "1", "days": "30"}
    assert admin.post(f"{unit}/invitations/new", data=sent).status_code == 422
