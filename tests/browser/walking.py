"""Ways through the pages that several tests go."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, expect

from tests.running import PASSWORD, Running, eventually


def add(up: Running, number: int) -> str:
    """Adds the demo's series of that number and waits for its episodes; answers its key."""
    found = up.api("POST", "/api/anime/search", {"query": "a"})["items"][number]
    key = str(up.api("POST", "/api/anime/add", {"link": found["link"]})["key"])
    eventually(lambda: up.api("GET", f"/api/anime/{key}")["seasons"], 60, "episodes")
    return key


def fill_the_queue(up: Running) -> None:
    """Stops it, with everything that is missing in it."""
    up.api("POST", "/api/queue/stop")
    for one in up.api("GET", "/api/anime")["items"]:
        up.api("POST", f"/api/anime/{one['key']}/download", {}, status=202)


def session_of(up: Running, chromium: Browser, username: str = "") -> Any:
    """The cookies of one login; more of them than needed would be throttled."""
    context = chromium.new_context(base_url=up.url, locale="en-GB")
    page = context.new_page()
    page.goto("/login?next=/queue")
    if username:
        page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/queue$"))
    state = context.storage_state()
    context.close()
    return state
