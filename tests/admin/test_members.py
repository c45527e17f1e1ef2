"""Accounts in the console: found, closed, logged out, roles taken; never above one's own."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.errors import UnauthenticatedError
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.role_queries import given_roles
from backend.people.roles import grant_role
from backend.people.service import AccountDeactivatedError, authenticate, open_session
from tests.builders.town import Town

As = Callable[[Role], FlaskClient]


def token_of(backend: Backend, member_id: int) -> str:
    with backend.engine.begin() as db:
        return open_session(db, member_id=member_id, face=Face.API, now=backend.clock.now()).token


def is_logged_in(backend: Backend, token: str) -> bool:
    with backend.engine.begin() as db:
        try:
            authenticate(db, token=token, now=backend.clock.now())
        except UnauthenticatedError:
            return False
    return True


def test_members_are_found_by_name_within_the_scope(as_role: As, town: Town) -> None:
    admin = as_role(Role.INSTITUTION_ADMIN)
    page = admin.get("/members?q=小周").text
    assert page.count("小周") >= 6
    assert "小林" not in page
    assert "没有符合条件的成员" in admin.get("/members?q=谁也不是").text
    # Citizens belong to no institution: the whole city's roles alone find them.
    citizen = f'href="/members/{town.citizen}"'
    assert citizen not in admin.get("/members").text
    city = as_role(Role.CITY_ADMIN)
    assert citizen in city.get("/members").text
    bureau = town.organisation.bureau
    assert citizen not in city.get(f"/members?institution={bureau}").text
    assert admin.get(f"/members?institution={town.organisation.school}").status_code == 404


def test_closing_an_account_ends_its_logins_for_good(
    as_role: As, town: Town, backend: Backend
) -> None:
    admin, member_id = as_role(Role.INSTITUTION_ADMIN), town.staff[0]
    token = token_of(backend, member_id)
    page = admin.get(f"/members/{member_id}").text
    assert "有效登录</dt><dd>1 个" in page
    assert "立即失效" in admin.get(f"/members/{member_id}/deactivate").text
    assert is_logged_in(backend, token)
    assert admin.post(f"/members/{member_id}/deactivate").status_code == 422
    answer = admin.post(f"/members/{member_id}/deactivate", data={"reason": "离职"})
    assert answer.status_code == 303
    page = admin.get(answer.location).text
    assert "账号已停用" in page
    assert "停用账号" not in page
    assert not is_logged_in(backend, token)
    with pytest.raises(AccountDeactivatedError):
        token_of(backend, member_id)
    assert "无需重复操作" in admin.get(f"/members/{member_id}/deactivate").text
    audit = as_role(Role.CITY_ADMIN).get(f"/audit?object_type=member&object_id={member_id}").text
    assert "停用账号" in audit
    assert "officer institution_admin" in audit


def test_ending_all_logins_leaves_the_account_open(
    as_role: As, town: Town, backend: Backend
) -> None:
    admin, member_id = as_role(Role.INSTITUTION_ADMIN), town.staff[0]
    tokens = [token_of(backend, member_id) for _ in range(2)]
    answer = admin.post(f"/members/{member_id}/sessions/revoke")
    assert "本人可以重新登录" in admin.get(answer.location).text
    assert not any(is_logged_in(backend, token) for token in tokens)
    assert is_logged_in(backend, token_of(backend, member_id))


def test_a_role_is_taken_from_the_next_request_on(
    as_role: As, town: Town, backend: Backend
) -> None:
    attendant, admin = town.officers[Role.ATTENDANT], as_role(Role.DISTRICT_MANAGER)
    with backend.engine.begin() as db:
        (given,) = given_roles(db, member_id=attendant)
    on_duty = as_role(Role.ATTENDANT)
    assert on_duty.get("/drop-offs").status_code == 200
    # The officer belongs to no institution: only the city reaches that account.
    assert admin.get(f"/members/{attendant}").status_code == 404
    admin = as_role(Role.CITY_ADMIN)
    path = f"/roles/{given.id}/take"
    assert "督导员" in admin.get(path).text
    answer = admin.post(path, data={"reason": "调岗"})
    assert "角色已收回" in admin.get(answer.location).text
    assert on_duty.get("/drop-offs").status_code == 403
    assert "已经收回" in admin.get(path).text
    assert admin.post(path, data={"reason": "调岗"}).status_code == 303


def test_nobody_manages_an_account_with_a_role_above_theirs(
    as_role: As, town: Town, backend: Backend
) -> None:
    colleague = town.staff[1]
    with backend.engine.begin() as db:
        for grant in (
            Grant(Role.AUDITOR),
            Grant(Role.DEPARTMENT_MANAGER, department_id=town.organisation.office),
        ):
            grant_role(db, member_id=colleague, grant=grant, now=backend.clock.now())
        manager, auditor = given_roles(db, member_id=colleague)
    admin = as_role(Role.INSTITUTION_ADMIN)
    page = admin.get(f"/members/{colleague}").text
    assert "停用账号" not in page
    assert "上一级管理员" in page
    for path in ("deactivate", "sessions/revoke"):
        answer = admin.post(f"/members/{colleague}/{path}", data={"reason": "试试"})
        assert (answer.status_code, "上一级管理员" in answer.text) == (403, True)
    # A role over the whole city lies outside what the administrator of an institution reaches.
    taking = {"reason": "试试"}
    assert admin.post(f"/roles/{auditor.id}/take", data=taking).status_code == 404
    # What stands below is taken all the same.
    assert admin.post(f"/roles/{manager.id}/take", data=taking).status_code == 303
    with backend.engine.begin() as db:
        assert (
            db.execute(
                text("SELECT deactivated_at FROM member WHERE id = :id"), {"id": colleague}
            ).scalar_one()
            is None
        )
        taken = {
            given.grant.role: given.revoked_at for given in given_roles(db, member_id=colleague)
        }
    assert taken[Role.AUDITOR] is None
    assert taken[Role.DEPARTMENT_MANAGER] is not None


def test_nobody_closes_their_own_account(as_role: As, town: Town) -> None:
    own = town.officers[Role.CITY_ADMIN]
    admin = as_role(Role.CITY_ADMIN)
    assert "停用账号" not in admin.get(f"/members/{own}").text
    assert admin.post(f"/members/{own}/deactivate", data={"reason": "试试"}).status_code == 403
    assert admin.get(f"/members/{own}").status_code == 200
