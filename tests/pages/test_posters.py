"""The page behind a poster, from the scan to the receipt, without JavaScript."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.organisations.queries import Scope
from backend.places.codes import place_key, rotating_code
from backend.places.models import PlaceState
from backend.places.service import revoke_batch, update_place
from tests.builders.scene import LATITUDE, LONGITUDE, Point, Scene

EVERYWHERE = Scope(everything=True)
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
# As `position.js` fills it in, in the datum of GPS: a little off is inside the radius.
_HERE = {"latitude": "30.248240", "longitude": "120.206200", "accuracy_m": "20"}
_ACTION = re.compile(r'<form method="post" action="(/p/[^"]+)"')


def _path(point: Point) -> str:
    parts = urlsplit(point.url)
    return f"{parts.path}?{parts.query}"


def _form(page: str) -> tuple[str, dict[str, str]]:
    """Where the form of a page posts to, and its hidden fields."""
    action = _ACTION.search(page)
    assert action is not None
    hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
    for other in ("next", "submission"):  # of the footer
        hidden.pop(other, None)
    return html.unescape(action[1]), hidden


def _submit(browser: FlaskClient, page: str, **typed: str) -> Any:
    action, hidden = _form(page)
    return browser.post(action, data={**hidden, **typed})


def _rotating(backend: Backend, scene: Scene, back: timedelta = timedelta(0)) -> str:
    place_id = scene.located.place.id
    code = rotating_code(place_key(backend.keys, place_id), place_id, backend.clock.now() - back)
    return f"/p/{code}"


def _actions(stored: Connection) -> int:
    return stored.scalar(text("SELECT count(*) FROM action")) or 0


def test_everybody_sees_what_a_point_takes(client: FlaskClient, scene: Scene) -> None:
    page = client.get(_path(scene.located)).text
    for told in ("二号楼投放点", "R0000002", "现在开放", "周一至周五 08:00–18:00", "可回收物"):
        assert told in page
    assert "有害垃圾" not in page
    assert '<form method="post" action="/p/' not in page


def test_without_a_login_the_page_says_how_and_leads_back(
    client: FlaskClient, scene: Scene, login_code: Callable[..., str]
) -> None:
    path = _path(scene.attended)
    page = client.get(path).text
    link = re.search(r'class="button wide" href="([^"]+)"', page)
    assert link is not None
    client.get(html.unescape(link[1]))
    assert client.post(f"/login/link/{login_code(scene.members[0])}").location == path


def test_a_drop_off_from_scan_to_receipt(
    member: FlaskClient, scene: Scene, stored: Connection
) -> None:
    page = member.get(_path(scene.attended)).text
    assert "减排 295 克" in page
    answer = _submit(member, page, material="paper", mass="2", **_HERE)
    assert (answer.status_code, answer.location) == (303, "/me/receipts/1")
    receipt = member.get(answer.location).text
    for told in (
        "19 分",
        "590 克",
        "0.295 kgCO2e/kg",
        "英国能源安全与净零排放部",
        "一号楼投放点",
        "2027年11月30日",
    ):
        assert told in receipt
    assert "没有重复计分" not in receipt
    assert _actions(stored) == 1


def test_submitting_again_leads_to_the_same_receipt_with_a_note(
    member: FlaskClient, scene: Scene, stored: Connection, clock: FixedClock
) -> None:
    page = member.get(_path(scene.attended)).text
    first = _submit(member, page, material="paper", mass="2")
    clock.instant += timedelta(hours=3)
    again = _submit(member, page, material="paper", mass="2")
    assert again.status_code == 303
    assert again.location.partition("?")[0] == first.location
    assert "这条记录已存在，没有重复计分" in member.get(again.location).text
    assert _actions(stored) == 1


def test_going_back_and_changing_the_mass_offers_a_new_form(
    member: FlaskClient, scene: Scene, stored: Connection
) -> None:
    page = member.get(_path(scene.attended)).text
    _submit(member, page, material="paper", mass="2")
    changed = _submit(member, page, material="paper", mass="3")
    assert changed.status_code == 422
    assert "凭据号" in changed.text
    assert 'value="3"' in changed.text
    assert _form(changed.text)[1]["reference"] != _form(page)[1]["reference"]
    assert _actions(stored) == 1


@pytest.mark.parametrize(
    "typed,at,told",
    [
        ({"material": "paper", "mass": "100"}, "mass", "0.01 到 50"),
        ({"material": "paper", "mass": "两斤"}, "mass", "半角数字"),
        ({"material": "paper"}, "mass", "请填写“质量”"),
        ({"mass": "2"}, "material", "请选择"),
        ({"material": "gold", "mass": "2"}, "material", "请选择"),
    ],
)
def test_what_is_wrong_is_told_beside_its_field_and_typing_is_kept(
    member: FlaskClient,
    scene: Scene,
    stored: Connection,
    typed: dict[str, str],
    at: str,
    told: str,
) -> None:
    page = member.get(_path(scene.attended)).text
    answer = _submit(member, page, **typed)
    assert answer.status_code == 422
    assert f'<a href="#{at}">' in answer.text
    fault = re.search(rf'class="fault" id="{at}-fault-1">([^<]+)<', answer.text)
    assert fault is not None
    assert told in fault[1]
    assert f'value="{typed.get("mass", "")}"' in answer.text
    if typed.get("material") == "paper":
        assert re.search(r'value="paper" required checked', answer.text)
    assert _form(answer.text)[1] == _form(page)[1]
    assert _actions(stored) == 0


def test_a_form_of_more_than_an_hour_ago_gets_a_new_time_and_reference(
    member: FlaskClient, scene: Scene, clock: FixedClock
) -> None:
    page = member.get(_path(scene.attended)).text
    clock.instant += timedelta(hours=2)
    answer = _submit(member, page, material="paper", mass="100")
    before, after = _form(page)[1], _form(answer.text)[1]
    assert after["occurred_at"] > before["occurred_at"]
    assert after["reference"] != before["reference"]


def test_a_poster_that_wants_a_position_counts_in_full_with_one(
    member: FlaskClient, scene: Scene
) -> None:
    page = member.get(_path(scene.located)).text
    assert "使用我的位置" in page
    assert "1 千克最多得 5 分" in page
    position = {
        # The point in WGS-84, as a browser tells it: about 550 m from its GCJ-02 coordinates.
        "latitude": str(LATITUDE + Decimal("0.002400")),
        "longitude": str(LONGITUDE - Decimal("0.004600")),
        "accuracy_m": "30",
    }
    answer = _submit(member, page, material="paper", mass="1", **position)
    receipt = member.get(answer.location).text
    assert "295 克" in receipt
    assert "T1" in receipt


def test_without_a_position_the_receipt_says_what_that_costs(
    member: FlaskClient, scene: Scene
) -> None:
    page = member.get(_path(scene.located)).text
    receipt = member.get(_submit(member, page, material="paper", mass="1").location).text
    assert "自行申报" in receipt
    assert "动态码" in receipt


def test_a_position_elsewhere_is_refused_and_says_so(
    member: FlaskClient, scene: Scene, stored: Connection
) -> None:
    page = member.get(_path(scene.located)).text
    position = {"latitude": "30.4", "longitude": "120.2", "accuracy_m": "30"}
    answer = _submit(member, page, material="paper", mass="1", **position)
    assert answer.status_code == 422
    assert "不在这个投放点附近" in answer.text
    assert _actions(stored) == 0


def test_a_rotating_code_works_and_yesterdays_does_not(
    member: FlaskClient, scene: Scene, backend: Backend
) -> None:
    page = member.get(_rotating(backend, scene))
    assert page.status_code == 200
    assert "不需要位置" in page.text
    answer = _submit(member, page.text, material="paper", mass="1")
    assert "T2" in member.get(answer.location).text
    old = member.get(_rotating(backend, scene, back=timedelta(days=1)))
    assert old.status_code == 422
    assert "请扫描屏幕上最新的二维码" in old.text


def test_codes_that_lead_nowhere_say_what_to_do(
    client: FlaskClient, scene: Scene, backend: Backend
) -> None:
    path = _path(scene.attended)
    other = "A" if path[-1] != "A" else "B"
    for wrong, status, told in (
        (path[:-1] + other, 422, "重新扫描"),
        (path.partition("?")[0], 422, "不是碳普惠的二维码"),
        ("/p/R9999999?k=ABCDEFGHIJ", 404, "请核对海报上的编号"),
        ("/p/nothing", 422, "不是碳普惠的二维码"),
    ):
        page = client.get(wrong)
        assert page.status_code == status
        assert told in page.text
        assert page.mimetype == "text/html"
    with backend.engine.begin() as db:
        revoke_batch(
            db,
            scene.attended.batch_id,
            reason="海报被拍照转发",
            scope=EVERYWHERE,
            actor_id=None,
            at=backend.clock.now(),
        )
    revoked = client.get(path)
    assert revoked.status_code == 422
    assert "新张贴的海报" in revoked.text


def test_a_point_that_takes_nothing_now_has_no_form(
    member: FlaskClient, scene: Scene, clock: FixedClock, backend: Backend
) -> None:
    clock.instant += timedelta(hours=10)
    closed_now = member.get(_path(scene.located)).text
    assert "现在不开放" in closed_now
    assert "记录这次投放" not in closed_now
    with backend.engine.begin() as db:
        update_place(
            db,
            scene.attended.place.id,
            {"state": PlaceState.PAUSED},
            scope=EVERYWHERE,
            actor_id=None,
            at=backend.clock.now(),
        )
    paused = member.get(_path(scene.attended)).text
    assert "暂停使用" in paused
    assert "记录这次投放" not in paused


def test_posting_needs_a_login_and_leads_back_to_the_poster(
    client: FlaskClient, member: FlaskClient, scene: Scene, stored: Connection
) -> None:
    action, hidden = _form(member.get(_path(scene.attended)).text)
    answer = client.post(action, data={**hidden, "material": "paper", "mass": "2"})
    assert answer.status_code == 401
    assert f'value="{_path(scene.attended)}"' in answer.text
    assert _actions(stored) == 0


def test_what_was_typed_is_never_markup(member: FlaskClient, scene: Scene) -> None:
    page = member.get(_path(scene.attended)).text
    answer = _submit(member, page, material="paper", mass='"><img src=x onerror=alert(1)>')
    assert "<img" not in answer.text


def test_a_form_filled_in_slowly_needs_no_second_scan(
    member: FlaskClient, scene: Scene, backend: Backend, clock: FixedClock, stored: Connection
) -> None:
    page = member.get(_rotating(backend, scene)).text
    assert "10 分钟" in page
    clock.instant += timedelta(minutes=6)
    wrong = _submit(member, page, material="paper", mass="many")
    assert wrong.status_code == 422
    clock.instant += timedelta(minutes=3)
    assert _submit(member, wrong.text, material="paper", mass="2").status_code == 303
    assert _actions(stored) == 1
    # The page can be sent again from another tab; the scan has earned already.
    action, hidden = _form(page)
    hidden["reference"] += "-2"
    used = member.post(action, data={**hidden, "material": "paper", "mass": "2"})
    assert used.status_code == 409
    assert _actions(stored) == 1


def test_a_form_kept_too_long_asks_for_another_scan(
    member: FlaskClient, scene: Scene, backend: Backend, clock: FixedClock, stored: Connection
) -> None:
    page = member.get(_rotating(backend, scene)).text
    clock.instant += timedelta(minutes=10)
    late = _submit(member, page, material="paper", mass="2")
    assert late.status_code == 422
    assert "重新扫描" in late.text
    assert _actions(stored) == 0


def test_another_members_form_earns_nothing(
    member: FlaskClient,
    scene: Scene,
    backend: Backend,
    log_in: Callable[[int], FlaskClient],
    stored: Connection,
) -> None:
    page = member.get(_rotating(backend, scene)).text
    other = _submit(log_in(scene.members[1]), page, material="paper", mass="2")
    assert other.status_code == 422
    assert "本人" in other.text
    assert _actions(stored) == 0
