"""The built client in Chromium, on the API that serves it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tests.builders.scene import Scene
from tests.conftest import NOW

PHONE: ViewportSize = {"width": 375, "height": 812}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def phone(chromium: Browser, site: str) -> Iterator[Page]:
    """A phone of its own; any fault in its console fails the test."""
    context = chromium.new_context(viewport=PHONE, base_url=f"{site}/app/", locale="zh-CN")
    context.clock.set_fixed_time(NOW)  # the scene's own
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security" in said.text else None,
    )
    yield page
    context.close()
    assert not faults


@pytest.fixture
def logged_in(phone: Page, scene: Scene, login_code: Callable[..., str]) -> Page:
    """The phone of the first member, on the home page."""
    phone.goto(f"#/pages/login/login?code={login_code(scene.members[0])}")
    phone.get_by_text("可用积分").wait_for()
    return phone
