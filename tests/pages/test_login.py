"""In and out of the phone pages, without JavaScript."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.clock import FixedClock
from backend.people.models import Face
from backend.web.next_path import local_path
from tests.builders.scene import Scene


def test_looking_at_a_link_does_not_use_it_up(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    code = login_code(scene.members[0])
    for _ in range(3):
        page = client.get(f"/login/link/{code}")
        assert page.status_code == 200
        assert f'action="/login/link/{code}"' in page.text
        assert client.get("/me").status_code == 401
    answer = client.post(f"/login/link/{code}")
    assert (answer.status_code, answer.location) == (303, "/me")
    assert client.get("/me").status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    answer = client.post(f"/login/link/{login_code(scene.members[0])}")
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("tanpuhui_api=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_link_works_once(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    path = f"/login/link/{login_code(scene.members[0])}"
    client.post(path)
    client.post("/logout")
    again = client.post(path)
    assert again.status_code == 401
    assert "请向管理员索取新的链接" in again.text


def test_a_link_of_the_console_opens_nothing_here(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    code = login_code(scene.members[0], purpose=Face.CONSOLE)
    assert client.post(f"/login/link/{code}").status_code == 401


def test_an_expired_link_is_refused(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str], clock: FixedClock
) -> None:
    code = login_code(scene.members[0])
    clock.instant += timedelta(hours=2)
    assert client.post(f"/login/link/{code}").status_code == 401


def test_a_pasted_link_logs_in_and_leads_on(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    link = f"http://127.0.0.1:8000/login/link/{login_code(scene.members[0])}"
    poster = f"/p/{scene.attended.url.partition('/p/')[2]}"
    answer = client.post("/login", data={"code": f" {link}\n", "next": poster})
    assert (answer.status_code, answer.location) == (303, poster)


def test_a_link_opened_later_leads_to_the_page_that_asked_for_it(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    client.get("/login?next=/p/R0000001%3Fk%3DABCDEFGHIJ")
    answer = client.post(f"/login/link/{login_code(scene.members[0])}")
    assert answer.location == "/p/R0000001?k=ABCDEFGHIJ"


def test_next_never_leads_to_another_site(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    code = login_code(scene.members[0])
    answer = client.post(f"/login/link/{code}", data={"next": "//evil.example/"})
    assert answer.location == "/me"


@pytest.mark.parametrize(
    "path", ["/", "/me", "/board?season=2026-10", "/p/R0000001?k=ABC", "/p/a/b", "/me?next=//x"]
)
def test_local_paths_are_kept(path: str) -> None:
    assert local_path(path, "/otherwise") == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        None,
        "me",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "http://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/me\n",
        " /me",
        "/" + "a" * 400,
    ],
)
def test_other_paths_are_not(path: str | None) -> None:
    assert local_path(path, "/otherwise") == "/otherwise"


def test_logging_out_ends_the_session_in_the_database(
    member: FlaskClient, stored: Connection
) -> None:
    cookie = member.get_cookie("tanpuhui_api")
    assert cookie is not None
    assert member.post("/logout").location == "/"
    assert member.get_cookie("tanpuhui_api") is None
    member.set_cookie("tanpuhui_api", cookie.value)
    assert member.get("/me").status_code == 401
    assert stored.scalar(text("SELECT count(*) FROM access_token WHERE revoked_at IS NULL")) == 0


def test_forms_of_other_sites_are_refused(member: FlaskClient) -> None:
    answer = member.post("/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert member.get("/me").status_code == 200


def test_a_page_behind_a_login_says_how_to_log_in_and_leads_back(client: FlaskClient) -> None:
    page = client.get("/me/records?cursor=WzFd")
    assert page.status_code == 401
    assert "请先登录" in page.text
    assert 'value="/me/records?cursor=WzFd"' in page.text


def test_the_size_of_letters_is_kept(client: FlaskClient) -> None:
    assert 'data-text="normal"' in client.get("/").text
    answer = client.post("/text-size", data={"size": "largest", "next": "/login"})
    assert (answer.status_code, answer.location) == (303, "/login")
    assert 'data-text="largest"' in client.get("/").text
    client.post("/text-size", data={"size": '"><script>', "next": "//evil.example"})
    assert 'data-text="largest"' in client.get("/").text


def test_pages_run_no_script_of_their_own(client: FlaskClient) -> None:
    page = client.get("/login/link/code")
    policy = page.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "<script>" not in page.text
    assert " style=" not in page.text
