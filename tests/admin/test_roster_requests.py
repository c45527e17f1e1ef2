"""The console decides who is a person on the roster."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select

from backend.bootstrap import Backend
from backend.organisations.queries import institution
from backend.people.models import Role, RosterEntry
from backend.people.roster import import_roster
from backend.people.roster_binding import Statement
from backend.people.roster_requests import open_request
from tests.builders.people import a_member, a_roster_csv
from tests.builders.town import Town

As = Callable[[Role], FlaskClient]
PHONE = "13812345678"


def ask(db: Connection, backend: Backend, town: Town, name: str) -> tuple[int, int]:
    """A member who asks to be 张三 of the bureau, and the request."""
    now, bureau = backend.clock.now(), town.organisation.bureau
    code = institution(db, institution_id=bureau).credit_code
    row = (code, "财务处", "A001", "张三", PHONE, "", "")
    import_roster(db, data=a_roster_csv([row]), keys=backend.keys, now=now)
    said = Statement(code, "A001", PHONE, phone_verified=False)
    member_id = a_member(db, name=name)
    return member_id, open_request(db, member_id=member_id, said=said, keys=backend.keys, now=now)


def bound(backend: Backend) -> int | None:
    with backend.engine.connect() as db:
        return db.scalars(select(RosterEntry.bound_member_id)).one()


@pytest.fixture
def admin(as_role: As) -> FlaskClient:
    return as_role(Role.INSTITUTION_ADMIN)


def test_a_request_is_shown_released_and_taken_back(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        first, request = ask(db, backend, town, "账号甲")
    page = admin.get(f"/institutions/{town.organisation.bureau}").text
    assert "花名册绑定申请" in page
    assert "未验证" in page
    assert "请当面或电话核实本人" in admin.get(f"/roster-requests/{request}/release").text
    answer = admin.post(f"/roster-requests/{request}/release")
    assert "已放行" in admin.get(answer.location).text
    assert bound(backend) == first
    assert admin.post(f"/roster-requests/{request}/dismiss").status_code == 409
    with backend.engine.begin() as db:
        second, objection = ask(db, backend, town, "账号乙")
    assert "异议：已绑定 张三" in admin.get(f"/institutions/{town.organisation.bureau}").text
    assert "同时解除账号" in admin.get(f"/roster-requests/{objection}/release").text
    assert admin.post(f"/roster-requests/{objection}/release").status_code == 303
    assert bound(backend) == second
    assert "解除花名册绑定" in admin.get(f"/members/{second}").text
    assert "不再属于本单位" in admin.get(f"/members/{second}/unbind").text
    assert admin.post(f"/members/{second}/unbind").status_code == 303
    assert bound(backend) is None
    assert admin.get(f"/members/{second}").status_code == 404


def test_a_dismissed_request_disappears(admin: FlaskClient, town: Town, backend: Backend) -> None:
    with backend.engine.begin() as db:
        _, request = ask(db, backend, town, "账号甲")
    assert "不会绑定" in admin.get(f"/roster-requests/{request}/dismiss").text
    answer = admin.post(f"/roster-requests/{request}/dismiss")
    page = admin.get(answer.location).text
    assert "申请已驳回" in page
    assert "花名册绑定申请" not in page
    assert bound(backend) is None
