"""The page of one download in a real browser: readable for everybody, at both widths, and its plan loads in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from aniworld.accounts.models import User
from downloads import quarantine
from downloads.models import Attempt, QuarantinedFile, QueueItem
from tests.browser import seed
from tests.browser.conftest import Watched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.fixture
def failed(admin: User) -> QueueItem:
    item = QueueItem.objects.get(status="failed")
    facts: dict[str, Any] = {"provider": "demo-fast", "language": seed.DUB}
    reason = "The file plays 610 seconds, and other episodes of the season about 1420."
    Attempt.objects.create(item=item, outcome="truth_failed", error=reason, ended_at=item.completed_at, **facts)
    facts |= {"place": quarantine.here(), "path": "1/a.mp4", "size": 210 * seed.MEGABYTE}
    QuarantinedFile.objects.create(item=item, reason=reason, **facts)
    return item


@pytest.mark.parametrize(("phone", "theme"), [(True, "dark"), (False, "light")], ids=["phone", "desktop"])
def test_it_is_readable_for_everybody(
    live_server: Any, window: Callable[..., Watched], failed: QueueItem, theme: str, *, phone: bool
) -> None:
    watched = window(live_server.url, phone=phone, theme=theme, policy=False)
    page = watched.page
    page.goto(f"/login?next=/queue/{failed.pk}")
    page.get_by_label("Password").fill(seed.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Failed its check")).to_be_visible()
    expect(page.get_by_role("button", name="Accept anyway")).to_be_visible()
    # Before its scripts run, the link would lead to a page of its own.
    page.wait_for_load_state()
    page.get_by_role("link", name="Show the plan").click()
    expect(page.get_by_text("It would arrive as")).to_be_visible()
    assert page.url.endswith(f"/queue/{failed.pk}")
    assert watched.sideways() == 0
    assert watched.barriers() == []
    # The file of the seed is only a row: the refusal is said, and nothing happens.
    page.get_by_role("button", name="Accept anyway").click()
    expect(page.locator(".toast")).to_contain_text("not in quarantine any more")


def test_the_search_of_a_phone_says_no_more_than_fits(
    live_server: Any, window: Callable[..., Watched], admin: User
) -> None:
    watched = window(live_server.url, phone=True, policy=False)
    page = watched.page
    page.goto("/login?next=/queue")
    page.get_by_label("Password").fill(seed.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    field = page.locator("#search")
    expect(field).to_have_attribute("placeholder", "Search")
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(field).to_have_attribute("placeholder", "Search or add a series")
