"""记录行为, from the list to the receipt, without JavaScript."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.places.codes import place_key, rotating_code
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord
from backend.places.policy import ALWAYS_OPEN
from backend.places.service import create_place
from tests.builders.scene import LATITUDE, LONGITUDE, Scene

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_ACTION = re.compile(r'<form method="post" action="(/log/[^"]+)"')
_WHEN = re.compile(r'name="when"[^>]* value="([^"]*)"')


def _submit(browser: FlaskClient, page: str, **typed: str) -> Any:
    """Sends the form of a page with its hidden fields, and with its time unless one is typed."""
    action, when = _ACTION.search(page), _WHEN.search(page)
    assert action is not None
    assert when is not None
    hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
    for other in ("next", "submission"):  # of the footer
        hidden.pop(other, None)
    fields = {name.replace("fact_", "fact-"): value for name, value in typed.items()}
    return browser.post(html.unescape(action[1]), data={"when": when[1], **hidden, **fields})


def _actions(stored: Connection) -> int:
    return stored.scalar(text("SELECT count(*) FROM action")) or 0


@pytest.fixture
def place(backend: Backend, scene: Scene) -> Callable[[PlaceKind], PlaceRecord]:
    def made(kind: PlaceKind) -> PlaceRecord:
        with backend.engine.begin() as db:
            draft = PlaceDraft(
                kind=kind,
                name="一号楼东侧",
                institution_id=scene.institution_id,
                address="解放东路 18 号",
                accepted=(),
                hours=ALWAYS_OPEN,
                latitude=LATITUDE,
                longitude=LONGITUDE,
            )
            return create_place(db, draft, actor_id=None, at=backend.clock.now())

    return made


def test_the_list_groups_every_kind_and_says_what_cannot_be_logged_yet(
    member: FlaskClient,
) -> None:
    page = member.get("/log").text
    for told in ("绿色出行", "光盘与自带", "绿色办公", "减排场景", "行为场景", "未开通"):
        assert told in page
    assert 'href="/log/commute.metro"' in page
    assert "还能得 24 分" in page
    assert 'href="/log/commute.steps"' not in page


def test_the_pages_want_a_login_and_lead_back(client: FlaskClient) -> None:
    answer = client.get("/log/commute.metro")
    assert answer.status_code == 401
    assert 'value="/log/commute.metro"' in answer.text


def test_a_trip_from_the_form_to_the_receipt_and_again(
    member: FlaskClient, stored: Connection
) -> None:
    page = member.get("/log/commute.metro").text
    for told in (
        "填 1 到 60 公里之间的数",
        "积分乘以 0.5",
        "不计减排量",
        "同一行程：",
        "2026-11-18T10:00",
    ):
        assert told in page
    answer = _submit(member, page, fact_distance="10")
    assert (answer.status_code, answer.location) == (303, "/me/receipts/1")
    receipt = member.get(answer.location).text
    for told in ("地铁通勤", "5 分", "自行申报", "深圳市生态环境局"):
        assert told in receipt
    again = _submit(member, page, fact_distance="10")
    assert again.location == "/me/receipts/1?again=1"
    assert _actions(stored) == 1


@pytest.mark.parametrize(
    "typed,at,told",
    [
        ({"fact_distance": "100"}, "fact-distance", "1 到 60"),
        ({}, "fact-distance", "请填写“里程”"),
        ({"fact_distance": "10", "when": "昨天"}, "when", ""),
        ({"fact_distance": "10", "when": "2026-11-18T10:30"}, "when", "晚于现在"),
        ({"fact_distance": "10", "when": "2026-11-01T10:30"}, "when", "7 天以内"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field(
    member: FlaskClient, stored: Connection, typed: dict[str, str], at: str, told: str
) -> None:
    answer = _submit(member, member.get("/log/commute.metro").text, **typed)
    assert answer.status_code == 422
    fault = re.search(rf'id="{at}-fault-1">([^<]+)<', answer.text)
    assert fault is not None
    assert told in fault[1]
    assert 'role="alert"' in answer.text
    assert _actions(stored) == 0


def test_the_same_trip_twice_is_explained(member: FlaskClient, stored: Connection) -> None:
    _submit(member, member.get("/log/commute.metro").text, fact_distance="10")
    answer = _submit(member, member.get("/log/commute.bus").text, fact_distance="5")
    assert answer.status_code == 409
    assert "已记过“地铁通勤”" in answer.text
    earlier = _submit(member, answer.text, fact_distance="5", when="2026-11-17T18:00")
    assert earlier.status_code == 303
    assert _actions(stored) == 2


def test_changing_what_was_sent_offers_a_new_form(member: FlaskClient, stored: Connection) -> None:
    page = member.get("/log/stairs.climb").text
    _submit(member, page, fact_floors="6")
    changed = _submit(member, page, fact_floors="7")
    assert (changed.status_code, _actions(stored)) == (422, 1)
    assert _submit(member, changed.text, fact_floors="7").status_code == 303


def test_a_scan_in_the_stairwell_counts_in_full(
    member: FlaskClient,
    backend: Backend,
    clock: FixedClock,
    place: Callable[[PlaceKind], PlaceRecord],
) -> None:
    there = place(PlaceKind.STAIRWELL)
    code = rotating_code(place_key(backend.keys, there.id), there.id, clock.now())
    page = member.get(f"/p/{code}").text
    link = re.search(r'href="(/log/stairs.climb[^"]*)"', page)
    assert link is not None
    # The code is dead by now; the ticket in the link is not.
    clock.instant += timedelta(minutes=4)
    form = member.get(html.unescape(link[1])).text
    assert "一号楼东侧" in form
    clock.instant += timedelta(minutes=4)
    answer = _submit(member, form, fact_floors="6")
    receipt = member.get(answer.location).text
    for told in ("一号楼东侧", "T2", "屏幕动态码"):
        assert told in receipt
    clock.instant += timedelta(minutes=2)
    late = member.get(html.unescape(link[1]))
    assert (late.status_code, "重新扫描" in late.text) == (422, True)


def test_a_kind_that_takes_nobodys_word_says_where_to_scan(member: FlaskClient) -> None:
    page = member.get("/log/culture.museum_visit").text
    assert "请到活动场所扫描现场屏幕动态码" in page
    assert _ACTION.search(page) is None
    assert member.get("/log/no.such_kind").status_code == 422
