"""Every page on small phones: nothing too wide, controls that fingers and readers find."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.builders.scene import Scene
from tests.conftest import PATIENCE_SECONDS

pytestmark = pytest.mark.browser

WIDTHS = (375, 320)
_PAGES = {
    "home/home": "接下来",
    "board/board": "区县",
    "records/records": "我的记录",
    "points/points": "收支明细",
    "me/me": "文字大小",
    "log/log": "绿色出行",
}
_WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_SMALL = """() => [...document.querySelectorAll('.press')].filter((each) => {
  const box = each.getBoundingClientRect()
  return box.width && (box.width < 44 || box.height < 44)
}).map((each) => each.innerText)"""
_UNNAMED = """() => [...document.querySelectorAll('.press')].filter((each) =>
  !(each.innerText.trim() || each.getAttribute('aria-label')) || !each.getAttribute('role')
).map((each) => each.outerHTML.slice(0, 120))"""


def _open(page: Page, path: str, said: str) -> None:
    page.goto(f"#/pages/{path}")
    page.get_by_text(said).first.wait_for()


def _check(page: Page, path: str) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 700})
        assert not page.evaluate(_WIDER), (path, width)
        assert not page.evaluate(_SMALL), (path, width)
    assert not page.evaluate(_UNNAMED), path


def _log(page: Page, scene: Scene) -> None:
    page.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    page.get_by_text("投好了，记下").click()
    page.get_by_text("一步步怎么算的").wait_for()


def test_every_page_fits_small_phones_when_empty_and_when_used(
    logged_in: Page, scene: Scene
) -> None:
    for path, said in _PAGES.items():
        _open(logged_in, path, said)
        _check(logged_in, path)
    _log(logged_in, scene)
    _check(logged_in, "receipt")
    for path, said in _PAGES.items():
        _open(logged_in, path, said)
        _check(logged_in, path)


def test_large_text_is_kept_and_every_page_still_fits(logged_in: Page, scene: Scene) -> None:
    _open(logged_in, "me/me", "文字大小")
    logged_in.get_by_role("radio", name="大字").click()
    logged_in.reload()
    logged_in.locator(".elder").first.wait_for()
    size = "parseFloat(getComputedStyle(document.querySelector('.screen')).fontSize)"
    assert logged_in.evaluate(size) >= 18
    logged_in.evaluate("document.documentElement.style.setProperty('--text', '1.6')")
    for path, said in _PAGES.items():
        _open(logged_in, path, said)
        _check(logged_in, path)
    logged_in.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    logged_in.get_by_text("投好了，记下").wait_for()
    _check(logged_in, "scan")


def test_a_page_tells_its_title_and_takes_the_focus(logged_in: Page) -> None:
    _open(logged_in, "records/records", "第一笔还没有记")
    patience = PATIENCE_SECONDS * 1000
    expect(logged_in).to_have_title("我的记录 · 碳普惠", timeout=patience)
    expect(logged_in.locator(":focus")).to_have_text("我的记录", timeout=patience)


def test_a_keyboard_presses_what_a_finger_does(logged_in: Page) -> None:
    logged_in.get_by_role("link", name="榜单").press("Enter")
    logged_in.get_by_text("本月榜单").wait_for()
    logged_in.get_by_role("radio", name="单位").press("Space")
    assert logged_in.get_by_role("radio", name="单位").get_attribute("aria-checked") == "true"


def test_without_network_the_last_known_pages_are_shown(logged_in: Page, scene: Scene) -> None:
    _log(logged_in, scene)
    _open(logged_in, "records/records", "已入账")
    _open(logged_in, "home/home", "接下来")
    logged_in.context.set_offline(True)
    _open(logged_in, "records/records", "网络不通，先看上次的")
    assert logged_in.get_by_text("已入账").is_visible()


def test_a_poster_without_network_is_kept_for_later(logged_in: Page, scene: Scene) -> None:
    _open(logged_in, "records/records", "第一笔还没有记")
    _log(logged_in, scene)
    logged_in.context.set_offline(True)
    logged_in.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    logged_in.get_by_text("没有网也能记").wait_for()
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("已存在手机里").first.wait_for()
    logged_in.get_by_role("button", name="好了").click()
    logged_in.get_by_role("link", name="记录").click()
    logged_in.get_by_text("在手机里", exact=True).wait_for()


def test_what_waits_is_not_sent_as_the_next_member(
    logged_in: Page, scene: Scene, login_code: Callable[..., str]
) -> None:
    _open(logged_in, "me/me", "文字大小")
    logged_in.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    logged_in.get_by_text("投好了，记下").wait_for()
    logged_in.context.set_offline(True)
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("已存在手机里").first.wait_for()
    _open(logged_in, "me/me", "文字大小")
    logged_in.get_by_role("button", name="退出登录").click()
    logged_in.get_by_role("alert").wait_for()
    logged_in.get_by_role("button", name="还是退出").click()
    logged_in.get_by_label("登录码").wait_for()
    logged_in.context.set_offline(False)
    logged_in.get_by_label("登录码").fill(login_code(scene.members[1]))
    logged_in.get_by_role("button", name="登录").click()
    logged_in.get_by_text("接下来").wait_for()
    _open(logged_in, "records/records", "第一笔还没有记")
    assert logged_in.evaluate("JSON.parse(localStorage.getItem('tanpuhui.queue')).length") == 1


def test_the_position_is_asked_for_by_the_submitting_tap_alone(
    logged_in: Page, scene: Scene
) -> None:
    logged_in.evaluate(
        """() => { navigator.geolocation.getCurrentPosition = (_, refuse) => {
          window.asked = true
          refuse()
        } }"""
    )
    logged_in.goto(f"#/pages/scan/scan?code={quote(scene.located.url, safe='')}")
    logged_in.get_by_text("问一次位置").wait_for()
    assert not logged_in.evaluate("window.asked")
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("自己报的", exact=True).wait_for()
    assert logged_in.evaluate("window.asked")


def test_a_granted_position_is_sent_and_raises_what_counts(logged_in: Page, scene: Scene) -> None:
    logged_in.context.grant_permissions(["geolocation"])
    logged_in.context.set_geolocation({"latitude": 30.2483, "longitude": 120.2061, "accuracy": 10})
    logged_in.goto(f"#/pages/scan/scan?code={quote(scene.located.url, safe='')}")
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("海报上的码和位置").wait_for()
