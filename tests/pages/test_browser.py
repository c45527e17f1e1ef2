"""One whole visit in Chromium at the size of a phone."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.donations.service import GiftOrder, donate
from backend.organisations.queries import Scope
from backend.proofs import jobs
from backend.proofs.months import seal_due
from backend.rewards.codes import redemption_code
from backend.rewards.service import fulfil
from tests.builders.drop_offs import code_on_screen
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_reward
from tests.builders.scene import Scene

CHROMIUM = "/usr/bin/chromium"
_PAIRS = """() => {
  const light = (channel) => {
    const value = channel / 255;
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
  const backdrop = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(parse(style.color)), luminance(backdrop(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const leading = parseFloat(style.lineHeight) / parseFloat(style.fontSize);
    if (ratio < 4.5 || leading < 1.29) faint.push([element.outerHTML.slice(0, 80), ratio, leading]);
  }
  return faint;
}"""
_SMALL = """() => [...document.querySelectorAll(
    "button, .button, nav a, summary, input[type=text], input[type=datetime-local], "
    + ".material, a.row")]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 44)
  .map((element) => element.outerHTML.slice(0, 80))"""
_WIDE = "() => document.documentElement.scrollWidth > window.innerWidth"


def _lose_the_answer(route: Route) -> None:
    """Lets a request reach the server and its answer get lost on the way back."""
    route.fetch(max_redirects=0)
    route.abort()


@pytest.fixture
def clock() -> FixedClock:
    """Stands at the machine's present: the browser holds cookies against its own clock."""
    return FixedClock(datetime.now(UTC))


def _look(page: Page) -> None:
    """Holds what is on the screen against contrast, line height, size of targets and width."""
    page.wait_for_load_state("load")  # a click waits for the answer, not for its style sheet
    assert page.evaluate(_PAIRS) == []
    assert page.evaluate(_SMALL) == []
    assert not page.evaluate(_WIDE)


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page on a phone, in either colour scheme, in which no script may fail or be refused."""
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        phone = browser.new_context(
            viewport={"width": 390, "height": 844}, locale="zh-CN", color_scheme=request.param
        )
        page = phone.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Policy" in line.text else None)
        yield page
        browser.close()
    assert faults == []


@pytest.mark.browser
def test_a_visit_from_the_login_link_to_the_same_receipt_twice(
    page: Page,
    site: str,
    scene: Scene,
    backend: Backend,
    clock: FixedClock,
    login_code: Callable[..., str],
) -> None:
    page.goto(f"{site}/")
    _look(page)
    page.goto(f"{site}/login/link/{login_code(scene.members[0])}")
    page.wait_for_url("**/me")
    _look(page)
    page.goto(f"{site}/p/{code_on_screen(backend.keys, scene.attended.place.id, clock.now())}")
    _look(page)
    page.get_by_role("radio", name="铝罐").check()
    page.get_by_label("有多重").fill("0.25")
    page.route("**/drop-offs*", _lose_the_answer)
    page.get_by_role("button", name="记录这次投放").click()
    page.wait_for_url("chrome-error://**")
    page.unroute("**/drop-offs*")
    page.reload()
    page.wait_for_url("**/me/receipts/1?again=1")
    _look(page)
    assert "2.030205 千克" in page.locator(".big").inner_text()
    assert "没有重复计分" in page.get_by_role("status").inner_text()
    page.get_by_role("link", name="再记一条").click()
    page.wait_for_url("**/log")
    _look(page)
    page.get_by_role("link", name="“135”绿色出行").click()
    page.get_by_role("button", name="记录", exact=True).click()
    _look(page)
    page.get_by_label("里程").fill("2.5")
    page.get_by_role("radio", name="骑车").check()
    page.get_by_role("button", name="记录", exact=True).click()
    page.wait_for_url("**/me/receipts/2")
    _look(page)
    page.get_by_role("link", name="怎样核验").click()
    page.wait_for_url("**/proofs")
    page.get_by_role("button", name="核验").click()
    page.get_by_role("alert").wait_for()
    _look(page)
    page.get_by_role("link", name="榜单", exact=True).click()
    page.wait_for_url("**/board")
    _look(page)
    page.get_by_role("button", name="特大").click()
    page.wait_for_url("**/board")
    _look(page)


@pytest.mark.browser
@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_code_is_shown_until_it_was_collected(
    page: Page, site: str, scene: Scene, login_code: Callable[..., str], backend: Backend
) -> None:
    with backend.engine.begin() as db:
        earn(db, scene.members[0], points_mpt=25_000, reduction_mg=5_000)
        a_cause(db, scene.institution_id, backend.clock.now())
        a_reward(db, scene.institution_id, backend.clock.now())
    page.goto(f"{site}/login/link/{login_code(scene.members[0])}")
    page.wait_for_url("**/me")
    page.get_by_role("link", name="捐赠").click()
    page.get_by_role("link", name="西溪湿地护鸟").click()
    _look(page)
    page.get_by_role("link", name="返回列表").click()
    page.get_by_role("link", name="去兑换").click()
    page.get_by_role("link", name="环保布袋").click()
    _look(page)
    page.clock.install()
    page.get_by_role("button", name="确认兑换").click()
    page.wait_for_url("**/me/redemptions/1")
    _look(page)
    first = page.locator("#code svg").inner_html()
    with backend.engine.begin() as db:
        code = redemption_code(backend.keys, 1, backend.clock.now())
        fulfil(
            db,
            backend.keys,
            code,
            scope=Scope(everything=True),
            actor_id=scene.members[1],
            now=backend.clock.now(),
        )
    assert first
    page.clock.run_for(11_000)
    page.get_by_text("已领取，感谢您的参与").wait_for()
    _look(page)


@pytest.mark.browser
@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_a_member_follows_an_entry_to_its_receipt_and_has_it_verified(
    page: Page,
    site: str,
    scene: Scene,
    login_code: Callable[..., str],
    backend: Backend,
    tmp_path: Path,
) -> None:
    with backend.engine.begin() as db:
        cause = a_cause(db, scene.institution_id, backend.clock.now())
        earn(db, scene.members[0], points_mpt=25_000, reduction_mg=5_000)
        order = GiftOrder("giving-0001", cause, "mpt", 5_000)
        donate(db, member_id=scene.members[0], order=order, now=backend.clock.now())
    assert backend.signer is not None
    jobs.build(backend.engine.begin, backend.signer, backend.clock)
    later = FixedClock(backend.clock.now() + timedelta(days=50))
    seal_due(backend.engine.begin, backend.signer, later)
    page.goto(f"{site}/login/link/{login_code(scene.members[0])}")
    page.wait_for_url("**/me")
    page.get_by_role("link", name="收支明细").click()
    _look(page)
    page.get_by_role("link", name="捐赠", exact=False).first.click()
    page.wait_for_url("**/me/entries/2")
    _look(page)
    page.get_by_role("link", name="看捐赠：西溪湿地护鸟").click()
    _look(page)
    with page.expect_download() as receipt:
        page.get_by_role("link", name="下载凭证").click()
    page.goto(f"{site}/proofs")
    _look(page)
    with page.expect_download() as balances:
        page.get_by_role("link", name="下载我的余额").first.click()
    for download, told in ((receipt, "凭证有效"), (balances, "月末余额文件有效")):
        download.value.save_as(tmp_path / download.value.suggested_filename)
        page.goto(f"{site}/proofs")
        page.keyboard.press("Tab")
        page.set_input_files("#file", tmp_path / download.value.suggested_filename)
        page.get_by_role("button", name="核验").click()
        page.get_by_role("heading", name=told).wait_for()
        _look(page)
