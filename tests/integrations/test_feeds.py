"""The feed of arrivals: who may read it, that readers understand it, and that titles stay text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from defusedxml import ElementTree as Safe
from django.test import Client
from django.utils import timezone

from integrations.feeds.models import ArrivalsFeed
from library.models import Episode
from tests.aniworld.people import Api, signed_in, user
from tests.library.factories import make_episodes, make_series, queries_of

pytestmark = pytest.mark.django_db

ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "Evil <script>alert(1)</script> & ]]> \x00\x0b\u202e"


@pytest.fixture
def api(db: None) -> Api:
    return signed_in(user("member", staff=False))


def arrive(name: str = "Show", count: int = 2, **values: Any) -> list[Episode]:
    series = make_series(name=name)
    found = make_episodes(series, count=count, **values)
    for episode in found:
        episode.record_file("German Dub", f"{series.folder}/{episode.number}.mp4", size=1, duration=1, mtime=1)
    return found


def opened(api: Api) -> dict[str, Any]:
    answer = api.call("post", "/api/integrations/feed")
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    assert made["url"] == f"http://testserver/integrations/arrivals.atom?token={made['token']}"
    return made


def read(token: str, form: str = "atom", **headers: str) -> Any:
    return Client().get(f"/integrations/arrivals.{form}", {"token": token}, headers=headers)


def atom(token: str) -> list[ElementTree.Element]:
    found: list[ElementTree.Element] = Safe.fromstring(read(token).content).findall(f"{ATOM}entry")
    return found


def test_it_is_atom_and_rss(api: Api) -> None:
    first, second = arrive(title="The Title", plot="What happens.")
    Episode.objects.filter(pk=first.pk).update(download_date=timezone.now() - timedelta(hours=1))
    token = opened(api)["token"]
    answer = read(token)
    assert answer["Content-Type"].startswith("application/atom+xml")
    entries = atom(token)
    assert [one.findtext(f"{ATOM}title") for one in entries] == ["Show S01E02 – The Title", "Show S01E01 – The Title"]
    link = entries[0].find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == f"http://testserver/anime/{second.series.key}"
    assert "What happens." in (entries[0].findtext(f"{ATOM}summary") or "")
    assert len({one.findtext(f"{ATOM}id") for one in entries}) == 2
    rss = read(token, "rss")
    assert rss["Content-Type"].startswith("application/rss+xml")
    assert len(Safe.fromstring(rss.content).findall("channel/item")) == 2
    assert read(token, **{"If-None-Match": answer["ETag"]}).status_code == 304


def test_hostile_titles_stay_text(api: Api) -> None:
    arrive(HOSTILE, title=HOSTILE, plot=HOSTILE)
    token = opened(api)["token"]
    for form in ("atom", "rss"):
        content = read(token, form).content
        Safe.fromstring(content)
        assert b"<script" not in content
        assert b"&lt;script" in content
    summary = atom(token)[0].findtext(f"{ATOM}summary") or ""
    assert "<script" not in summary


def test_the_token_opens_the_feed_and_nothing_else(api: Api) -> None:
    token = opened(api)["token"]
    assert read(token).status_code == 200
    assert Api(bearer=token).call("get", "/api/anime").status_code == 401
    assert Client().get("/calendar.ics", {"token": token}).status_code == 401
    for wrong in ("", token[:-1], "\x00", "ü" * 5000):
        assert read(wrong).status_code == 401
    assert Client().post(f"/integrations/arrivals.atom?token={token}").status_code == 405
    assert Client().get("/integrations/arrivals.html").status_code in (302, 404)
    assert read(opened(api)["token"]).status_code == 200
    assert read(token).status_code == 401
    assert api.call("get", "/api/integrations/feed").json()["active"] is True
    assert api.call("delete", "/api/integrations/feed").status_code == 204
    assert api.call("delete", "/api/integrations/feed").status_code == 404
    assert not ArrivalsFeed.objects.exists()


def test_it_costs_the_same_however_much_there_is(api: Api) -> None:
    token = opened(api)["token"]
    arrive()
    read(token)
    few = queries_of(lambda: read(token))
    for _ in range(3):
        arrive(count=40)
    assert queries_of(lambda: read(token)) <= few + 1
    assert len(atom(token)) == 100


def test_the_page_shows_the_address_once() -> None:
    browser = Client()
    browser.force_login(user("browser", staff=False))
    made = browser.post("/calendar/reader", {"verb": "make"}).content.decode()
    token = made.partition("arrivals.atom?token=")[2].partition('"')[0]
    assert read(token).status_code == 200
    page = browser.get("/calendar").content.decode()
    assert token not in page
    assert token[:12] in page
    browser.post("/calendar/reader", {"verb": "revoke"})
    assert read(token).status_code == 401
