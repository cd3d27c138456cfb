"""A person with a browser, in front of a real `up` with its demo catalogue: from the first run to a file on disk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.running import Running, eventually

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("browser")]

PASSWORD = "a-long-enough-secret"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    # Slow enough that a bar can be seen moving.
    with Running(as_new=True, demo=True, environment={"DEMO_SPEED": "150000"}) as running:
        yield running


def first_run(page: Page, up: Running) -> None:
    page.goto("/queue")
    expect(page).to_have_url(re.compile("/setup$"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Once more").fill(PASSWORD)
    page.get_by_label("Folder").fill(str(up.data_dir / "library"))
    expect(page.locator("#folder-check")).to_contain_text("free.")
    page.get_by_role("button", name="Open my library").click()
    expect(page.get_by_role("heading", name="Your library is empty")).to_be_visible()
    expect(page.locator(".toast")).to_contain_text("Search for a series")


def add_first_result(page: Page) -> None:
    # The shortcut is there once the scripts are.
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    page.keyboard.press("/")
    page.keyboard.type("a")
    page.keyboard.press("Enter")
    result = page.locator(".result").first
    expect(result).to_be_visible(timeout=PATIENCE)
    result.get_by_role("button", name=re.compile("^Add (?!and )")).click()
    # The results stay, and the one that was added leads on.
    expect(page.locator(".toast")).to_contain_text("was added")
    expect(page.locator(".result").nth(1)).to_be_visible()
    result.get_by_role("link", name="In your library").click()
    expect(page).to_have_url(re.compile("/anime/"))


def progress(page: Page) -> float:
    return float(page.evaluate("document.querySelector('[data-moving] progress')?.value ?? -1"))


def test_from_the_first_run_to_a_file_on_disk(up: Running, window: Callable[..., Watched]) -> None:
    watched = window(up.url)
    page = watched.page
    first_run(page, up)
    add_first_result(page)
    # The rows arrive by themselves; a mark on the window proves that nothing was reloaded.
    page.evaluate("window.untouched = true")
    download = page.get_by_role("button", name=re.compile(r"^Download S\d+E\d+$"))
    expect(download.first).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    download.first.click()
    expect(page.locator(".toast").last).to_contain_text("added to the queue")
    eventually(lambda: 0 < progress(page) < 100, 60, "a bar that moves")
    seen = progress(page)
    eventually(lambda: progress(page) > seen or page.locator(".state--disk").count(), 60, "the bar moving on")
    expect(page.locator(".state--disk").first).to_contain_text("On disk", timeout=PATIENCE)
    assert page.evaluate("window.untouched") is True
    page.goto("/queue")
    expect(page.get_by_role("heading", name=re.compile("Completed"))).to_be_visible()
    assert list((up.data_dir / "library").rglob("*.mp4"))
    assert watched.errors == []
