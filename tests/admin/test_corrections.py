"""A correction run through the console: opened by one, approved by two, done by the worker."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from admin.app import create_app
from backend.bootstrap import Backend
from backend.ledger.queries import balance_of
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.service import open_session
from backend.worker import perform, serve
from credit_rules import load_draft
from tests.builders.drafts import a_draft
from tests.builders.town import Town

KIND = "recycling.drop_off"
FORM = {
    "methodology_id": KIND,
    "first_day": "2026-11-18",
    "last_day": "2026-11-18",
    "reason": "塑料折算系数误用",
}


@pytest.fixture
def corrected(backend: Backend, tmp_path: Path) -> Backend:
    """The backend after a second version, in which plastic weighs half as much, was released."""
    change = ('plastic = "1.2"', 'plastic = "0.6"')
    files = a_draft(tmp_path / "draft", KIND, change, start="2026-11-18")
    return replace(backend, rulebook=load_draft(files, backend.rulebook).rulebook)


@pytest.fixture
def browsers(corrected: Backend, town: Town) -> list[FlaskClient]:
    """Two city administrators."""
    app, found = create_app(corrected), []
    now = corrected.clock.now()
    for member_id in (town.officers[Role.CITY_ADMIN], town.staff[5]):
        with corrected.engine.begin() as db:
            grant_role(db, member_id=member_id, grant=Grant(Role.CITY_ADMIN), now=now)
            session = open_session(db, member_id=member_id, face=Face.CONSOLE, now=now)
        client = app.test_client()
        client.set_cookie("tanpuhui_console", session.token)
        found.append(client)
    return found


def _work(backend: Backend) -> None:
    """What the relay and the worker do until the outbox asks for no more."""
    serve(backend)
    while True:
        with backend.engine.begin() as db:
            ids = db.scalars(
                text("SELECT id FROM outbox WHERE kind = 'corrections.step' AND done_at IS NULL")
            ).all()
        if not ids:
            return
        perform("corrections.step", list(ids))


def test_two_administrators_make_an_error_good(
    corrected: Backend, browsers: list[FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0], material="plastic", mass="1")
    first, second = browsers
    opened = first.post("/corrections", data=FORM)
    assert opened.status_code == 303
    page = opened.location.partition("?")[0]
    assert "试算中" in first.get(page).text
    _work(corrected)
    simulated = first.get(page).text
    assert "待批准" in simulated
    assert "-4.8" in simulated
    assert first.post(f"{page}/start").status_code == 409
    assert first.post(f"{page}/approve").status_code == 303
    assert first.post(f"{page}/approve").status_code == 409
    assert second.post(f"{page}/approve").status_code == 303
    assert second.post(f"{page}/start").status_code == 303
    _work(corrected)
    assert "已完成" in second.get(page).text
    with corrected.engine.begin() as db:
        assert balance_of(db, member_id=town.staff[0]).points_mpt == 11_000
    assert second.post(f"{page}/cancel").status_code == 409
    assert "更正 1" in second.get("/corrections").text


def test_a_form_that_lacks_something_is_shown_again(admin: FlaskClient) -> None:
    answer = admin.post("/corrections", data={**FORM, "last_day": "2026-11-17"})
    assert answer.status_code == 422
    assert "起始日期不能晚于截止日期" in answer.text
    assert admin.post("/corrections", data={}).status_code == 422
