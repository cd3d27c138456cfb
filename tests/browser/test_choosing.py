"""Library, series and favourites in a real browser: readable for everybody, and quick for who keeps to the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from aniworld.accounts.models import Preferences, User
from library.models import Favorite, Finding, Series
from tests.browser import seed
from tests.browser.conftest import Watched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

GARDEN = "/anime/the-clockmaker-s-garden"


def sign_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Password").fill(seed.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name=re.compile("^Library"))).to_be_visible()


def troubles(watched: Watched) -> list[str]:
    """Errors of the page; the live server of the tests has no socket, which each page tries for."""
    return [error for error in watched.errors if "WebSocket" not in error]


@pytest.mark.parametrize(("phone", "theme"), [(True, "dark"), (False, "light")], ids=["phone", "desktop"])
def test_they_are_readable_for_everybody(
    live_server: Any, window: Callable[..., Watched], admin: User, theme: str, *, phone: bool
) -> None:
    Series.objects.filter(name="The Clockmaker's Garden").update(tmdb_id=12, tvdb_id=34, imdb_id="tt0000056")
    Favorite.objects.all()[0].change(custom_title="Mine", rating=3.5, notes="Again")
    Finding.objects.create(kind="not_understood", path="Koi/trailer.mp4", detail="No number in it.")
    watched = window(live_server.url, phone=phone, theme=theme, policy=False)
    page = watched.page
    sign_in(page)

    def look(where: str) -> None:
        assert (watched.barriers(), watched.sideways()) == ([], 0), where

    page.locator(".filter__more > summary").click()
    look("filter")
    page.goto(f"{GARDEN}?season=2")
    page.locator("#plan-form > summary").click()
    look("series")
    page.goto("/favorites")
    page.locator(".words__more > summary").first.click()
    look("favourites")
    for path in ("/findings", f"{GARDEN}/rename", "/anime/fox-in-the-server-room"):
        page.goto(path)
        look(path)
    Preferences.objects.update(library_view="table")
    page.goto("/?sort=missing")
    page.locator("tbody .choose").first.check()
    expect(page.locator("#chosen")).to_be_visible()
    look("table")


def test_a_phone_searches_in_a_sheet(live_server: Any, window: Callable[..., Watched], admin: User) -> None:
    watched = window(live_server.url, phone=True, policy=False)
    page = watched.page
    sign_in(page)
    expect(page.locator("html")).to_have_class(re.compile("has-script"))
    page.locator("#search").tap()
    sheet = page.get_by_role("dialog", name="Search library and catalogues")
    expect(sheet.get_by_text("Your library answers while you type")).to_be_visible()
    page.keyboard.type("garden")
    expect(sheet.get_by_role("link", name="The Clockmaker's Garden")).to_be_visible()
    assert (watched.barriers(), watched.sideways()) == ([], 0)
    page.keyboard.type("zz")
    expect(sheet.get_by_text("Nothing in your library is called that.")).to_be_visible()
    sheet.get_by_role("button", name="Cancel").click()
    expect(sheet).to_be_hidden()
    # The filter comes up from below, whole.
    page.locator(".filter__more > summary").tap()
    filters = page.locator(".filter__sheet").bounding_box()
    assert filters
    assert (filters["x"], filters["width"]) == (0, 390)
    page.locator("#search").tap()
    page.keyboard.type("garden")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/add\?q=.*garden"))


def test_a_keyboard_is_enough(live_server: Any, window: Callable[..., Watched], admin: User) -> None:
    watched = window(live_server.url)
    page = watched.page
    sign_in(page)
    expect(page.locator("html")).to_have_class(re.compile("has-script"))
    for key in ("j", "x", "j", "j", "x", "k"):
        page.keyboard.press(key)
    expect(page.locator("#chosen .selected__count")).to_have_text("2 chosen")
    expect(page.locator(".card .poster").nth(1)).to_be_focused()
    page.locator(".card__choose .choose").nth(5).click(modifiers=["Shift"])
    expect(page.locator("#chosen .selected__count")).to_have_text("5 chosen")
    page.locator("#chosen").get_by_role("button", name="Favourite", exact=True).click()
    expect(page.locator(".toast")).to_contain_text(re.compile(r"\d series are favourites now"))
    expect(page.locator("#chosen")).to_be_hidden()
    expect(page.locator(".poster__star")).to_have_count(Favorite.objects.count())
    page.keyboard.press("Control+z")
    expect(page.locator(".poster__star")).to_have_count(2)
    page.goto("/favorites")
    stars = page.get_by_role("radio", name="2.5 of 5 stars").first
    stars.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".toast")).to_contain_text("Saved.")
    page.reload()
    expect(page.get_by_role("radio", name=re.compile("^3 of 5 stars"), checked=True)).to_have_count(1)
    assert troubles(watched) == []


def test_more_series_come_while_scrolling_and_stay_chosen(
    live_server: Any, window: Callable[..., Watched], admin: User
) -> None:
    Series.objects.bulk_create(
        Series(key=f"more-{n}", name=f"More {n:03}", folder=f"More {n}", loading_status="completed") for n in range(130)
    )
    watched = window(live_server.url)
    page = watched.page
    sign_in(page)
    expect(page.locator("html")).to_have_class(re.compile("has-script"))
    page.locator(".card").first.hover()
    page.locator(".card .choose").first.check()
    for _step in range(12):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(100)
    expect(page.locator(".card")).to_have_count(142)
    expect(page.locator("#chosen .selected__count")).to_have_text("1 chosen")
    page.locator("#filter").fill("more 12")
    expect(page.locator(".card")).to_have_count(12)
    expect(page).to_have_url(re.compile(r"\?q=more\+12$"))
    # What was typed counts for whatever is done next: to everything that matches, and for the marks.
    expect(page.locator("#marks a").first).to_have_attribute("href", re.compile(r"q=more\+12&filter=missing"))
    page.get_by_role("heading", name=re.compile("^Library")).click()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.get_by_label("All that match").check()
    page.locator("#chosen").get_by_role("button", name="Favourite", exact=True).click()
    expect(page.locator(".toast")).to_contain_text("12 series are favourites now")
    assert troubles(watched) == []


def test_forms_are_enough_without_script(live_server: Any, window: Callable[..., Watched], admin: User) -> None:
    page = window(live_server.url, script=False).page
    sign_in(page)
    page.goto("/queue")
    waiting, failed = page.locator(".job--waiting"), page.get_by_role("button", name="Try again")
    count = waiting.count()
    waiting.first.get_by_role("button", name=re.compile("^Cancel")).click()
    expect(waiting).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").click()
    expect(waiting).to_have_count(count)
    waiting.last.locator("select").select_option(label="High")
    waiting.last.get_by_role("button", name="Set").click()
    expect(waiting.nth(1).locator("select option[selected]")).to_have_text("High")
    failed.click()
    expect(waiting).to_have_count(count + 1)
    page.locator("#pending-list .job__choose").first.check()
    page.locator("#selected button[value=pause]").click()
    expect(waiting).to_have_count(count)
    page.goto("/settings/downloads")
    page.get_by_label("Downloads at the same time").fill("3")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved: 1 setting.")).to_be_visible()
    page.goto(GARDEN)
    page.get_by_role("button", name="Monitored").click()
    expect(page.get_by_role("button", name="Monitor", exact=True)).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Monitored")).to_be_visible()
