"""The console in a real browser: by link from the login to the ranking, on a desk and in a hand."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright
from werkzeug.serving import make_server

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.organisations.queries import institution
from backend.people.models import Face, Role
from backend.people.service import create_login_link
from tests.builders.people import a_roster_csv
from tests.builders.town import Town
from tests.conftest import PATIENCE_SECONDS

pytestmark = pytest.mark.browser
SIZES = {"desk": (1280, 900), "hand": (390, 844)}


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the real present: the browser drops cookies by its own clock."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """Where the console is served for this test."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console complained about."""
    return []


@pytest.fixture(params=SIZES)
def page(
    request: pytest.FixtureRequest,
    browser: Browser,
    address: str,
    town: Town,
    backend: Backend,
    complaints: list[str],
) -> Iterator[Page]:
    """A page that a city administrator has logged in on by a link."""
    with backend.engine.begin() as db:
        code = create_login_link(
            db,
            member_id=town.officers[Role.CITY_ADMIN],
            purpose=Face.CONSOLE,
            ttl=timedelta(minutes=10),
            now=backend.clock.now(),
        )
    width, height = SIZES[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=address, locale="zh-CN"
    )
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    opened = context.new_page()

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def fail(error: Error) -> None:
        complaints.append(str(error))

    opened.on("console", listen)
    opened.on("pageerror", fail)
    opened.goto(f"/login/link/{code}")
    opened.wait_for_url("**/")
    yield opened
    context.close()


def _assert_fits(page: Page) -> None:
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], page.url


def test_every_screen_fits_and_none_complains(
    page: Page, complaints: list[str], town: Town, drop_off: Callable[..., int]
) -> None:
    action = drop_off(town.bureau_point, town.staff[0])
    point = f"/places/{town.bureau_point.place.id}"
    for path in (
        "/",
        "/places",
        "/places/new",
        point,
        f"{point}/edit",
        f"{point}/batches/{town.bureau_point.batch_id}/revoke",
        f"{point}/screen",
        "/drop-offs",
        f"/drop-offs/{action}",
        "/rankings",
        "/institutions",
        f"/institutions/{town.organisation.bureau}",
        f"/institutions/{town.organisation.bureau}/edit",
        f"/departments/{town.organisation.office}/move",
        f"/institutions/{town.organisation.bureau}/years/new",
        f"/institutions/{town.organisation.bureau}/departments/new",
        f"/institutions/{town.organisation.bureau}/invitations/new",
        "/institutions/new",
        "/imports/organisations",
        "/city",
        "/city/districts/new",
        "/members",
        f"/members/{town.officers[Role.ATTENDANT]}",
        f"/members/{town.officers[Role.CITY_ADMIN]}",
        f"/members/{town.staff[0]}/deactivate",
        f"/members/{town.staff[0]}/roles/new?role=attendant",
        "/roles",
        "/roles/invitations/new",
        "/account",
        "/audit",
    ):
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        _assert_fits(page)
    assert complaints == []


def test_the_poster_is_seen_on_the_points_page(page: Page, town: Town) -> None:
    page.get_by_role("link", name="点位").first.click()
    page.get_by_role("link", name=town.bureau_point.place.name).first.click()
    poster = page.get_by_alt_text("的海报")
    poster.scroll_into_view_if_needed()
    expect(poster).to_have_js_property("complete", value=True)
    assert poster.evaluate("image => image.naturalWidth") > 0
    with page.expect_download() as saved:
        page.get_by_role("link", name="下载 A4 PDF").click()
    assert saved.value.suggested_filename.endswith(".pdf")


def test_a_drop_off_moves_the_open_ranking_by_itself(
    page: Page, complaints: list[str], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    page.goto("/rankings")
    first = page.locator("table.ranking tbody tr").first
    assert "办公室" in first.inner_text()
    for member in town.staff[6:9]:
        drop_off(town.bureau_point, member)
    page.locator("table.ranking tbody tr").first.filter(has_text="财务处").wait_for()
    assert complaints == []


def test_a_drop_off_comes_to_the_open_list(
    page: Page, complaints: list[str], town: Town, drop_off: Callable[..., int]
) -> None:
    page.goto("/drop-offs")
    assert page.get_by_text("没有行为记录").is_visible()
    drop_off(town.bureau_point, town.staff[0])
    page.locator("tr.fresh").filter(has_text="小林1").wait_for()
    assert page.get_by_text("没有行为记录").count() == 0
    assert complaints == []


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/places")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_without_scripts_a_point_is_made(
    browser: Browser, address: str, town: Town, backend: Backend
) -> None:
    with backend.engine.begin() as db:
        code = create_login_link(
            db,
            member_id=town.officers[Role.CITY_ADMIN],
            purpose=Face.CONSOLE,
            ttl=timedelta(minutes=10),
            now=backend.clock.now(),
        )
    context = browser.new_context(java_script_enabled=False, base_url=address)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    plain = context.new_page()
    plain.goto(f"/login/link/{code}")
    plain.get_by_role("button", name="登录").click()
    plain.goto("/places/new")
    plain.get_by_label("名称").fill("无脚本投放点")
    plain.get_by_label("所属单位").select_option(label="市事务局")
    plain.get_by_label("地址").fill("解放东路 18 号")
    plain.get_by_role("button", name="保存").click()
    assert plain.get_by_text("点位已新增").is_visible()
    plain.get_by_role("button", name="生成第一批海报").click()
    assert plain.get_by_alt_text("的海报").is_visible()
    plain.get_by_role("button", name="退出").click()
    assert plain.get_by_text("您已退出登录").is_visible()
    context.close()


def test_a_roster_is_tried_marked_and_taken_in(
    page: Page, complaints: list[str], town: Town, backend: Backend
) -> None:
    with backend.engine.connect() as db:
        code = institution(db, institution_id=town.organisation.bureau).credit_code
    rows = [
        (code, "办公室", "B001", "张三", "", "", ""),
        (code, "没有的部门", "B002", "李四", "", "", ""),
    ]
    page.goto("/imports/roster")
    page.get_by_label("表格文件").set_input_files(
        {"name": "名册.csv", "mimeType": "text/csv", "buffer": a_roster_csv(rows)}
    )
    page.get_by_role("button", name="上传并检查").click()
    expect(page.get_by_role("cell", name="第 3 行")).to_be_visible()
    _assert_fits(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载标出错误的表格").click()
    assert download.value.suggested_filename == "标出错误-名册.xlsx"
    page.get_by_role("button", name="只导入没有问题的行").click()
    expect(page.get_by_text("导入完成")).to_be_visible()
    _assert_fits(page)
    page.goto(f"/institutions/{town.organisation.bureau}/invitations/new")
    page.get_by_label("生成几个").fill("4")
    page.get_by_role("button", name="生成邀请码").click()
    expect(page.locator(".slip-code")).to_have_count(4)
    _assert_fits(page)
    assert complaints == []
