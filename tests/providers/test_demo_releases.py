"""Episodes and dubs that come out at the demo while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from providers.contracts import Language
from providers.demo import options
from providers.demo.releases import Releases, UnknownRelease, all_series, links, releases
from providers.demo.series import links as first_links
from providers.demo.site import Site
from tests.clips import clips_there

NEW: dict[str, Any] = {"slug": "wolkenfischer", "season": 1, "number": 10, "languages": ["German Sub"]}


@pytest.fixture(autouse=True)
def _as_at_the_start() -> Iterator[None]:
    releases.forget()
    yield
    releases.forget()


@pytest.fixture
def site(tmp_path: Any) -> Iterator[Site]:
    clips_there(tmp_path)
    with Site(tmp_path, port=0) as running:
        yield running


def put(site: Site, entry: Any) -> requests.Response:
    return requests.put(f"{site.address}/_releases", json=entry, timeout=5)


def page(site: Site, path: str) -> requests.Response:
    return requests.get(site.address + path, timeout=5)


def test_an_episode_and_its_dub_appear_everywhere(site: Site) -> None:
    season, episode = "/anime/stream/wolkenfischer/staffel-1", "/anime/stream/wolkenfischer/staffel-1/episode-10"
    assert page(site, episode).status_code == 404
    assert put(site, NEW).status_code == 200
    assert put(site, {**NEW, "languages": ["German Dub"]}).json()[1]["number"] == 10
    assert "Folge 10" in page(site, season).text
    newest = page(site, "/neue-episoden").text
    assert newest.index(episode) < newest.index("listTag", newest.index(episode) + 400)
    shown = page(site, episode).text
    fresh = links()[len(first_links()) :]
    assert [link.id for link in links()] == list(range(1, len(links()) + 1))
    assert [link.language for link in fresh[::3]] == [Language.GERMAN_SUB, Language.GERMAN_DUB]
    for link in fresh:
        assert f"/redirect/{link.id}" in shown
        assert page(site, f"/redirect/{link.id}").status_code == 200
    assert requests.delete(f"{site.address}/_releases", timeout=5).json() == []
    assert page(site, episode).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [[], {}, {**NEW, "slug": "nobody"}, {**NEW, "number": "x"}, {**NEW, "languages": ["Klingon"]}, {**NEW, "x": 1}],
)
def test_a_release_that_can_not_be_is_refused(site: Site, wrong: Any) -> None:
    answer = put(site, wrong)
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_there_are_only_so_many() -> None:
    for number in range(500):
        releases.add({**NEW, "number": number})
    with pytest.raises(UnknownRelease, match="too many"):
        releases.add(NEW)


def test_they_come_by_themselves_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Releases()
    assert own.made() == ()
    own.begin(60.0)
    monkeypatch.setattr(own, "_since", own._since - 130)
    first, second = own.made()
    assert (first.languages, second.languages) == ((Language.GERMAN_SUB,), (Language.GERMAN_DUB,))
    assert first.place == second.place
    assert first.number == all_series()[first.slug].seasons[first.season][-1].number + 1
    assert own.made() == (first, second)


def test_how_often_is_said_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert options.read().news_minutes == 0
    monkeypatch.setenv("DEMO_NEWS_MINUTES", "5")
    assert options.read().news_minutes == 5
