"""The register through the console: filled in, handed in, reviewed, sealed, added up, corrected."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from tests.builders.town import Town

YEAR = "2025"
GRID = {
    "unit.electricity": "kWh",
    **{f"quantity.electricity.{month}": str(5000 + month) for month in range(1, 13)},
    **{f"cost.electricity.{month}": "3700.5" for month in range(1, 13)},
}


@pytest.fixture
def officer(as_role: Callable[[Role], FlaskClient]) -> FlaskClient:
    return as_role(Role.INSTITUTION_ADMIN)


@pytest.fixture
def opened(officer: FlaskClient, town: Town) -> str:
    """The address of the bureau's statement."""
    form = {"institution_id": str(town.organisation.bureau), "year": YEAR}
    answer = officer.post("/register", data=form)
    assert answer.status_code == 303
    location: str = answer.location
    return location


def _move(browser: FlaskClient, page: str, act: str, reason: str = "") -> int:
    return browser.post(f"{page}/moves", data={"act": act, "reason": reason}).status_code


def test_a_year_from_the_grid_to_the_seal_and_the_report(
    officer: FlaskClient,
    opened: str,
    as_role: Callable[[Role], FlaskClient],
) -> None:
    assert officer.post(f"{opened}/figures", data=GRID).status_code == 303
    assert 'value="5012"' in officer.get(opened).text
    assert _move(officer, opened, "submit") == 303
    assert "待区县审核" in officer.get("/register?year=2025").text
    assert _move(officer, opened, "review") == 403
    district = as_role(Role.DISTRICT_MANAGER)
    assert _move(district, opened, "send_back") == 422  # without a reason
    assert _move(district, opened, "send_back", "请核对三月") == 303
    assert "请核对三月" in officer.get(opened).text
    assert _move(officer, opened, "submit") == 303
    assert _move(district, opened, "review") == 303
    assert _move(district, opened, "seal") == 403
    city = as_role(Role.CITY_ADMIN)
    assert _move(city, opened, "seal") == 303
    assert "已封存" in city.get(opened).text
    assert officer.post(f"{opened}/figures", data=GRID).status_code == 409
    totals = set()
    for axis in ("district", "system", "type", "institution"):
        page = city.get(f"/register/report?year=2025&by={axis}").text
        totals.add(page.partition("合计</th>")[2].partition("</tr>")[0])
    assert len(totals) == 1
    assert _move(officer, opened, "correct", "电表倍率填错") == 303
    assert "第 2 版更正" in officer.get("/register?year=2025").text


def test_a_wrong_cell_keeps_all_that_was_typed_and_saves_nothing(
    officer: FlaskClient, opened: str, backend: Backend
) -> None:
    typed = GRID | {"quantity.electricity.3": "五千", "cost.electricity.4": "-1"}
    answer = officer.post(f"{opened}/figures", data=typed)
    assert answer.status_code == 422
    assert 'value="五千"' in answer.text
    assert 'value="5012"' in answer.text
    assert "电力 3 月：数量不是数字" in answer.text
    with backend.engine.connect() as db:
        assert db.scalar(text("SELECT count(*) FROM energy_figure")) == 0


def test_a_unit_that_does_not_fit_is_told_by_its_item(officer: FlaskClient, opened: str) -> None:
    answer = officer.post(f"{opened}/figures", data=GRID | {"unit.electricity": "kg"})
    assert answer.status_code == 422
    assert "不能用单位" in answer.text


def test_another_institutions_statement_is_not_there(
    opened: str, login: Callable[[int], FlaskClient], backend: Backend, town: Town
) -> None:
    with backend.engine.begin() as db:
        grant = Grant(Role.INSTITUTION_ADMIN, institution_id=town.organisation.school)
        grant_role(db, member_id=town.staff[3], grant=grant, now=backend.clock.now())
    stranger = login(town.staff[3])
    assert stranger.get(opened).status_code == 404
    assert _move(stranger, opened, "submit") == 404
    assert stranger.post(f"{opened}/figures", data=GRID).status_code == 404


def test_doubts_stand_by_what_they_may_hide(
    officer: FlaskClient, opened: str, as_role: Callable[[Role], FlaskClient]
) -> None:
    officer.post(f"{opened}/figures", data=GRID | {"quantity.electricity.3": "50030"})
    page = as_role(Role.CITY_ADMIN).get("/register/doubts?year=2025").text
    assert "疑似单位或小数点错位" in page
    assert page.index("50,030") > 0
