from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin.app import create_app
from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.people.models import Face, Role
from backend.people.service import create_login_link
from tests.builders.town import Town


@pytest.fixture
def link(backend: Backend, town: Town) -> Callable[..., str]:
    def make(purpose: Face = Face.CONSOLE, minutes: int = 10) -> str:
        with backend.engine.begin() as db:
            return create_login_link(
                db,
                member_id=town.officers[Role.CITY_ADMIN],
                purpose=purpose,
                ttl=timedelta(minutes=minutes),
                now=backend.clock.now(),
            )

    return make


def test_looking_at_a_link_does_not_use_it_up(app: Flask, link: Callable[..., str]) -> None:
    code = link()
    for _ in range(2):
        page = app.test_client().get(f"/login/link/{code}")
        assert page.status_code == 200
        assert 'method="post"' in page.text
        assert "Set-Cookie" not in page.headers
    assert app.test_client().post(f"/login/link/{code}").status_code == 303


def test_a_link_logs_in_once(app: Flask, link: Callable[..., str]) -> None:
    code, client = link(), app.test_client()
    answer = client.post(f"/login/link/{code}")
    assert answer.location == "/"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert client.get("/").status_code == 200
    again = app.test_client().post(f"/login/link/{code}")
    assert again.status_code == 401
    assert "请向管理员索取新的链接" in again.text
    assert "Set-Cookie" not in again.headers


def test_links_that_open_nothing(app: Flask, link: Callable[..., str], clock: FixedClock) -> None:
    late = link(minutes=1)
    clock.instant += timedelta(minutes=2)
    for code in (late, link(purpose=Face.API), "made-up"):
        answer = app.test_client().post(f"/login/link/{code}")
        assert answer.status_code == 401
        assert "登录链接已使用或已过期" in answer.text


def test_a_session_lasts_twelve_hours(admin: FlaskClient, clock: FixedClock) -> None:
    for _ in range(24):
        assert admin.get("/").status_code == 200
        clock.instant += timedelta(minutes=30)
    clock.instant += timedelta(seconds=1)
    answer = admin.get("/")
    assert answer.status_code == 303
    assert answer.location == "/login?expired=1"
    assert "登录已失效" in admin.get(answer.location).text


def test_a_session_that_nobody_uses_ends_after_half_an_hour(
    admin: FlaskClient, clock: FixedClock
) -> None:
    clock.instant += timedelta(minutes=30)
    assert admin.get("/places").status_code == 200
    clock.instant += timedelta(minutes=30, seconds=1)
    assert admin.get("/places").location == "/login?expired=1&next=/places"


def test_a_part_of_a_page_sends_the_whole_page_to_the_login(app: Flask) -> None:
    answer = app.test_client().get("/drop-offs/newest?after=0", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/login"


def test_logging_out_revokes_the_token(admin: FlaskClient, app: Flask) -> None:
    cookie = admin.get_cookie("tanpuhui_console")
    assert cookie is not None
    answer = admin.post("/logout")
    assert answer.status_code == 303
    assert admin.get_cookie("tanpuhui_console") is None
    thief = app.test_client()
    thief.set_cookie("tanpuhui_console", cookie.value)
    assert thief.get("/").status_code == 303


def test_the_cookie_is_secure_under_https(backend: Backend, link: Callable[..., str]) -> None:
    settings = replace(backend.settings, console_url="https://console.example.cn")
    app = create_app(replace(backend, settings=settings))
    cookie = app.test_client().post(f"/login/link/{link()}").headers["Set-Cookie"]
    assert "Secure" in cookie


def test_another_site_cannot_post_a_form(admin: FlaskClient, town: Town) -> None:
    path = f"/places/{town.bureau_point.place.id}/batches"
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert admin.post(path, headers=headers).status_code == 403
    assert admin.post(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
