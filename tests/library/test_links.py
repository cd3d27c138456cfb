"""A pasted link finds its catalogue by itself, also one that is switched off, where an administrator pastes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from aniworld.audit.models import Change
from library import loading
from library.models import Series
from providers.demo.site import Site
from providers.models import Provider
from tests.aniworld.people import signed_in, user, with_key
from tests.providers import sites

NAME = "http-index"


@pytest.fixture
def served(site: Site, settings: Settings, tmp_path: Path) -> Iterator[sites.Serving]:
    """A listing with one series, whose catalogue has its address and is off."""
    folder = tmp_path / "tree" / "Sea Show (1961)"
    folder.mkdir(parents=True)
    (folder / "1.mp4").write_bytes(b"x")
    with sites.serving() as serving:
        settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{serving.port}"]
        serving.tree(folder.parent)
        Provider.objects.get(name=NAME).change(base_url=serving.address)
        yield serving


def _is_on(name: str = NAME) -> bool:
    return Provider.objects.get(name=name).enabled


def test_an_administrator_looks_it_up_and_adds_it(served: sites.Serving) -> None:
    api, link = signed_in(user()), f"{served.address}/Sea%20Show%20(1961)/"
    answer = api.call("post", "/api/anime/search", {"query": link}).json()
    assert [(one["name"], one["year"], one["provider"]) for one in answer["items"]] == [("Sea Show", 1961, NAME)]
    assert [(one["provider"], one["code"]) for one in answer["warnings"]] == [(NAME, "catalogue_off")]
    assert not _is_on(), "looking changes nothing"
    added = api.call("post", "/api/anime/add", {"link": link})
    assert added.status_code == 202
    assert added.json()["message"].endswith("; HTTP index was switched on for it")
    assert _is_on()
    change = Change.objects.get(subject="provider HTTP index")
    assert (change.action, change.via, change.changes) == ("switched on", "api", {"enabled": [False, True]})
    loading.load_pending()
    assert Series.objects.get().total_episodes == 1
    again = api.call("post", "/api/anime/search", {"query": link}).json()
    assert (again["items"][0]["in_library"], again["warnings"]) == (True, [])
    Provider.objects.get(name=NAME).disable()
    assert api.call("post", "/api/anime/add", {"link": link}).json()["code"] == "already_there"
    assert not _is_on()


def test_nobody_else_has_a_catalogue_asked_that_is_off(served: sites.Serving) -> None:
    api = signed_in(user("member", staff=False))
    link = f"{served.address}/Sea%20Show%20(1961)/"
    narrow = with_key(user(), "read").call("post", "/api/anime/search", {"query": link})
    assert (narrow.status_code, narrow.json()["code"]) == (422, "catalogue_off"), (
        "the key reaches less far than its user"
    )
    for path, name in (("search", "query"), ("add", "link")):
        answer = api.call("post", f"/api/anime/{path}", {name: link})
        assert (answer.status_code, answer.json()["code"]) == (422, "catalogue_off")
        strange = api.call("post", f"/api/anime/{path}", {name: "https://videos.example/list"})
        assert (strange.status_code, strange.json()["code"]) == (422, "unknown_link")
    assert served.asked == []
    assert not _is_on()


def test_a_link_that_leads_nowhere_switches_nothing_on(served: sites.Serving, client: Client) -> None:
    link = f"{served.address}/Nothing/"
    client.force_login(user())
    text = client.post("/add/series", {"link": link}).content.decode()
    assert "It could not be looked up at HTTP index, which stays switched off" in text
    german = client.post("/add/series", {"link": link}, headers={"accept-language": "de"}).content.decode()
    assert re.search(r"nicht nachschlagen, und das bleibt ausgeschaltet: [^<]* gibt es nicht \(404\)\.", german)
    assert not _is_on()
    assert not Series.objects.exists()


def test_what_is_refused_switches_nothing_on(served: sites.Serving) -> None:
    api, link = signed_in(user()), f"{served.address}/Sea%20Show%20(1961)/"
    for wish in ({"name": "a\0b"}, {"language_plan": {"order": ["German Dub", "German Dub"]}}):
        assert api.call("post", "/api/anime/add", {"link": link, **wish}).status_code == 422
    assert not _is_on()


def test_the_page_says_what_adding_switches_on(served: sites.Serving, client: Client) -> None:
    client.force_login(user())
    link = f"{served.address}/Sea%20Show%20(1961)/"
    assert "HTTP index is switched off. Adding the series switches it on." in client.get(
        "/add", {"q": link}).content.decode()  # fmt: skip
    page = client.post("/add/series", {"link": link}, follow=True).content.decode()
    assert "HTTP index was switched on for it." in page


def test_what_takes_any_link_comes_last_and_stays_within_the_rules(served: sites.Serving, settings: Settings) -> None:
    served.pages["/feed.xml"] = (200, "application/rss+xml", sites.feed(served.address))
    Provider.objects.get(name=NAME).change(base_url=f"{served.address}/elsewhere")
    api, link = signed_in(user()), f"{served.address}/feed.xml"
    settings.ALLOWED_PRIVATE_HOSTS = []
    refused = api.call("post", "/api/anime/add", {"link": link})
    assert (refused.status_code, _is_on("ytdlp")) == (422, False)
    assert served.asked == []
    settings.ALLOWED_PRIVATE_HOSTS = [f"127.0.0.1:{served.port}"]
    call_command("add", link)
    assert _is_on("ytdlp")
    assert Series.objects.get().provider == "ytdlp"


def test_the_usual_site_is_taken_for_the_address(served: sites.Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    sites.archive(served)
    monkeypatch.setattr("providers.catalogues.archive_org.ArchiveOrg.usual_site", served.address)
    Provider.objects.get(name=NAME).change(base_url="")
    answer = signed_in(user()).call("post", "/api/anime/add", {"link": f"{served.address}/details/sea-show"})
    assert answer.status_code == 202
    row = Provider.objects.get(name="archive-org")
    assert (row.enabled, row.base_url) == (True, served.address)
