"""Two people, and two tabs of one of them: what is each one's own stays so, and the queue is the same for all, live."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watched
from tests.browser.walking import add, fill_the_queue, session_of
from tests.running import PASSWORD, Running

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("browser apart")]

PATIENCE = 60_000
MEMBER = f"from aniworld.accounts.models import User; User.objects.create_user(username='ben', password='{PASSWORD}')"
Window = Callable[..., Watched]


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "60000"}) as running:
        running.setup()
        add(running, 0)
        made = running.manage("shell", "-c", MEMBER)
        assert made.returncode == 0, made.stderr
        fill_the_queue(running)
        yield running


@pytest.fixture(scope="module")
def sessions(up: Running, chromium: Browser) -> dict[str, Any]:
    return {name: session_of(up, chromium, name) for name in ("admin", "ben")}


def opened(page: Page, path: str) -> Page:
    page.goto(path)
    expect(page.locator("#live")).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    return page


def test_what_is_ones_own_stays_ones_own(up: Running, window: Window, sessions: dict[str, Any]) -> None:
    anna, ben = (window(up.url, session=sessions[name]).page for name in ("admin", "ben"))
    opened(ben, "/").locator(".poster").first.click()
    ben.get_by_role("button", name="Favourite", exact=True).click()
    expect(ben.locator(".toast")).to_be_visible()
    opened(ben, "/favorites")
    expect(ben.locator(".favorite")).to_have_count(1)
    opened(anna, "/favorites")
    expect(anna.get_by_role("heading", name="No favourites yet")).to_be_visible()
    opened(ben, "/settings")
    ben.get_by_label("Language").select_option("de")
    ben.get_by_label("Colours").select_option("dark")
    ben.get_by_role("button", name="Save").click()
    expect(ben.get_by_role("heading", name="Aussehen")).to_be_visible()
    assert [page.locator("html").get_attribute("data-theme") for page in (ben, opened(anna, "/"))] == ["dark", "auto"]
    assert anna.locator("html").get_attribute("lang") == "en"
    expect(ben.locator(".rail a[href='/admin/']")).to_have_count(0)
    expect(anna.locator(".rail__list a[href='/admin/']").first).to_be_attached()


def test_the_queue_is_one_and_live_for_both(up: Running, window: Window, sessions: dict[str, Any]) -> None:
    anna, ben = (opened(window(up.url, session=sessions[name]).page, "/queue") for name in ("admin", "ben"))
    row = anna.locator(".job--waiting").first
    number = row.get_attribute("id")
    row.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(ben.locator(f"#{number}")).to_have_count(0, timeout=PATIENCE)
    # Who did it may take it back; the other only sees it.
    expect(ben.locator(".toast")).to_have_count(0)
    anna.keyboard.press("Control+z")
    expect(ben.locator(f"#{number}")).to_have_count(1, timeout=PATIENCE)
    top = ben.locator(".job--waiting").nth(2).get_attribute("id")
    ben.locator(f"#{top} .job__choose").check()
    ben.locator("#selected button[value=top]").click()
    expect(anna.locator(".job--waiting").first).to_have_id(top or "", timeout=PATIENCE)


def test_two_tabs_of_one_person_agree(up: Running, window: Window, sessions: dict[str, Any]) -> None:
    watched = window(up.url, session=sessions["admin"])
    first = opened(watched.page, "/queue")
    second = opened(first.context.new_page(), "/queue/window")
    waiting = first.locator(".job--waiting")
    count = waiting.count()
    ids = [waiting.nth(number).get_attribute("id") for number in (0, 1)]
    for number, page in enumerate((first, second)):
        page.locator(f"#{ids[number]}").get_by_role("button", name=re.compile("^Cancel")).click()
        expect(page.locator(".toast")).to_contain_text("was taken out of the queue.")
        for other in (first, second):
            expect(other.locator(".job--waiting")).to_have_count(count - number - 1, timeout=PATIENCE)
    # Each tab takes back its own.
    second.bring_to_front()
    second.keyboard.press("Control+z")
    for page in (first, second):
        expect(page.locator(f"#{ids[1]}")).to_have_count(1, timeout=PATIENCE)
        expect(page.locator(f"#{ids[0]}")).to_have_count(0)
    assert watched.errors == []
