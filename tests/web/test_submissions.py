"""A form acts once: however often it is sent, whatever the network does, on both faces."""

import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Response, redirect, render_template_string, request
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text

from backend.web import access
from backend.web.application import Application
from backend.web.submissions import creates
from backend.web.transaction import connection

MakeApp = Callable[..., Application]
ROOT = Path(__file__).parents[2]
LATENCY = 0.8


@pytest.fixture(autouse=True)
def keeping(redis: Redis) -> Redis:
    """An empty Redis to keep answers in."""
    return redis


def _with_a_form(app: Application) -> Application:
    """A form that writes a note, slowly where it is told to."""

    @app.get("/form")
    @access.public
    def show() -> str:
        return render_template_string('<form method="post">{{ submission() }}</form>')

    @app.post("/form")
    @access.public
    def write() -> Response:
        if request.form["body"] == "wrong":
            return Response("wrong", status=422)
        row = connection().execute(
            text("INSERT INTO note (body) VALUES (:body) RETURNING id"),
            {"body": request.form["body"]},
        )
        time.sleep(float(request.form.get("seconds", "0")))
        answer = redirect(f"/notes/{row.scalar_one()}", 303)
        answer.set_cookie("seen", "yes")
        return answer  # type: ignore[return-value]

    return app


def _reference(client: FlaskClient) -> str:
    found = re.search(r'name="submission" value="([^"]+)"', client.get("/form").text)
    assert found is not None
    return found[1]


def test_three_clicks_act_once_and_tell_the_same(
    app: Application, stored: Callable[[], list[str]]
) -> None:
    _with_a_form(app)
    reference = _reference(app.test_client())
    sent = {"submission": reference, "body": "once", "seconds": f"{LATENCY}"}
    answers: list[tuple[int, str | None, str | None]] = []

    def click() -> None:
        answer = app.test_client().post("/form", data=sent)
        cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        answers.append((answer.status_code, answer.headers.get("Location"), cookie))

    clicks = [threading.Thread(target=click) for _ in range(3)]
    for each in clicks:
        each.start()
        time.sleep(0.2)
    for each in clicks:
        each.join()
    assert answers == [(303, "/notes/1", "seen=yes")] * 3
    assert stored() == ["once"]


def test_what_was_refused_may_be_sent_again_and_other_content_acts(
    app: Application, stored: Callable[[], list[str]]
) -> None:
    client = _with_a_form(app).test_client()
    sent = {"submission": _reference(client), "body": "wrong"}
    assert [client.post("/form", data=sent).status_code for _ in range(2)] == [422, 422]
    for body in ("first", "second", "first"):
        client.post("/form", data={**sent, "body": body})
    assert stored() == ["first", "second"]


def test_the_same_content_from_another_page_is_asked_about(
    app: Application, stored: Callable[[], list[str]]
) -> None:
    client = _with_a_form(app).test_client()
    creates(app.view_functions["write"])
    sent = {"body": "a lost answer"}
    assert client.post("/form", data={**sent, "submission": _reference(client)}).status_code == 303
    typed_again = client.post("/form", data={**sent, "submission": _reference(client)})
    assert typed_again.status_code == 409
    assert 'name="body" value="a lost answer"' in typed_again.text
    assert stored() == ["a lost answer"]
    other = {"body": "another", "submission": _reference(client)}
    assert client.post("/form", data=other).status_code == 303
    again = re.search(r'name="submission" value="([^"]+)"', typed_again.text)
    assert again is not None
    meant = {**sent, "submission": again[1], "submit_again": "1"}
    assert client.post("/form", data=meant).status_code == 303
    assert stored() == ["a lost answer", "another", "a lost answer"]


def test_another_browser_is_another_submission(
    app: Application, stored: Callable[[], list[str]]
) -> None:
    client = _with_a_form(app).test_client()
    sent = {"submission": _reference(client), "body": "mine"}
    client.post("/form", data=sent)
    client.post("/form", data=sent, environ_overrides={"REMOTE_ADDR": "10.0.0.9"})
    assert stored() == ["mine", "mine"]


def test_what_is_kept_is_sealed(app: Application, redis: Redis) -> None:
    client = _with_a_form(app).test_client()
    client.post("/form", data={"submission": _reference(client), "body": "secret"})
    (key,) = redis.keys("tanpuhui:submission:*")
    assert b"seen" not in (redis.get(key) or b"")


def test_without_redis_forms_act(make_app: MakeApp, stored: Callable[[], list[str]]) -> None:
    app = make_app()
    client = _with_a_form(app).test_client()
    sent = {"submission": "not a reference", "body": "plain"}
    assert client.post("/form", data=sent).status_code == 303
    assert stored() == ["plain"]


@pytest.mark.parametrize("face", ["admin", "miniprogram_api"])
def test_every_form_of_a_face_carries_a_reference(face: str) -> None:
    bare = []
    found = 0
    for page in (ROOT / face / "templates").rglob("*.html"):
        for form in re.findall(r"<form\b.*?</form>", page.read_text(encoding="utf-8"), re.DOTALL):
            if 'method="post"' in form.lower():
                found += 1
                # One with a reference of its own is told what came of it by the domain.
                if form.count("{{ submission() }}") + form.count('name="reference"') != 1:
                    bare.append((page.name, form[:80]))
    assert found >= 10
    assert bare == []
