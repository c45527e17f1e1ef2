"""Asking on the phone to be bound, and seeing what became of it."""

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.organisations.queries import institution
from backend.people.roster import import_roster
from tests.builders.people import a_roster_csv
from tests.builders.scene import Scene

PHONE = "13812345678"


@pytest.fixture
def form(backend: Backend, scene: Scene) -> dict[str, str]:
    """What a person on the roster knows."""
    with backend.engine.begin() as db:
        code = institution(db, institution_id=scene.institution_id).credit_code
        row = (code, "财务处", "A001", "张三", PHONE, "", "")
        import_roster(db, data=a_roster_csv([row]), keys=backend.keys, now=backend.clock.now())
    return {"credit_code": code, "staff_number": "A001", "phone": PHONE}


def test_a_request_waits_for_the_administrator(member: FlaskClient, form: dict[str, str]) -> None:
    assert "用花名册信息申请" in member.get("/me/binding").text
    answer = member.post("/me/binding", data=form)
    assert (answer.status_code, answer.location) == (303, "/me/binding")
    page = member.get("/me/binding").text
    assert "等待单位管理员核实" in page
    assert PHONE not in page


def test_what_is_not_on_the_roster_is_told_beside_the_form(
    member: FlaskClient, form: dict[str, str]
) -> None:
    answer = member.post("/me/binding", data={**form, "phone": "13800000000"})
    assert answer.status_code == 422
    assert "与名册不一致" in answer.text
    assert 'value="A001"' in answer.text
    assert member.post("/me/binding", data={}).status_code == 422
    for _ in range(4):
        member.post("/me/binding", data={**form, "phone": "13800000000"})
    assert member.post("/me/binding", data=form).status_code == 429
