"""A real Chromium, and pages of it that notice every error and every breach of the content security policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from aniworld.accounts.models import User
from tests.browser import seed
from tests.browser.chromium import ARGUMENTS, CHROMIUM, DESKTOP, PHONE

AXE = Path(__file__).parent / "vendor" / "axe-core-4.14.1" / "axe.min.js"


class Watched:
    """A page with everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.set_default_timeout(20_000)

    def _note(self, kind: str, text: str) -> None:
        # A cover that is not to be had is answered with 404; everything else that a console calls an error is one.
        # Nor is a fade between two pages that the browser leaves out when it is busy.
        if kind == "error" and "status of 404" not in text and not text.startswith("Transition was "):
            self.errors.append(text)

    def barriers(self) -> list[str]:
        """What axe finds that keeps people out, by WCAG 2.2 AA. The window must have been opened without a policy."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate(
            "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        )
        return [f"{rule['id']} {node['target']}" for rule in found["violations"] for node in rule["nodes"]]

    def sideways(self) -> int:
        """By how many pixels the page is wider than its window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser; skips when there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens windows for `base_url`, each with cookies of its own or those of `session`."""
    contexts: list[BrowserContext] = []

    def open_window(
        base_url: str,
        *,
        phone: bool = False,
        theme: str = "light",
        script: bool = True,
        language: str = "en-GB",
        size: tuple[int, int] | None = None,
        session: Any = None,
        policy: bool = True,
        zone: str | None = None,
    ) -> Watched:
        shown = {"width": size[0], "height": size[1]} if size else PHONE if phone else DESKTOP
        context = chromium.new_context(
            base_url=base_url,
            viewport=shown,  # type: ignore[arg-type]  # a plain dict is what it takes
            locale=language,
            timezone_id=zone,
            color_scheme=theme,  # type: ignore[arg-type]  # "light" or "dark"
            java_script_enabled=script,
            has_touch=phone,
            storage_state=session,
            bypass_csp=not policy,
        )
        contexts.append(context)
        return Watched(context.new_page())

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def admin(quick: None) -> User:
    return seed.everything()


@pytest.fixture
def quick(settings: Any, tmp_path: Path) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.LIBRARY_DIR = tmp_path / "library"
    settings.LIBRARY_DIR.mkdir()


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client
