"""Every page in a real browser before a real `up`: no errors, no breach of the policy, live, and without script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Watched
from tests.browser.walking import add, fill_the_queue, session_of
from tests.running import Running, eventually

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("browser")]

PATIENCE = 60_000
Window = Callable[..., Watched]


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(demo=True, environment={"DEMO_SPEED": "60000"}) as running:
        running.setup()
        add(running, 0)
        yield running


@pytest.fixture(scope="module")
def session(up: Running, chromium: Browser) -> Any:
    return session_of(up, chromium)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_no_page_errs_or_scrolls_sideways(
    up: Running, window: Window, session: Any, theme: str, *, phone: bool
) -> None:
    watched = window(up.url, phone=phone, theme=theme, session=session)
    page = watched.page
    page.goto("/")
    series = page.locator(".poster").first.get_attribute("href") or ""
    for path in (
        "/",
        "/?filter=missing",
        "/?q=nothing-like-this",
        "/add",
        "/add?q=a",
        series,
        "/queue",
        "/providers",
        "/activity",
        "/wallboard",
    ):
        page.goto(path)
        expect(page.locator("#live")).to_have_attribute("data-state", "connected")
        assert watched.sideways() == 0, path
    page.goto("/no/such/page")
    expect(page.get_by_text("Nothing is showing here")).to_be_visible()
    assert watched.errors == []


EVERY_PAGE = (
    *("/", "/add", "/queue", "/calendar", "/favorites", "/providers", "/activity", "/wallboard"),
    *("/settings", "/settings/account", "/settings/downloads", "/settings/notifications", "/settings/keys"),
    *("/settings/integrations", "/settings/move-in", "/settings/library", "/settings/backups", "/findings"),
    *("/calendar?view=agenda", "/calendar?month=1990-01", "/no/such/page"),
)
OF_A_SERIES = ("", "/remove", "/rename", "/metadata", "/specials")
WIDTHS = ((320, 640), (768, 1024), (1440, 900))
ALL_VIEWS = [
    pytest.param(theme, language, size, marks=pytest.mark.soak)
    for theme in ("light", "dark")
    for language in ("en-GB", "de-DE")
    for size in WIDTHS
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("theme", "language", "size"), [("light", "en-GB", (1280, 800)), ("dark", "de-DE", (390, 844)), *ALL_VIEWS]
)
def test_nobody_is_kept_out(
    up: Running, window: Window, session: Any, theme: str, language: str, size: tuple[int, int]
) -> None:
    view: Any = {"theme": theme, "language": language, "size": size, "policy": False}
    watched = window(up.url, session=session, **view)
    page = watched.page
    page.goto("/")
    series = page.locator(".poster").first.get_attribute("href") or ""
    for path in (*EVERY_PAGE, *(f"{series}{below}" for below in OF_A_SERIES)):
        page.goto(path)
        assert watched.barriers() == [], path
        assert watched.sideways() == 0, path
    stranger = window(up.url, **view)
    stranger.page.goto("/login")
    assert stranger.barriers() == []


def test_the_settings_say_whether_they_are_saved(up: Running, window: Window, session: Any) -> None:
    watched = window(up.url, session=session)
    page = watched.page
    page.goto("/settings/general")
    state = page.locator("[data-state]").filter(has_text="saved")
    expect(state).to_have_text("Everything is saved")
    page.get_by_label("Configuration backups to keep").fill("11")
    expect(state).to_have_text("Not saved yet")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: 1 setting.")).to_be_visible()
    expect(state).to_have_text("Everything is saved")
    expect(page.get_by_label("Configuration backups to keep")).to_have_value("11")
    assert watched.errors == []


def test_the_queue_is_steered_live_from_another_window(up: Running, window: Window, session: Any) -> None:
    watcher, hand = window(up.url, session=session).page, window(up.url, session=session).page
    watcher.goto("/")
    hand.goto("/")
    watcher.goto("/queue")
    expect(watcher.locator("#live")).to_have_attribute("data-state", "connected")
    hand.locator(".poster").first.click()
    hand.get_by_role("button", name=re.compile(r"^Download \d+ missing")).click()
    expect(watcher.locator(".job--running").first).to_be_visible(timeout=PATIENCE)
    hand.goto("/queue")
    hand.get_by_role("button", name="Stop").click()
    expect(watcher.get_by_text("The queue is stopped.")).to_be_visible(timeout=PATIENCE)
    expect(watcher.locator(".job--running")).to_have_count(0)
    first = watcher.locator(".job--waiting").first.get_attribute("id")
    watcher.locator(".job--waiting").first.get_by_role("button", name=re.compile("^Move down")).click()
    expect(watcher.locator(".job--waiting").nth(1)).to_have_id(first or "")
    expect(hand.locator(".job--waiting").nth(1)).to_have_id(first or "", timeout=PATIENCE)
    top = watcher.locator(".job--waiting").first.get_attribute("id") or ""
    watcher.locator(".job__handle").first.drag_to(watcher.locator(".job--waiting").nth(2))
    expect(hand.locator(".job--waiting").nth(2)).to_have_id(top, timeout=PATIENCE)
    watcher.locator(".job--waiting").first.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(watcher.locator(".toast__undo:visible").last).to_be_visible()


def test_a_double_click_pauses_one_and_its_toast_gives_way_to_the_next(
    up: Running, window: Window, session: Any
) -> None:
    fill_the_queue(up)
    watched = window(up.url, session=session)
    page = watched.page
    page.goto("/queue")
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    waiting = page.locator(".job--waiting")
    count = waiting.count()
    assert count > 3
    waiting.first.get_by_role("button", name=re.compile("^Cancel")).dblclick()
    expect(waiting).to_have_count(count - 1, timeout=PATIENCE)
    toasts = page.locator(".toast")
    expect(toasts).to_have_count(1, timeout=PATIENCE)
    waiting.nth(1).get_by_role("button", name=re.compile("^Cancel")).click()
    expect(waiting).to_have_count(count - 2, timeout=PATIENCE)
    expect(toasts).to_have_count(1, timeout=PATIENCE)
    toasts.get_by_role("button", name="Undo").click()
    expect(toasts).to_have_text(re.compile("Taken back."), timeout=PATIENCE)
    expect(waiting).to_have_count(count - 1, timeout=PATIENCE)
    assert watched.errors == []


def test_a_provider_is_tested_and_switched_live(up: Running, window: Window, session: Any) -> None:
    watched, hand = window(up.url, session=session), window(up.url, session=session).page
    watcher = watched.page
    for page in (watcher, hand):
        page.goto("/providers")
        expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    card = watcher.locator("#provider-demo-file")
    hand.locator("#provider-demo-file").get_by_role("button", name=re.compile("^Switch off")).click()
    expect(card.locator(".light")).to_have_text("Off", timeout=PATIENCE)
    hand.locator("#provider-demo-file").get_by_role("button", name=re.compile("^Switch on")).click()
    expect(card.get_by_role("button", name=re.compile("^Test"))).to_be_visible(timeout=PATIENCE)
    hand.locator("#provider-demo").get_by_role("button", name=re.compile("^Test")).click()
    expect(hand.locator(".toast").last).to_contain_text("Demo answered within", timeout=PATIENCE)
    expect(watcher.locator("#provider-demo .light")).to_have_text("Active", timeout=PATIENCE)
    assert watched.errors == []


def test_hosts_are_put_in_order_by_dragging_and_by_keyboard(up: Running, window: Window, session: Any) -> None:
    watched = window(up.url, session=session)
    page = watched.page
    page.goto("/admin/providers/provider/chain/")
    hosts = page.locator("#chain .host")
    first, second = (hosts.nth(number).get_attribute("data-name") or "" for number in (0, 1))
    with page.expect_navigation():
        hosts.nth(0).locator(".host__handle").drag_to(hosts.nth(2))
    expect(hosts.nth(0)).to_have_attribute("data-name", second)
    expect(hosts.nth(2)).to_have_attribute("data-name", first)
    with page.expect_navigation():
        hosts.nth(2).get_by_role("button", name=re.compile("up$")).press("Enter")
    expect(hosts.nth(1)).to_have_attribute("data-name", first)
    assert watched.errors == []


def test_everything_essential_works_without_script(up: Running, window: Window, session: Any) -> None:
    page = window(up.url, script=False, session=session).page
    page.goto("/")
    page.locator("#search").fill("a")
    page.locator("#search").press("Enter")
    page.get_by_role("button", name=re.compile("^Add (?!and )")).first.click()
    expect(page.locator(".toast")).to_contain_text("being loaded")
    page.get_by_role("link", name="In your library").last.click()

    def loaded() -> bool:
        page.reload()
        return page.get_by_role("button", name=re.compile("^Download S")).count() > 0

    eventually(loaded, 60, "episodes")
    page.get_by_role("button", name=re.compile("^Download S")).first.click()
    expect(page.locator(".toast")).to_contain_text("added to the queue")
    page.goto("/queue")
    for name in ("Start", "Pause", "Resume", "Stop"):
        button = page.get_by_role("button", name=name, exact=True).first
        if button.count():
            button.click()
            expect(page.locator(".toast")).to_be_visible()


def test_a_lost_connection_is_shown_and_what_was_done_meanwhile_is_sent(
    up: Running, window: Window, session: Any
) -> None:
    fill_the_queue(up)
    page = window(up.url, session=session).page
    page.goto("/queue")
    live, waiting = page.locator("#live"), page.locator(".job--waiting")
    expect(live).to_have_attribute("data-state", "connected")
    page.evaluate(
        "new Promise((done) => navigator.serviceWorker.controller ? done() "
        ": navigator.serviceWorker.addEventListener('controllerchange', () => done()))"
    )
    first = waiting.first.get_attribute("id")
    up.kill(up.web())
    expect(live).to_have_attribute("data-state", "offline", timeout=PATIENCE)
    waiting.first.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(live).to_have_attribute("data-state", "connected", timeout=PATIENCE)
    expect(page.locator(f"#{first}")).to_have_count(0, timeout=PATIENCE)
    up.kill(up.web())
    page.goto("/activity")
    # The page that says so gives way to the one that was asked for.
    expect(page.get_by_role("heading", name="Activity")).to_be_visible(timeout=PATIENCE)


def test_the_keyboard_orders_the_queue_and_takes_it_back(up: Running, window: Window, session: Any) -> None:
    fill_the_queue(up)
    watched = window(up.url, session=session)
    page = watched.page
    page.goto("/queue")
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    waiting = page.locator(".job--waiting")
    first = waiting.first.get_attribute("id") or ""
    waiting.first.locator(".job__handle").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#how-to-move")).to_contain_text("Place 3 of")
    expect(page.locator(".toast__text")).to_contain_text("is at place 3 now", timeout=PATIENCE)
    page.keyboard.press("Control+z")
    expect(waiting.first).to_have_id(first, timeout=PATIENCE)
    page.keyboard.press("Control+y")
    expect(waiting.nth(2)).to_have_id(first, timeout=PATIENCE)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Activity")).to_be_visible()
    assert watched.errors == []


def test_the_choice_of_theme_holds_in_every_window(up: Running, window: Window, session: Any) -> None:
    page = window(up.url, session=session).page
    page.goto("/")
    page.get_by_label("Account and appearance").click()
    with page.expect_response("**/theme"):
        page.get_by_role("button", name="Dark").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    other = window(up.url, session=session).page
    other.goto("/")
    assert other.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(10, 17, 31)"


def test_the_library_filters_while_typing(up: Running, window: Window, session: Any) -> None:
    page = window(up.url, session=session).page
    page.goto("/")
    title = page.locator(".poster__title").first.inner_text()
    page.locator("#filter").press_sequentially(title[:6])
    expect(page).to_have_url(re.compile(r"\?q="))
    expect(page.locator(".poster__title").first).to_have_text(title)
    page.locator("#filter").press_sequentially("zzzz")
    expect(page.get_by_role("heading", name=re.compile("Nothing here matches"))).to_be_visible()
    page.reload()
    expect(page.locator("#filter")).to_have_value(f"{title[:6]}zzzz")


def test_the_first_page_is_light_and_does_not_jump(up: Running, window: Window, session: Any) -> None:
    page = window(up.url, session=session).page
    page.add_init_script(
        "window.shifted = 0; new PerformanceObserver((list) => { for (const shift of list.getEntries()) "
        "if (!shift.hadRecentInput) window.shifted += shift.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    weights = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter((one) => !one.name.includes('/cover')).map((one) => [one.name, one.transferSize])"
    )
    assert sum(size for _name, size in weights) < 150_000, sorted(weights, key=lambda one: -one[1])[:10]
    assert page.evaluate("window.shifted") < 0.02
    # Pictures come as they are scrolled to, and their place is kept free.
    late = "[...document.querySelectorAll('.cover img')].map((one) => [one.loading, one.width > 0 && one.height > 0])"
    assert page.evaluate(late) == [["lazy", True]] * page.locator(".cover img").count()


def test_the_admin_is_live_and_keeps_what_is_selected(up: Running, window: Window, session: Any) -> None:
    up.api("POST", "/api/queue/stop")
    key = str(up.api("GET", "/api/anime")["items"][0]["key"])
    episodes = [{"season": 1, "episode": number} for number in (1, 2)]
    up.api("POST", "/api/queue/add", {"key": key, "episodes": episodes})
    watched = window(up.url, session=session)
    page = watched.page
    page.goto("/admin/downloads/queueitem/?status__exact=pending")
    rows = page.locator("#result_list tbody")
    count = rows.count()
    assert count >= 2
    chosen = rows.first.locator("input.action-select")
    chosen.check()
    kept = chosen.get_attribute("value")
    overview = window(up.url, session=session).page
    overview.goto("/admin/")
    waiting = overview.locator(".tile", has_text="Waiting").locator(".tile__value")
    expect(waiting).to_have_text(str(count))
    other = rows.nth(1).locator("input.action-select").get_attribute("value")
    up.api("DELETE", f"/api/queue/{other}")
    expect(rows).to_have_count(count - 1, timeout=PATIENCE)
    expect(page.locator(f"input.action-select[value='{kept}']")).to_be_checked()
    expect(waiting).to_have_text(str(count - 1), timeout=PATIENCE)
    assert watched.errors == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_admin_fits_a_phone_and_keeps_nobody_out(up: Running, window: Window, session: Any, theme: str) -> None:
    watched = window(up.url, phone=True, theme=theme, session=session, policy=False)
    watched.page.goto("/admin/")
    expect(watched.page.locator(".panel--now")).to_be_visible()
    assert watched.sideways() == 0
    assert [one for one in watched.barriers() if ".panel" in one] == []
    assert watched.errors == []


def test_the_count_of_the_library_follows_what_is_added(up: Running, window: Window, session: Any) -> None:
    page = window(up.url, session=session).page
    page.goto("/")
    expect(page.locator("#live")).to_have_attribute("data-state", "connected")
    count = page.locator("#library-count")
    before = int(count.inner_text())
    add(up, 7)
    expect(count).to_have_text(str(before + 1), timeout=PATIENCE)
