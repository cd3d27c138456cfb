"""The test of what other programs read here: over real HTTP, at the address under which the page was reached."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from aniworld.accounts import feeds
from aniworld.accounts.models import ApiKey, User
from integrations.feeds.models import ArrivalsFeed
from library.models import CalendarFeed
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series
from tests.providers import sites

PAGE = "/settings/integrations"


@pytest.fixture
def boss(live_server: Any, transactional_db: None, settings: Settings) -> Client:
    settings.ALLOWED_HOSTS = ["*"]
    page = Client(HTTP_HOST=urlsplit(live_server.url).netloc)
    page.force_login(user())
    return page


def _said(boss: Client) -> list[str]:
    """The results, each as a line of text."""
    page = boss.post(f"{PAGE}/test-readers").content.decode()
    found = page.partition('<ul class="notices"')[2].partition("</ul>")[0]
    return [one.partition("<b>")[2].partition("</span>")[0].replace("</b>", "") for one in found.split("<li")[1:]]


def test_each_is_read_and_counted(boss: Client) -> None:
    series = make_series(name="Show & <more>")
    for episode in make_episodes(series, count=2):
        episode.record_file("German Dub", f"{series.folder}/{episode.number}.mp4", size=1, duration=1, mtime=1)
    page = boss.get(PAGE).content.decode()
    for path in ("/api/widget", "/integrations/arrivals.atom", "/calendar.ics"):
        assert f"{path}&quot;" in page or f'{path}"' in page
    assert _said(boss) == [
        "Arrivals (Atom): Well-formed, with 2 entries.",
        "Arrivals (RSS): Well-formed, with 2 entries.",
        "Calendar: Well-formed, with 2 entries.",
        "Numbers for dashboards: It answers. Status: idle; series: 1; missing episodes: 0.",
    ]
    assert not ApiKey.objects.exists(), "nothing is left of it"
    assert not ArrivalsFeed.objects.exists()


def test_what_keeps_them_away_is_said(boss: Client) -> None:
    boss.defaults["HTTP_HOST"] = "127.0.0.1:9"
    assert len([line for line in _said(boss) if line.endswith("No connection to 127.0.0.1: Connection refused.")]) == 4
    with sites.serving() as site:
        for path in ("/integrations/arrivals.atom", "/integrations/arrivals.rss", "/calendar.ics", "/api/widget"):
            site.pages[path] = (200, "text/html", b"<html><p>Sign in<br></html>")
        boss.defaults["HTTP_HOST"] = urlsplit(site.address).netloc
        said = _said(boss)
    assert len([line for line in said if "something else came (text/html). Does a proxy ask for a login" in line]) == 4


@pytest.mark.django_db
def test_a_pass_opens_one_kind_of_feed_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    person = user()
    text = feeds.pass_for(ArrivalsFeed, person)
    opened = ArrivalsFeed.objects.opened_by(text)
    assert opened is not None
    assert opened.user == person
    assert CalendarFeed.objects.opened_by(text) is None
    assert ArrivalsFeed.objects.opened_by(f"{text}x") is None
    User.objects.update(is_active=False)
    assert ArrivalsFeed.objects.opened_by(text) is None
    User.objects.update(is_active=True)
    monkeypatch.setattr("django.core.signing.time.time", lambda: 2**33)
    assert ArrivalsFeed.objects.opened_by(text) is None
