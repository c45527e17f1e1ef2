"""A first visit: log in by a link, drop off, log on one's word, with and without network."""

import time
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route
from sqlalchemy import Connection, func, select

from backend.actions.models import Action
from tests.builders.scene import Scene
from tests.conftest import PATIENCE_SECONDS

pytestmark = pytest.mark.browser


def _scan(page: Page, scene: Scene) -> None:
    page.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    page.get_by_text("投好了，记下").wait_for()


def _wait_for_empty_queue(page: Page) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while page.evaluate("localStorage.getItem('tanpuhui.queue')") is not None:
        assert time.monotonic() < until
        page.wait_for_timeout(100)


def _count(stored: Connection) -> int:
    return stored.scalar(select(func.count()).select_from(Action)) or 0


def test_three_taps_from_the_poster_to_the_receipt(
    logged_in: Page, scene: Scene, stored: Connection
) -> None:
    _scan(logged_in, scene)
    logged_in.get_by_role("radio", name="铝罐").click()
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("一步步怎么算的").wait_for()
    assert _count(stored) == 1
    logged_in.get_by_text("一步步怎么算的").click()
    assert logged_in.get_by_text("1. ").first.is_visible()
    logged_in.get_by_text("好了", exact=True).click()
    logged_in.get_by_text("接下来").wait_for()
    assert logged_in.get_by_role("button", name="投放", exact=False).first.is_visible()


def test_a_poster_before_the_login_comes_back_after_it(
    phone: Page, scene: Scene, login_code: Callable[..., str]
) -> None:
    phone.goto(f"#/pages/scan/scan?code={quote(scene.attended.url, safe='')}")
    phone.get_by_label("登录码").fill(login_code(scene.members[0]))
    phone.get_by_role("button", name="登录").click()
    phone.get_by_text("投好了，记下").wait_for()
    assert phone.get_by_text("一号楼投放点").is_visible()


def test_without_network_nothing_is_lost_and_nothing_counts_twice(
    logged_in: Page, scene: Scene, stored: Connection
) -> None:
    _scan(logged_in, scene)
    logged_in.context.set_offline(True)
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("已存在手机里").first.wait_for()
    assert _count(stored) == 0
    logged_in.context.set_offline(False)
    logged_in.evaluate("window.dispatchEvent(new Event('online'))")
    _wait_for_empty_queue(logged_in)
    assert _count(stored) == 1
    logged_in.reload()
    logged_in.wait_for_load_state("networkidle")
    assert _count(stored) == 1


def test_an_answer_lost_on_the_way_back_is_asked_for_again_not_logged_again(
    logged_in: Page, scene: Scene, stored: Connection
) -> None:
    _scan(logged_in, scene)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    logged_in.route("**/api/v1/actions", lose, times=1)
    logged_in.get_by_text("投好了，记下").click()
    logged_in.get_by_text("已存在手机里").first.wait_for()
    assert _count(stored) == 1
    logged_in.reload()
    _wait_for_empty_queue(logged_in)
    assert _count(stored) == 1


def test_what_the_server_refuses_is_said_in_its_own_words(logged_in: Page) -> None:
    logged_in.goto("#/pages/scan/scan?code=R0000099.XXXXXXXXXX")
    assert logged_in.get_by_role("alert").inner_text().strip()


def test_a_kind_on_ones_word_remembers_what_was_typed(logged_in: Page, stored: Connection) -> None:
    logged_in.goto("#/pages/log/log")
    logged_in.get_by_role("radio", name="地铁通勤").click()
    logged_in.get_by_label("里程").fill("8")
    logged_in.get_by_role("button", name="记下", exact=True).click()
    logged_in.get_by_text("一步步怎么算的").wait_for()
    assert _count(stored) == 1
    logged_in.goto("#/pages/log/log")
    logged_in.get_by_role("radio", name="地铁通勤").click()
    assert logged_in.get_by_label("里程").input_value() == "8"
