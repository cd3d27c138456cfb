"""What a page does when the line to the server is bad: sockets that don't get through, a cut, a session that ended."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.browser.line import Line
from tests.browser.walking import add, fill_the_queue, session_of
from tests.running import PASSWORD, Running, eventually

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("browser apart")]

PATIENCE = 60_000
# Every event that reaches the page, and the newest that its markup showed already.
NOTES = """
window.seen = [];
document.addEventListener("live:event", ({ detail }) => window.seen.push(detail.id));
"""
CACHED = """
async () => {
  const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const kept = await Promise.all(caches_.map((cache) => cache.keys()));
  return kept.flat().map((request) => new URL(request.url).pathname);
}
"""
Window = Callable[..., Watched]


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "60000"}) as running:
        running.setup()
        add(running, 0)
        fill_the_queue(running)
        yield running


@pytest.fixture(scope="module")
def session(up: Running, chromium: Browser) -> Any:
    return session_of(up, chromium)


@pytest.fixture
def line(up: Running) -> Iterator[Line]:
    with Line(up.port) as opened:
        yield opened


def look_at_the_queue(line: Line, window: Window, session: Any) -> Page:
    page = window(line.url, session=session).page
    page.add_init_script(NOTES)
    page.goto("/queue")
    return page


def logged(up: Running, page: Page) -> list[int]:
    """The ids of the events that the page has to have seen by now, in order."""
    rooms = page.evaluate("document.body.dataset.rooms").split()
    since = int(page.evaluate("document.body.dataset.lastEvent"))
    listed = ", ".join(f"'{room}'" for room in rooms)
    return [pk for (pk,) in up.rows(f"SELECT id FROM live_event WHERE id > {since} AND room IN ({listed}) ORDER BY id")]


def nothing_lost_or_doubled(up: Running, page: Page) -> None:
    eventually(lambda: page.evaluate("window.seen.length") >= len(logged(up, page)) > 0, 30, "every event")
    assert page.evaluate("window.seen") == logged(up, page)


def switch(up: Running, *verbs: str) -> None:
    for verb in verbs:
        up.api("POST", f"/api/queue/{verb}")


def test_where_sockets_are_blocked_the_page_looks_and_says_so(
    up: Running, line: Line, window: Window, session: Any
) -> None:
    line.lets_sockets = False
    page = window(line.url, session=session).page
    page.clock.install()
    page.add_init_script(NOTES)
    page.goto("/queue")
    live = page.locator("#live")
    expect(live).to_have_attribute("data-state", "looking", timeout=PATIENCE)
    expect(live).to_contain_text("Updates every 10 s")
    switch(up, "start", "pause", "stop", "start", "pause")
    page.clock.fast_forward(10_000)
    expect(page.get_by_text("The queue is paused.")).to_be_visible(timeout=PATIENCE)
    switch(up, "resume", "stop")
    line.lets_sockets = True
    # The longest pause between two trials.
    page.clock.fast_forward(40_000)
    expect(live).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    expect(page.get_by_text("The queue is stopped.")).to_be_visible(timeout=PATIENCE)
    nothing_lost_or_doubled(up, page)
    # While the socket lives nothing is asked, once what was missed is fetched.
    page.clock.run_for(2_000)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(30_000)
    page.clock.run_for(2_000)
    expect(live).to_have_attribute("data-state", "connected")
    assert asked == []


def test_a_cut_loses_nothing_and_doubles_nothing(up: Running, line: Line, window: Window, session: Any) -> None:
    page = look_at_the_queue(line, window, session)
    live, waiting = page.locator("#live"), page.locator(".job--waiting")
    expect(live).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    switch(up, "start", "pause", "stop")
    first, second = (waiting.nth(number).get_attribute("data-item") for number in (0, 1))
    line.cut()
    expect(live).to_have_attribute("data-state", "offline", timeout=PATIENCE)
    for number in (first, second):
        page.locator(f"#item-{number}").get_by_role("button", name=re.compile("^Cancel")).click()
        expect(page.locator(".toast")).to_contain_text("kept and sent when it is back")
    expect(page.locator(".toast")).to_contain_text("(2)")
    switch(up, "start", "pause", "resume", "stop")
    line.mend()
    expect(live).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    for number in (first, second):
        expect(page.locator(f"#item-{number}")).to_have_count(0, timeout=PATIENCE)
    nothing_lost_or_doubled(up, page)
    attempts = [up.api("GET", f"/api/queue/{number}")["status"] for number in (first, second)]
    assert attempts == ["cancelled", "cancelled"]
    assert page.evaluate("sessionStorage.getItem('kept')") == "[]"
    # What the service worker keeps is what everybody may see.
    kept = eventually(lambda: page.evaluate(CACHED), 30, "the shell")
    assert {path for path in kept if not path.startswith("/static/")} == {"/offline"}


def test_a_session_that_ended_leads_to_the_login_and_back(
    up: Running, line: Line, window: Window, chromium: Browser
) -> None:
    page = window(line.url, session=session_of(up, chromium)).page
    page.goto("/queue?completed=1")
    expect(page.locator("#live")).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    elsewhere = page.context.new_page()
    elsewhere.goto("/")
    elsewhere.get_by_label("Account and appearance").click()
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login\?next=%2Fqueue%3Fcompleted%3D1"), timeout=PATIENCE)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/queue\?completed=1$"), timeout=PATIENCE)
    expect(page.locator("#live")).to_have_attribute("data-state", "connected", timeout=PATIENCE)
