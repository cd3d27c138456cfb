"""The page that finds series to add, in front of a real catalogue: typos, links, and what was wished for."""

from __future__ import annotations

from django.test import Client

from library.models import Series
from providers.demo.site import Site
from providers.models import Provider
from tests.aniworld.people import user


def page(client: Client, query: str) -> str:
    return client.get("/add", {"q": query, "now": "1"}).content.decode()


def test_a_mistyped_title_or_key_names_what_is_near(site: Site, client: Client) -> None:
    client.force_login(user())
    for typed in ("Silberfadn", "silberfden"):
        text = page(client, typed)
        assert "No catalogue knows" in text
        assert ">Silberfaden</a>" in text
    assert "Did you mean" not in page(client, "qqqqqqqq")


def test_whoever_has_only_the_demo_is_told_so(site: Site, client: Client) -> None:
    client.force_login(user())
    text = page(client, "qqqqqqqq")
    assert "Only the demo catalogue is switched on" in text
    assert ">Silberfaden</a>" in text
    Provider.objects.get(name="ytdlp").enable()
    assert "Try the original title" in page(client, "qqqqqqqq")


def test_a_link_is_judged_before_anything_is_offered(site: Site, client: Client) -> None:
    client.force_login(user("member", staff=False))
    strange = page(client, "https://example.org/anime/stream/silberfaden")
    assert "No enabled catalogue knows this link." in strange
    assert 'action="/add/series"' not in strange
    link = f"{site.address}/anime/stream/silberfaden"
    assert 'action="/add/series"' in page(client, link)
    client.post("/add/series", {"link": link, "download": "missing"})
    assert Series.objects.get(key="silberfaden").download_when_loaded
    known = page(client, link)
    assert 'href="/anime/silberfaden"' in known
    assert 'action="/add/series"' not in known


def test_adding_alone_downloads_nothing(site: Site, client: Client) -> None:
    client.force_login(user())
    text = page(client, "Silberfaden")
    assert "Add and download all" in text
    client.post("/add/series", {"provider": "demo", "key": "silberfaden", "name": "Silberfaden"})
    assert not Series.objects.get(key="silberfaden").download_when_loaded
