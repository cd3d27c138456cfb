"""At 200 % zoom, which is half a window's pixels, and on a phone nothing is cut off, covered or out of reach."""

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
from tests.browser.test_choosing import GARDEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser apart")]

PAGES = (
    *("/", "/add", "/add?q=garden", "/queue", "/queue/window", "/calendar", "/favorites", "/providers", "/activity"),
    *("/wallboard", "/findings", GARDEN, f"{GARDEN}?season=2", f"{GARDEN}/rename", f"{GARDEN}/metadata"),
    *(f"{GARDEN}/remove", f"{GARDEN}/episodes/2/3", "/settings", "/settings/account", "/settings/downloads"),
    *(
        "/settings/library",
        "/settings/notifications",
        "/settings/keys",
        "/settings/backups",
        "/no/such/page",
        "/offline",
    ),
)
# Every control that can be seen, brought to the middle of the window, lies within its sides, is what a click there
# would hit, and shows its words whole. What scrolls by itself, such as tabs, counts as in reach.
OUT_OF_REACH = """
() => {
  const wrong = [];
  const words = (one) => (one.ariaLabel || one.innerText || one.name || "").trim().slice(0, 40);
  const named = (one) => `${one.tagName.toLowerCase()}.${one.className} “${words(one)}”`;
  const seen = { checkVisibilityCSS: true, checkOpacity: true, contentVisibilityAuto: true };
  const belong = (one, hit) => one.contains(hit) || hit.contains(one) || hit.closest("label")?.control === one;
  const all = "main a[href], nav a[href], header a[href], button, input, select, textarea, summary";
  for (const one of document.querySelectorAll(all)) {
    if (!one.checkVisibility(seen)) continue;
    one.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    const box = one.getClientRects()[0];
    if (!box || box.width < 2 || box.height < 2) continue;
    if (box.left < -1 || box.right > innerWidth + 1) wrong.push(`${named(one)} leaves the window`);
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!hit || !belong(one, hit)) wrong.push(`${named(one)} is covered by ${hit ? named(hit) : "nothing"}`);
    const isCut = getComputedStyle(one).overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
    if (one.matches("button, summary, a.button") && isCut) wrong.push(`${named(one)} is cut off`);
  }
  scrollTo(0, 0);
  return wrong;
}
"""


def everything() -> None:
    """What makes rows long."""
    row = Series.objects.get(name="The Clockmaker's Garden")
    Series.objects.filter(pk=row.pk).update(tmdb_id=12, tvdb_id=34, imdb_id="tt0000056")
    Favorite.objects.all()[0].change(custom_title="Mine", rating=3.5, notes="Again")
    Finding.objects.create(kind="not_understood", path="Koi/" + "trailer-" * 9 + ".mp4", detail="No number in it.")
    Finding.objects.create(kind="no_video", path=f"{row.folder}/Season 01/x.mp4", series=row)


def look_at(page: Page, watched: Watched, path: str) -> list[str]:
    page.goto(path)
    page.wait_for_load_state("load")
    wrong = [f"{path}: {one}" for one in page.evaluate(OUT_OF_REACH)]
    if sideways := watched.sideways():
        wrong.append(f"{path}: {sideways} pixels sideways")
    return wrong


@pytest.mark.parametrize(
    ("size", "language"), [((640, 400), "en-GB"), ((390, 844), "de-DE")], ids=["zoomed-en", "phone-de"]
)
def test_every_control_stays_in_reach(
    live_server: Any, window: Callable[..., Watched], admin: User, size: tuple[int, int], language: str
) -> None:
    everything()
    Preferences.objects.update_or_create(user=admin, defaults={"language": language[:2]})
    watched = window(live_server.url, size=size, language="en-GB")
    page = watched.page
    sign_in_as(page)
    wrong = [found for path in PAGES for found in look_at(page, watched, path)]
    Preferences.objects.filter(user=admin).update(library_view="table")
    assert wrong + look_at(page, watched, "/?sort=missing") == []


def test_the_settings_are_a_menu_on_phones_and_times_are_those_of_the_phone(
    live_server: Any, window: Callable[..., Watched], admin: User
) -> None:
    watched = window(live_server.url, phone=True, zone="Asia/Kolkata")
    page = watched.page
    sign_in_as(page)
    page.goto("/settings")
    menu = page.locator(".settings__pick > summary")
    expect(menu).to_contain_text("Appearance")
    menu.click()
    page.get_by_role("link", name="Account", exact=True).click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    assert re.search(r" IST$", page.locator("time").first.get_attribute("title") or "")
    page.goto("/settings/move-in")
    menu.click()
    expect(page.locator(".settings__sheet [aria-current]")).to_be_in_viewport()


def sign_in_as(page: Page) -> None:
    page.goto("/login")
    page.locator("#password").fill(seed.PASSWORD)
    page.locator("form button").click()
    page.locator("#posters, .posters").first.wait_for()
