"""Pictures of every page in light and dark, at a desk's and at a phone's width, for human eyes: `make screenshots`.

Starts a real `up` with its demo in a data folder of its own, makes it look lived in, and writes to `screenshots/`. With
`--readme` it takes only the few that the README shows, into `docs/images/`.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from aniworld.environment import ROOT
from tests.browser.chromium import ARGUMENTS, CHROMIUM
from tests.running import PASSWORD, Running, eventually

TO = ROOT / "screenshots"
SERIES = 20
DESK, PHONE = (1440, 900), (390, 844)
Act = Callable[[Page], object]


@dataclass(frozen=True)
class Shot:
    """One page, and what is done there before it is taken. `key` in the path stands for a lively series."""

    name: str
    path: str
    act: Act | None = None
    signed_in: bool = True


def _first(selector: str) -> Act:
    return lambda page: page.locator(selector).first.click()


def _choose(page: Page) -> None:
    asked = page.locator("[data-choosing]")
    if asked.count():
        asked.click()
    for number in (0, 2, 3):
        page.locator(".choose, .job__choose").nth(number).check(force=True)


def _toast(page: Page) -> None:
    page.locator(".job--waiting .row-actions .button--danger").last.click()
    page.locator(".toast").first.wait_for()


def _wrong_password(page: Page) -> None:
    page.get_by_label(re.compile("Password|Passwort")).fill("wrong")
    page.locator("form button").last.click()


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
    Shot("library-table", "/?view=table"),
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
            *("advanced", "keys", "backups", "reset"),
        )
    ),
    Shot("settings-wrong", "/settings/downloads", lambda page: _save_wrong(page)),
    Shot("404", "/no/such/page"),
    Shot("offline", "/offline"),
    Shot("login", "/login", signed_in=False),
    Shot("login-wrong", "/login", _wrong_password, signed_in=False),
    Shot("admin", "/admin/"),
    Shot("admin-queue", "/admin/downloads/queueitem/"),
    Shot("admin-provider", "/admin/providers/provider/"),
    Shot("admin-provider-form", "/admin/providers/provider/{provider}/change/"),
    Shot("admin-configuration", "/admin/configuration/configuration/"),
    Shot("admin-chain", "/admin/providers/provider/chain/"),
)
README = (
    ("library", "/", "light", (1280, 800)),
    ("queue", "/queue", "dark", (1280, 800)),
    ("series", "/anime/{key}", "dark", (1280, 960)),
    ("admin", "/admin/", "light", (1280, 960)),
)
GERMAN = ("library", "series", "queue", "providers", "calendar", "settings-downloads", "setup", "login", "help", "activity")


def _save_wrong(page: Page) -> None:
    page.evaluate("document.querySelectorAll('form[data-settings]').forEach((form) => { form.noValidate = true; })")
    page.locator("form[data-settings] input[type=number]").first.fill("-4")
    page.locator("form[data-settings] .save button").click()
    page.wait_for_load_state()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots", description=__doc__)
    parser.add_argument("--readme", action="store_true", help="only the pictures of the README, into docs/images/")
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--to", type=Path, default=TO, help="another folder")
    arguments = parser.parse_args()
    with Running(demo=True, environment={"DEMO_SPEED": "0"}) as up, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        arguments.to.mkdir(parents=True, exist_ok=True)
        if not arguments.readme:
            _take(up, browser, STRANGER, None, arguments)
        up.setup()
        session = signed_in(up, browser)
        if not arguments.readme:
            _take(up, browser, EMPTY, session, arguments)
        names = live_in(up)
        if arguments.readme:
            _take_for_readme(up, browser, session, names)
        else:
            _take(up, browser, PAGES, session, arguments, names)
        browser.close()


def signed_in(up: Running, browser: Browser) -> Any:
    """The cookies of one login."""
    with _window(up, browser, None, "light", DESK, "en-GB") as page:
        page.goto("/login")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile("/$"))
        return page.context.storage_state()


def live_in(up: Running) -> dict[str, str]:
    """Adds series and tells their story; answers what stands for the names in paths."""
    found = up.api("POST", "/api/anime/search", {"query": "a"})["items"]
    found += up.api("POST", "/api/anime/search", {"query": "e"})["items"]
    links = list(dict.fromkeys(one["link"] for one in found))[:SERIES]
    keys = [str(up.api("POST", "/api/anime/add", {"link": link})["key"]) for link in links]

    def loaded() -> bool:
        items = up.api("GET", "/api/anime", limit=100)["items"]
        return len(items) == len(keys) and all(one["loading_status"] == "completed" for one in items)

    eventually(loaded, 240, "every series loaded")
    environment = {**up.environment, "DJANGO_SETTINGS_MODULE": "aniworld.settings"}
    subprocess.run([sys.executable, "-m", "tests.browser.story"], env=environment, cwd=ROOT, check=True)
    failed = up.api("GET", "/api/queue/items?status=failed")["items"]
    return {
        **{"key": keys[2], "loading": keys[4], "failed": keys[9], "provider": "demo-file"},
        "films": next((key for key in keys if any(s["season"] == 0 for s in up.api("GET", f"/api/anime/{key}")["seasons"])), keys[0]),
        "failed_item": str(failed[0]["id"]),
        "kept_item": str(failed[-1]["id"]),
    }


def _take(
    up: Running, browser: Browser, shots: tuple[Shot, ...], session: Any, wanted: Any, names: dict[str, str] | None = None
) -> None:
    for theme in ("light", "dark"):
        for size in (DESK, PHONE):
            for language in ("en-GB", "de-DE"):
                _take_all(up, browser, shots, session, wanted, names or {}, (theme, size, language))


def _take_all(
    up: Running,
    browser: Browser,
    shots: tuple[Shot, ...],
    session: Any,
    wanted: Any,
    names: dict[str, str],
    view: tuple[str, tuple[int, int], str],
) -> None:
    theme, size, language = view
    for signed in (True, False):
        chosen = [
            shot
            for shot in shots
            if shot.signed_in == signed and wanted.only in shot.name and (language == "en-GB" or shot.name in GERMAN)
        ]
        if not chosen:
            continue
        with _window(up, browser, session if signed else None, theme, size, language) as page:
            for shot in chosen:
                where = "-".join([shot.name, *(["de"] if language != "en-GB" else []), theme, str(size[0])])
                _one(page, shot, names, wanted.to / f"{where}.png")


def _one(page: Page, shot: Shot, names: dict[str, str], to: Path) -> None:
    try:
        page.goto(shot.path.format(**names))
        _settle(page)
        if shot.act:
            shot.act(page)
            page.wait_for_timeout(350)
        page.screenshot(path=to)
        taller = page.evaluate("document.documentElement.scrollHeight / innerHeight")
        if taller > 1.2 and not shot.act:
            page.screenshot(path=to.with_stem(f"{to.stem}-whole"), full_page=True)
    except Exception as error:  # one page that can't be taken keeps no other
        print(f"{to.name}: {str(error).splitlines()[0]}", file=sys.stderr)


def _settle(page: Page) -> None:
    page.wait_for_load_state("load")
    page.wait_for_timeout(350)


@contextmanager
def _window(
    up: Running, browser: Browser, session: Any, theme: str, size: tuple[int, int], language: str
) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        base_url=up.url,
        viewport={"width": size[0], "height": size[1]},
        color_scheme=theme,  # type: ignore[arg-type]  # "light" or "dark"
        locale=language,
        storage_state=session,
        has_touch=size == PHONE,
        is_mobile=size == PHONE,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def _take_for_readme(up: Running, browser: Browser, session: Any, names: dict[str, str]) -> None:
    for name, path, theme, size in README:
        with _window(up, browser, session, theme, size, "en-GB") as page:
            page.goto(path.format(**names))
            _settle(page)
            shown = Image.open(io.BytesIO(page.screenshot()))
            shown.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                ROOT / "docs" / "images" / f"{name}.png", optimize=True
            )


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    main()
