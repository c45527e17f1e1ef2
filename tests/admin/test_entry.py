"""People get in and get roles: invited, given, taken, closed by two, brought back."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.clock import FixedClock, business_day
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.role_queries import given_roles
from backend.people.roles import grant_role
from backend.people.service import open_session
from backend.people.sessions import sessions_of
from tests.builders.people import a_member
from tests.builders.town import Town

As = Callable[[Role], FlaskClient]
SIGN_UP = {"login_name": "Wang.Fang", "password": "Chunxi-2026", "again": "Chunxi-2026"}
NEW = "/roles/invitations/new?role=institution_admin"


def invitation(town: Town, **changed: str) -> dict[str, str]:
    return {
        "name": "王芳",
        "over": f"institution:{town.organisation.bureau}",
        "since": "2026-11-18",
        "last_day": "",
        "reason": "接替老李",
    } | changed


def invited(admin: FlaskClient, town: Town, **changed: str) -> str:
    """Invites and returns the path of the link."""
    page = admin.post(NEW, data=invitation(town, **changed)).text
    found = re.search(r"/invitations/[\w-]{40,}", page)
    assert found is not None, page
    return found[0]


@pytest.fixture
def second(town: Town, backend: Backend) -> int:
    """A city administrator beside the town's own."""
    assert town.officers
    with backend.engine.begin() as db:
        member_id = a_member(db, name="李副主任")
        grant_role(db, member_id=member_id, grant=Grant(Role.CITY_ADMIN), now=backend.clock.now())
    return member_id


def test_an_invited_colleague_signs_in_acts_and_loses_the_role(
    admin: FlaskClient, app: Flask, town: Town
) -> None:
    path = invited(admin, town)
    overview = admin.get("/roles").text
    assert "待接受的邀请" in overview
    assert path not in overview
    guest = app.test_client()
    assert "王芳，欢迎" in guest.get(path).text
    assert guest.post(path, data=SIGN_UP | {"again": "Chunxi-2027"}).status_code == 422
    assert guest.post(path, data=SIGN_UP | {"password": "1", "again": "1"}).status_code == 422
    assert guest.post(path, data=SIGN_UP).location == "/"
    assert guest.get(f"/institutions/{town.organisation.bureau}").status_code == 200
    assert guest.get(f"/institutions/{town.organisation.school}").status_code == 404
    assert app.test_client().post(path, data=SIGN_UP).status_code == 401
    later = app.test_client()
    wrong = {"login_name": "wang.fang", "password": "x"}
    assert later.post("/login", data=wrong).status_code == 401
    entering = {"login_name": "wang.fang", "password": SIGN_UP["password"], "next": "/places?q=a"}
    assert later.post("/login", data=entering).location == "/places?q=a"
    page = admin.get("/roles?q=王芳").text
    assert "接替老李" in page
    taking = re.search(r"/roles/\d+/take", page)
    assert taking is not None
    assert admin.post(taking[0], data={"reason": "调离"}).status_code == 303
    assert later.get("/places").status_code == 403
    assert "没有符合条件的角色" in admin.get("/roles?q=王芳").text


def test_a_withdrawn_or_late_invitation_opens_nothing(
    admin: FlaskClient, app: Flask, town: Town, clock: FixedClock
) -> None:
    path = invited(admin, town)
    withdrawal = re.search(r"/roles/invitations/\d+/withdraw", admin.get("/roles").text)
    assert withdrawal is not None
    assert admin.post(withdrawal[0]).status_code == 303
    late = invited(admin, town, name="赵四")
    clock.instant += timedelta(days=7, seconds=1)
    for dead in (path, late, "/invitations/made-up"):
        assert app.test_client().get(dead).status_code == 401
        answer = app.test_client().post(dead, data=SIGN_UP)
        assert answer.status_code == 401
        assert "请向邀请您的管理员索取新的链接" in answer.text


def test_who_loses_the_role_leaves_no_way_in(
    as_role: As, app: Flask, town: Town, backend: Backend
) -> None:
    over = f"institution:{town.organisation.bureau}"
    sent = invitation(town, over=over)
    page = (
        as_role(Role.INSTITUTION_ADMIN)
        .post("/roles/invitations/new?role=attendant", data=sent)
        .text
    )
    link = re.search(r"/invitations/[\w-]{40,}", page)
    assert link is not None
    assert app.test_client().get(link[0]).status_code == 200
    with backend.engine.begin() as db:
        (held,) = given_roles(db, member_id=town.officers[Role.INSTITUTION_ADMIN])
    as_role(Role.CITY_ADMIN).post(f"/roles/{held.id}/take", data={"reason": "调离"})
    assert app.test_client().get(link[0]).status_code == 401
    assert app.test_client().post(link[0], data=SIGN_UP).status_code == 401


def test_nobody_invites_or_gives_above_themselves_or_outside(
    as_role: As, town: Town, second: int
) -> None:
    admin = as_role(Role.INSTITUTION_ADMIN)
    there = town.organisation
    form = admin.get("/roles/invitations/new?role=attendant").text
    assert f"institution:{there.bureau}" in form
    assert f"institution:{there.school}" not in form
    assert 'value="city_admin"' not in form
    for query, over in (
        ("role=attendant", f"institution:{there.school}"),
        ("role=attendant", f"district:{there.west}"),
        ("role=city_admin", ""),
        ("", ""),
    ):
        sent = invitation(town, over=over)
        answer = admin.post(f"/roles/invitations/new?{query}", data=sent)
        assert answer.status_code == 422, query
        path = f"/members/{town.staff[0]}/roles/new?{query}"
        del sent["name"]
        assert admin.post(path, data=sent).status_code == 422, query
    assert admin.get(f"/consents/{second}").status_code == 403


def test_a_role_is_in_force_from_its_first_to_its_last_day(
    as_role: As, login: Callable[[int], FlaskClient], town: Town, clock: FixedClock
) -> None:
    admin, member = as_role(Role.INSTITUTION_ADMIN), town.staff[0]
    office = f"department:{town.organisation.office}"
    given = {"over": office, "since": "2026-11-19", "last_day": "2026-11-20", "reason": "代管"}
    query = f"role=department_manager&institution={town.organisation.bureau}"
    path = f"/members/{member}/roles/new?{query}"
    wrong = admin.post(path, data=given | {"last_day": "2026-11-17"})
    assert (wrong.status_code, "截止日期应晚于" in wrong.text) == (422, True)
    assert "角色已授予" in admin.get(admin.post(path, data=given).location).text
    assert "已持有这项角色" in admin.post(path, data=given).text
    seen = []
    for _ in range(4):
        seen.append(login(member).get("/rankings").status_code)
        clock.instant += timedelta(days=1)
    assert seen == [403, 200, 200, 403]
    # What has run out makes room for the same role again.
    admin = as_role(Role.INSTITUTION_ADMIN)
    again = given | {"since": f"{business_day(clock.now())}", "last_day": ""}
    assert admin.post(path, data=again).status_code == 303
    assert login(member).get("/rankings").status_code == 200


def test_an_administrator_is_closed_by_two(
    admin: FlaskClient, login: Callable[[int], FlaskClient], second: int, town: Town
) -> None:
    other = login(second)
    own = town.officers[Role.CITY_ADMIN]
    assert "另一名市级管理员同意" in admin.get(f"/members/{second}/deactivate").text
    admin.post(f"/members/{second}/deactivate", data={"reason": "离任"})
    assert other.get("/audit").status_code == 200
    found = re.search(r"/consents/\d+", admin.get("/roles").text)
    assert found is not None
    consent = found[0]
    assert admin.post(consent, data={"agreed": "1"}).status_code == 403
    assert "同意，立即办理" in other.get(consent).text
    assert other.post(consent, data={"agreed": "1"}).status_code == 303
    assert other.get("/audit").status_code == 303
    page = admin.get(f"/members/{second}").text
    assert "恢复账号" in page
    admin.post(f"/members/{second}/reopen", data={"reason": "返聘"})
    back = login(second)
    assert back.get("/audit").status_code == 200
    # Nobody is left: neither the account nor the role of the last one goes.
    admin.post(f"/members/{second}/deactivate", data={"reason": "离任"})
    again = re.search(r"/consents/\d+", admin.get("/roles").text)
    assert again is not None
    back.post(again[0], data={"agreed": "1"})
    assert admin.post(f"/members/{own}/deactivate", data={"reason": "误"}).status_code == 403


def test_one_login_is_ended_and_the_others_stay(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    member, now = town.staff[0], backend.clock.now()
    with backend.engine.begin() as db:
        for face in Face:
            open_session(db, member_id=member, face=face, now=now)
        first, last = sessions_of(db, member_id=member, now=now)
    page = admin.get(f"/members/{member}").text
    assert page.count("强制下线") == 2
    path = f"/members/{member}/sessions/{last.id}/revoke"
    assert "强制下线" in admin.get(path).text
    assert "已强制下线" in admin.get(admin.post(path).location).text
    with backend.engine.begin() as db:
        assert [each.id for each in sessions_of(db, member_id=member, now=now)] == [first.id]
    assert admin.post(f"/members/{town.staff[1]}/sessions/{first.id}/revoke").status_code == 404


def test_the_end_of_a_session_loses_neither_the_way_nor_the_form(
    admin: FlaskClient, app: Flask, town: Town, clock: FixedClock
) -> None:
    guest = app.test_client()
    guest.post(invited(admin, town), data=SIGN_UP)
    clock.instant += timedelta(hours=13)
    cookie = guest.get_cookie("tanpuhui_console")
    assert cookie is not None
    away = guest.get("/places?q=东门")
    assert away.location.startswith("/login?expired=1&next=")
    path = f"/institutions/{town.organisation.bureau}/edit"
    guest.set_cookie("tanpuhui_console", cookie.value)
    page = guest.post(path, data={"name": "新名称 <b>", "short_name": "新"})
    assert (page.status_code, "没有丢" in page.text) == (401, True)
    draft = re.search(r'name="draft" value="([^"]+)"', page.text)
    assert draft is not None
    entering = {"login_name": "wang.fang", "password": SIGN_UP["password"], "draft": draft[1]}
    resumed = guest.post("/login", data=entering)
    assert f'action="{path}"' in resumed.text
    assert 'name="name" value="新名称 &lt;b&gt;"' in resumed.text
    assert guest.get("/places").status_code == 200


@pytest.mark.parametrize("next_path", ["https://evil.example/", "//evil.example", "/\\evil"])
def test_a_login_leads_nowhere_else(
    admin: FlaskClient, app: Flask, town: Town, next_path: str
) -> None:
    app.test_client().post(invited(admin, town), data=SIGN_UP)
    entering = {"login_name": "wang.fang", "password": SIGN_UP["password"], "next": next_path}
    assert app.test_client().post("/login", data=entering).location == "/"
    assert "evil" not in app.test_client().get(f"/login?next={next_path}").text


def test_five_wrong_passwords_lock_and_the_wait_is_told(
    admin: FlaskClient, app: Flask, town: Town, clock: FixedClock
) -> None:
    app.test_client().post(invited(admin, town), data=SIGN_UP)
    right = {"login_name": "WANG.fang", "password": SIGN_UP["password"]}
    client = app.test_client()
    for number in range(5):
        answer = client.post("/login", data=right | {"password": "wrong"})
        assert answer.status_code == (401 if number < 4 else 429)
    locked = client.post("/login", data=right)
    assert (locked.status_code, "分钟后再试" in locked.text) == (429, True)
    assert 0 < int(locked.headers["Retry-After"]) <= 901
    clock.instant += timedelta(minutes=15)
    assert client.post("/login", data=right).status_code == 303


def test_roles_of_a_person_show_who_gave_them_and_why(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    member = town.staff[2]
    given = {
        "over": f"institution:{town.organisation.bureau}",
        "since": "2026-11-18",
        "reason": "值守 <script>",
    }
    admin.post(f"/members/{member}/roles/new?role=attendant", data=given)
    page = admin.get(f"/members/{member}").text
    assert "值守 &lt;script&gt;" in page
    assert "officer city_admin" in page
    with backend.engine.begin() as db:
        (held,) = given_roles(db, member_id=member)
    assert held.reason == "值守 <script>"


def test_who_came_by_a_link_sets_up_a_sign_in_and_others_end(
    as_role: As, login: Callable[[int], FlaskClient], app: Flask, town: Town, clock: FixedClock
) -> None:
    attendant = town.officers[Role.ATTENDANT]
    city, elsewhere = as_role(Role.CITY_ADMIN), login(attendant)
    found = re.search(r"/login/link/[\w-]+", city.post(f"/members/{attendant}/login-link").text)
    assert found is not None
    browser = app.test_client()
    assert browser.post(found[0]).status_code == 303
    assert "还没有登录名" in browser.get("/account").text
    weak = SIGN_UP | {"password": "wang.fang-A1", "again": "wang.fang-A1"}
    assert browser.post("/account/sign-in", data=weak).status_code == 422
    assert browser.post("/account/sign-in", data=SIGN_UP).status_code == 303
    assert elsewhere.get("/drop-offs").status_code == 303
    assert browser.get("/drop-offs").status_code == 200
    clock.instant += timedelta(minutes=16)
    other = {"password": "Xialing-2026", "again": "Xialing-2026"}
    assert "退出并重新登录" in browser.post("/account/sign-in", data=other).text
    entering = {"login_name": "wang.fang", "password": SIGN_UP["password"]}
    again = app.test_client()
    assert again.post("/login", data=entering).status_code == 303
    assert again.post("/account/sign-in", data=other).status_code == 303
    assert app.test_client().post("/login", data=entering).status_code == 401


def test_no_link_lets_one_administrator_in_as_another(
    admin: FlaskClient, second: int, town: Town
) -> None:
    assert admin.post(f"/members/{second}/login-link").status_code == 403
    assert "生成登录链接" not in admin.get(f"/members/{second}").text
    assert admin.post(f"/members/{town.staff[0]}/login-link").status_code == 409
