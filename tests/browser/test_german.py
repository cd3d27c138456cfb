"""Somebody who speaks German, from the first run past a failing host to the arrived file; then a finger on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Watched
from tests.running import PASSWORD, Running, eventually

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("browser apart")]

PATIENCE = 60_000
FAULTS = {"demo-file": {"fault": "404", "stage": "media"}}


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "90000", "DEMO_FAULTS": json.dumps(FAULTS)}) as running:
        yield running


def first_run(page: Page, up: Running) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Willkommen bei Aniworld")).to_be_visible()
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_label("Noch einmal").fill(PASSWORD)
    page.get_by_label("Ordner").fill(str(up.data_dir / "library"))
    expect(page.locator("#folder-check")).to_contain_text(re.compile(r"\d+,\d\sGB\sfrei"))
    page.get_by_role("button", name="Meine Bibliothek öffnen").click()
    expect(page.get_by_role("heading", name="Deine Bibliothek ist leer")).to_be_visible()


def add_first_result(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    page.keyboard.press("/")
    page.keyboard.type("Silberfaden")
    page.keyboard.press("Enter")
    result = page.locator(".result").first
    result.locator("button.button--primary").click(timeout=PATIENCE)
    result.get_by_role("link", name="In deiner Bibliothek").click()
    expect(page).to_have_url(re.compile("/anime/"))


def test_from_the_first_run_past_a_failing_host_to_a_file(up: Running, window: Callable[..., Watched]) -> None:
    watched = window(up.url, language="de-DE")
    page = watched.page
    first_run(page, up)
    up.login()
    for number, name in enumerate(("demo-file", "demo-hls", "demo-aes")):
        up.api("PUT", f"/api/providers/config/{name}", {"priority": number})
    add_first_result(page)
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_role("button", name=re.compile(r"^S\d+E\d+ herunterladen$")).first.click(timeout=PATIENCE)
    expect(page.locator(".toast")).to_be_visible()
    watched_queue = page.context.new_page()
    watched_queue.goto("/queue")
    # Live, in words and signs: the host that failed is crossed out, the next one is at work.
    trail = watched_queue.locator(".job--running .trail")
    expect(trail.locator(".trail__host--failed")).to_have_text(re.compile("^Demo File"), timeout=PATIENCE)
    expect(trail.locator(".trail__host--now")).to_have_text(re.compile("^Demo (HLS|AES)"), timeout=PATIENCE)
    expect(watched_queue.get_by_role("heading", name="Warteschlange")).to_be_visible()
    expect(page.locator(".state--disk").first).to_contain_text("Auf Festplatte", timeout=PATIENCE)
    expect(watched_queue.get_by_role("heading", name=re.compile("^Abgeschlossen"))).to_be_visible(timeout=PATIENCE)
    assert list((up.data_dir / "library").rglob("*.mp4"))
    watched_queue.goto("/activity")
    expect(watched_queue.locator(".journal__entry").filter(has_text="Demo File")).not_to_have_count(0)
    assert watched.errors == []
    a_finger_cancels_a_row_and_the_toast_brings_it_back(up, window)


# The point of a row furthest to the right that is neither a link nor a button.
FREE = """row => {
  row.scrollIntoView({ block: "center" });
  const box = row.getBoundingClientRect();
  for (let x = box.right - 4; x > box.left; x -= 4)
    for (let y = box.top + 4; y < box.bottom; y += 4) {
      const found = document.elementFromPoint(x, y);
      if (row.contains(found) && !found.closest("a, button, select, input, label")) return [x, y];
    }
  throw new Error("nothing but links and buttons");
}"""


def swipe(page: Page, row: Locator, by: int) -> None:
    """A finger on the row's cover or words, drawn sideways: there where nothing else takes it."""
    x, y = row.evaluate(FREE)
    touch = page.context.new_cdp_session(page)

    def send(kind: str, across: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x + across, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", 0)
    for step in range(1, 9):
        send("touchMove", by * step / 8)
    send("touchEnd", by)


def a_finger_cancels_a_row_and_the_toast_brings_it_back(up: Running, window: Callable[..., Watched]) -> None:
    up.login()
    up.api("POST", "/api/queue/stop")
    key = up.api("GET", "/api/anime")["items"][0]["key"]
    up.api("POST", f"/api/anime/{key}/download", {}, status=202)
    watched = window(up.url, phone=True, language="de-DE")
    page = watched.page
    page.goto("/login?next=/queue")
    page.get_by_label("Passwort").fill(PASSWORD)
    page.get_by_role("button", name="Anmelden").click()
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    row = page.locator(".job--waiting").first
    number = row.get_attribute("id")
    swipe(page, row, -60)
    expect(page.locator(f"#{number}")).to_have_count(1)
    swipe(page, row, -170)
    expect(page.locator(f"#{number}")).to_have_count(0, timeout=PATIENCE)
    page.locator(".toast__undo button").click()
    expect(page.locator(f"#{number}")).to_have_count(1, timeout=PATIENCE)
    # What the finger does, a button that can be seen does as well.
    expect(page.locator(f"#{number}").get_by_role("button", name=re.compile("^Abbrechen"))).to_be_visible()
    eventually(lambda: watched.sideways() == 0, 5, "no sideways scrolling")
    assert watched.errors == []
