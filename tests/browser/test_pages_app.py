"""What makes the pages an app: manifest, service worker, offline page; the wallboard and the queue's own window."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from aniworld.accounts.models import Preferences
from aniworld.middleware import PAGES
from downloads.models import QueueItem
from providers.models import ProviderStatus
from tests.browser.test_pages import text_of

pytestmark = pytest.mark.django_db


def test_the_manifest_names_icons_that_are_there(browser: Client) -> None:
    answer = Client().get("/manifest.webmanifest")
    assert answer["Content-Type"] == "application/manifest+json"
    told = answer.json()
    assert (told["display"], told["start_url"], told["scope"]) == ("standalone", "/", "/")
    assert {icon["purpose"] for icon in told["icons"]} == {"any", "maskable"}
    for icon in told["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/")), icon["src"]
    for shortcut in told["shortcuts"]:
        assert browser.get(shortcut["url"]).status_code == 200


def test_the_service_worker_keeps_only_what_everybody_may_see(browser: Client) -> None:
    answer = Client().get("/sw.js")
    text = text_of(answer)
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Content-Security-Policy"] == PAGES
    shell = text.partition("SHELL = [")[2].partition("]")[0]
    names = [name.strip(" `\n") for name in shell.split(",") if "STATIC" in name]
    assert names
    for name in names:
        assert finders.find(name.replace("${STATIC}", "")), name
    offline = Client().get("/offline")
    assert offline.status_code == 200
    assert "sessionid" not in offline.cookies
    assert "csrfmiddlewaretoken" not in text_of(offline)


def test_the_wallboard_shows_what_runs_and_the_hosts_that_were_asked(browser: Client) -> None:
    text = text_of(browser.get("/wallboard"))
    assert "The Clockmaker&#x27;s Garden <span>S02E03" in text
    assert "Demo Fast" in text
    assert "Streamtape" not in text
    QueueItem.objects.all().delete()
    ProviderStatus.objects.all().delete()
    assert "Nothing is being downloaded." in text_of(browser.get("/wallboard"))


def test_the_queue_opens_in_a_window_of_its_own(browser: Client) -> None:
    assert 'href="/queue/window"' in text_of(browser.get("/queue"))
    text = text_of(browser.get("/queue/window"))
    assert 'id="pending-list"' in text
    assert 'class="rail"' not in text
    assert 'href="/queue/window"' not in text


@pytest.mark.parametrize("path", ["/wallboard", "/queue/window", "/activity"])
def test_nobody_sees_them_without_signing_in(path: str, admin: Any) -> None:
    assert Client().get(path)["Location"] == f"/login?next={path.replace('/', '%2F')}"


def test_shortcuts_are_listed_for_the_places_of_the_rail(browser: Client) -> None:
    text = text_of(browser.get("/queue"))
    assert 'data-key="q"' in text
    assert "<kbd>g</kbd> <kbd>q</kbd>" in text
    assert 'data-shortcuts="off"' not in text
    Preferences.objects.update(shortcuts=False)
    assert 'data-shortcuts="off"' in text_of(browser.get("/queue"))
