"""Pictures of every page in light and dark, at a desk's and at a phone's width, for human eyes: `make screenshots`.

Starts a real `up` with its demo in a data folder of its own, makes it look lived in, and writes to `screenshots/`. With
`--readme` it takes only the few that the README shows, into `docs/images/`.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

from aniworld.environment import ROOT
from tests.browser.chromium import ARGUMENTS, CHROMIUM
from tests.browser.walking import session_of
from tests.running import Running, eventually

TO = ROOT / "screenshots"
SERIES = 20
DESK, PHONE = (1440, 900), (390, 844)
Act = Callable[[Page], object]


@dataclass(frozen=True)
class Shot:
    """One page, and what is done there before it is taken, and after. `key` in the path stands for a lively series."""

    name: str
    path: str
    act: Act | None = None
    signed_in: bool = True
    after: Act | None = None


def _first(selector: str) -> Act:
    return lambda page: page.locator(selector).first.click()


def _choose(page: Page) -> None:
    asked = page.locator("[data-choosing]")
    if asked.count():
        asked.click()
    for number in (0, 2, 3):
        # Not by its place in the window, where on phones a bar may lie above it.
        page.locator(".choose, .job__choose").nth(number).dispatch_event("click")


def _toast(page: Page) -> None:
    page.locator(".job--waiting .row-actions .button--danger").last.click()
    page.locator(".toast").first.wait_for()


def _search(page: Page) -> None:
    page.locator("#search").click()
    page.keyboard.type("der")


def _wrong_password(page: Page) -> None:
    page.get_by_label(re.compile("Password|Passwort")).fill("wrong")
    page.locator("form button").last.click()


def _open_menu(page: Page) -> None:
    if (menu := page.locator(".settings__pick > summary")).is_visible():
        menu.click()


def _open_record(page: Page) -> None:
    page.goto(page.locator("#result_list tbody th a").first.get_attribute("href") or "")


def _send_stale(page: Page) -> None:
    """A form whose token is of another login."""
    page.evaluate("""() => {
        const form = document.querySelector("form[data-theme-form]");
        form.querySelector("[name=csrfmiddlewaretoken]").value = "stale";
        form.submit();
    }""")
    page.wait_for_url("**/theme")


def _help(page: Page) -> None:
    page.keyboard.press("?")


def _scroll(page: Page) -> None:
    page.mouse.wheel(0, 2400)
    page.wait_for_timeout(400)


STRANGER = (
    Shot("setup", "/setup", signed_in=False),
    Shot("setup-wrong", "/setup", lambda page: page.locator("button.button--primary").click(), signed_in=False),
)
EMPTY = tuple(
    Shot(f"empty-{name}", path)
    for name, path in (
        *(("library", "/"), ("queue", "/queue"), ("calendar", "/calendar"), ("favourites", "/favorites")),
        *(("activity", "/activity"), ("add", "/add"), ("wallboard", "/wallboard"), ("findings", "/findings")),
    )
)
PAGES = (
    Shot("library", "/"),
    Shot("library-scrolled", "/", _scroll),
    Shot("library-chosen", "/", _choose),
    Shot("library-filter", "/", _first(".filter__more > summary")),
    Shot("library-nothing", "/?q=zzzz"),
    Shot("library-table", "/", _first("button[value=table]"), after=_first("button[value=grid]")),
    Shot("search-sheet", "/", _search),
    Shot("library-menu", "/", _first(".top__end .menu > summary")),
    Shot("add", "/add"),
    Shot("add-results", "/add?q=a"),
    Shot("add-nothing", "/add?q=zzzzzz"),
    Shot("series", "/anime/{key}"),
    Shot("series-chosen", "/anime/{key}", _choose),
    Shot("series-more", "/anime/{key}", _first(".hero .menu > summary")),
    Shot("series-plan", "/anime/{key}", _first("#plan-form > summary")),
    Shot("series-loading", "/anime/{loading}"),
    Shot("series-failed", "/anime/{failed}"),
    Shot("rename", "/anime/{key}/rename"),
    Shot("metadata", "/anime/{key}/metadata"),
    Shot("specials", "/anime/{films}/specials"),
    Shot("remove", "/anime/{key}/remove"),
    Shot("why", "/anime/{key}/episodes/1/6"),
    Shot("queue", "/queue"),
    Shot("queue-chosen", "/queue", _choose),
    Shot("queue-toast", "/queue", _toast),
    Shot("queue-menu", "/queue", _first(".job--waiting .menu > summary, .job .menu > summary")),
    Shot("queue-one", "/queue/{failed_item}"),
    Shot("queue-quarantine", "/queue/{kept_item}"),
    Shot("queue-window", "/queue/window"),
    Shot("providers", "/providers"),
    Shot("calendar", "/calendar"),
    Shot("calendar-agenda", "/calendar?view=agenda"),
    Shot("calendar-nothing", "/calendar?month=1990-01"),
    Shot("favourites", "/favorites"),
    Shot("favourites-words", "/favorites", _first(".words__more > summary")),
    Shot("activity", "/activity"),
    Shot("findings", "/findings"),
    Shot("wallboard", "/wallboard"),
    Shot("help", "/", _help),
    Shot("settings", "/settings"),
    Shot("settings-account", "/settings/account"),
    *(
        Shot(f"settings-{name}", f"/settings/{name}")
        for name in (
            *("general", "library", "downloads", "metadata", "providers", "notifications", "scheduler", "logging"),
            *("advanced", "integrations", "keys", "move-in", "backups", "reset"),
        )
    ),
    Shot("settings-menu", "/settings/downloads", _open_menu),
    Shot("settings-wrong", "/settings/downloads", lambda page: _save_wrong(page)),
    Shot("403", "/queue", _send_stale),
    Shot("404", "/no/such/page"),
    Shot("offline", "/offline"),
    Shot("login", "/login", signed_in=False),
    Shot("login-wrong", "/login", _wrong_password, signed_in=False),
    Shot("admin", "/admin/"),
    Shot("admin-queue", "/admin/downloads/queueitem/"),
    Shot("admin-provider", "/admin/providers/provider/"),
    Shot("admin-provider-form", "/admin/providers/provider/?q=demo-file", _open_record),
    Shot("admin-configuration", "/admin/configuration/configuration/"),
    Shot("admin-chain", "/admin/providers/provider/chain/"),
)


@dataclass(frozen=True)
class View:
    """How a window looks."""

    theme: str
    size: tuple[int, int]
    language: str = "en-GB"

    def __str__(self) -> str:
        return f"{self.language[:2]}-{self.theme}-{self.size[0]}"


README = (
    ("library", "/", "light", (1280, 800)),
    ("queue", "/queue", "dark", (1280, 800)),
    ("series", "/anime/{key}", "dark", (1280, 960)),
    ("admin", "/admin/", "light", (1280, 960)),
)
# How a browser is told to show a page.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none", "contrast": "no-preference"},
    "dark": {"color_scheme": "dark", "forced_colors": "none", "contrast": "no-preference"},
    "forced": {"color_scheme": "dark", "forced_colors": "active", "contrast": "no-preference"},
    "contrast": {"color_scheme": "light", "forced_colors": "none", "contrast": "more"},
}
# Those for few, at a desk.
RARE_LOOKS = ("forced", "contrast")
RARELY_TAKEN = (
    "library",
    "series",
    "queue",
    "providers",
    "calendar",
    "settings-downloads",
    "login",
    "setup",
    "favourites",
)
GERMAN = (
    "library",
    "series",
    "queue",
    "providers",
    "calendar",
    "settings-downloads",
    "setup",
    "login",
    "help",
    "activity",
)


def _save_wrong(page: Page) -> None:
    page.evaluate("document.querySelectorAll('form[data-settings]').forEach((form) => { form.noValidate = true; })")
    page.locator("form[data-settings] input[type=number]").first.fill("-4")
    page.locator("form[data-settings] .save button").click()
    page.wait_for_load_state()


@dataclass
class Camera:
    """Takes pictures of an `up` into a folder; only those whose name `only` (a pattern) is found in."""

    up: Running
    browser: Browser
    to: Path
    only: str = ""
    session: Any = None
    names: dict[str, str] = field(default_factory=dict)

    def take(self, shots: Sequence[Shot]) -> None:
        """Each in both themes and both widths, and some in German too."""
        for size, language in product((DESK, PHONE), ("en-GB", "de-DE")):
            named = [one for one in shots if re.search(self.only, one.name)]
            wanted = [one for one in named if language == "en-GB" or one.name in GERMAN]
            for signed_in in (True, False):
                chosen = [one for one in wanted if one.signed_in == signed_in]
                if chosen:
                    self._take_with(chosen, View("light", size, language), self.session if signed_in else None)

    def take_for_readme(self, to: Path) -> None:
        """The few of the README, small enough to be committed."""
        for name, path, theme, size in README:
            with self.window(View(theme, size), self.session) as page:
                page.goto(path.format(**self.names))
                _settle(page)
                shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                shown.quantize(256, dither=Image.Dither.NONE).save(to / f"{name}.png", optimize=True)

    def sign_in(self) -> None:
        """Keeps the cookies of one login."""
        self.session = session_of(self.up, self.browser)

    @contextmanager
    def window(self, view: View, session: Any) -> Iterator[Page]:
        """A page of that theme, size and language; closed after."""
        context = self.browser.new_context(
            base_url=self.up.url,
            viewport={"width": view.size[0], "height": view.size[1]},
            color_scheme=view.theme,  # type: ignore[arg-type]  # "light" or "dark"
            locale=view.language,
            storage_state=session,
            has_touch=view.size == PHONE,
            is_mobile=view.size == PHONE,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.set_default_timeout(30_000)
        yield page
        context.close()

    def _take_with(self, shots: Sequence[Shot], view: View, session: Any) -> None:
        with self.window(view, session) as page:
            for shot in shots:
                try:
                    self._take_one(page, shot, view)
                except Error as error:  # one page that can't be taken keeps no other
                    sys.stderr.write(f"{shot.name} {view}: {error.message.splitlines()[0]}\n")

    def _take_one(self, page: Page, shot: Shot, view: View) -> None:
        page.goto(shot.path.format(**self.names))
        _settle(page)
        if shot.act:
            shot.act(page)
            _settle(page)
        is_long = not shot.act and page.evaluate("document.documentElement.scrollHeight / innerHeight") > 1.2
        # Each page is opened once, and shown as it is in every look.
        for look in LOOKS:
            if look not in RARE_LOOKS:
                self._show(page, look, f"{shot.name}-{replace(view, theme=look)}", whole=is_long)
            elif shot.name in RARELY_TAKEN and view.size == DESK and view.language == "en-GB":
                self._show(page, look, f"{shot.name}-{replace(view, theme=look)}", whole=False)
        page.emulate_media(**LOOKS["light"])
        if shot.after:
            shot.after(page)

    def _show(self, page: Page, look: str, name: str, *, whole: bool) -> None:
        page.emulate_media(**LOOKS[look])
        if "/admin/" in page.url:
            page.reload()  # its theme is told by a class that is set once
            _settle(page)
        page.screenshot(path=self.to / f"{name}.png")
        if whole:
            page.screenshot(path=self.to / f"{name}-whole.png", full_page=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--readme", action="store_true", help="only the pictures of the README, into docs/images/")
    parser.add_argument("--only", default="", help="a pattern that the names have to match")
    parser.add_argument("--to", type=Path, default=TO, help="another folder")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        camera = Camera(up, browser, arguments.to, arguments.only)
        if not arguments.readme:
            camera.take(STRANGER)
        up.setup()
        camera.sign_in()
        if not arguments.readme:
            camera.take(EMPTY)
        camera.names = live_in(up)
        camera.take_for_readme(ROOT / "docs" / "images")
        if not arguments.readme:
            camera.take(PAGES)
        browser.close()


def live_in(up: Running) -> dict[str, str]:
    """Adds series and tells their story; answers what stands for the names in paths."""
    found = [one for word in ("a", "e") for one in up.api("POST", "/api/anime/search", {"query": word})["items"]]
    links = list(dict.fromkeys(one["link"] for one in found))[:SERIES]
    keys = [str(up.api("POST", "/api/anime/add", {"link": link})["key"]) for link in links]

    def loaded() -> bool:
        items = up.api("GET", "/api/anime", limit=100)["items"]
        return len(items) == len(keys) and all(one["loading_status"] == "completed" for one in items)

    eventually(loaded, 240, "every series loaded")
    environment = {**up.environment, "DJANGO_SETTINGS_MODULE": "aniworld.settings"}
    subprocess.run([sys.executable, "-m", "tests.browser.story"], env=environment, cwd=ROOT, check=True)
    failed = up.api("GET", "/api/queue/items?status=failed")["items"]
    names = {"key": keys[2], "films": keys[0], "loading": keys[4], "failed": keys[9]}
    return names | {"failed_item": str(failed[0]["id"]), "kept_item": str(failed[-1]["id"])}


def _settle(page: Page) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
