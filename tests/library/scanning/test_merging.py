"""A found folder whose series the library has already: it is merged when a person says so. And looking by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from aniworld.refusals import Invalid
from library.models import Episode, EpisodeFile, Finding, Series
from library.scanner import linking, merging
from providers.demo.site import Site
from tests.aniworld.people import user
from tests.library.factories import make_episodes, make_series, queries_of
from tests.library.scanning.conftest import Shelves, known

pytestmark = pytest.mark.django_db

VIDEO = "Old folder/Old S01E0{}.mkv"


@pytest.fixture
def finding(shelves: Shelves) -> Finding:
    """Of a folder that a scan took for a series of its own."""
    shelves.put(VIDEO.format(1))
    shelves.put(VIDEO.format(9))
    shelves.put("Old folder/Old S02E01-E02.mkv")
    shelves.changes()
    return Finding.objects.get(kind="unmatched")


@pytest.fixture
def real(db: None) -> Series:
    series = make_series(key="real", slug="real", name="Real", folder="Real (2020)", episodes_loaded=True)
    make_episodes(series, link="x")
    return series


def offer(finding: Finding) -> None:
    finding.offer([{"provider": "demo", "slug": "real", "link": "real", "name": "Real", "year": None, "score": 1.0}])


def test_the_files_go_to_the_series_that_is_there(finding: Finding, real: Series, shelves: Shelves) -> None:
    offer(finding)
    assert linking.link(finding) == real
    assert Series.objects.get() == real
    assert not Finding.objects.filter(pk=finding.pk).exists()
    assert set(known().values()) == {"Real S01E01", "Real S01E09", "Real S02E01"}
    there = real.episodes.filter(is_downloaded=True).order_by("season", "number")
    assert [episode.code for episode in there] == ["S01E01", "S01E09", "S02E01", "S02E02"]
    assert real.episodes.filter(is_downloaded=False).count() == 2
    shelves.put("Old folder/Old S01E02.mkv")
    assert shelves.changes() == {"new": 1}
    assert Series.objects.get() == real
    assert EpisodeFile.objects.filter(episode__series=real).count() == 4


def test_many_files_cost_as_many_queries_as_few() -> None:
    counts = []
    for size in (5, 150):
        adopted = make_series(key=f"adopted-{size}", provider="", folder=f"Adopted {size}")
        real = make_series(key=f"real-{size}", folder=f"Real {size}")
        for number in range(1, size + 1):
            episode = Episode.objects.create(series=adopted, season=1, number=number)
            EpisodeFile.objects.create(episode=episode, path=f"{adopted.folder}/{number}.mkv", size=1, mtime=0)
        counts.append(queries_of(partial(merging.merge, adopted, real)))
        assert real.episodes.filter(is_downloaded=True).count() == size
    # SQLite takes a hundred rows at once.
    assert counts[1] < counts[0] + 10


def test_nothing_is_merged_without_being_asked(site: Site, finding: Finding, real: Series) -> None:
    real.describe({"slug": "silberfaden", "name": "Silberfaden"})
    finding.series.describe({"name": "Silberfaden"})  # type: ignore[union-attr]  # it has one
    assert linking.link_waiting() == 0
    finding.refresh_from_db()
    assert finding.candidates[0]["in_library"]
    assert Series.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_page_of_findings_leads_to_a_catalogue(site: Site, finding: Finding) -> None:
    browser = Client()
    browser.force_login(user("browser"))
    series = finding.series
    assert series
    assert "/findings?kind=unmatched" in browser.get(f"/anime/{series.key}").content.decode()
    assert 'name="words"' in browser.get("/findings").content.decode()
    address = reverse("finding", args=[finding.pk, "look-for"])
    assert "Write a title" in browser.post(address, {"words": " "}, follow=True).content.decode()
    assert "may be it: choose" in browser.post(address, {"words": "Silberfaden"}, follow=True).content.decode()
    finding.refresh_from_db()
    names = [one["slug"] for one in finding.candidates]
    browser.post(reverse("finding", args=[finding.pk, "link"]), {"choice": names.index("silberfaden")})
    series.refresh_from_db()
    assert (series.provider, series.slug) == ("demo", "silberfaden")


@pytest.mark.django_db(transaction=True)
def test_a_person_looks_for_other_words_or_names_the_address(
    site: Site, finding: Finding, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, in_transaction = linking.look_for, []

    def watching(*given: Any) -> int:
        in_transaction.append(connection.in_atomic_block)
        return look(*given)

    # Catalogues are asked: nobody else could write meanwhile, not even what was measured of them.
    monkeypatch.setattr(linking, "look_for", watching)
    browser = Client()
    browser.force_login(user("browser"))
    address = reverse("admin:library_finding_change", args=[finding.pk])
    assert 'name="words"' in browser.get(address).content.decode()
    answer = browser.post(address, {"words": "Silberfaden", "candidate": ""})
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert in_transaction == [False]
    finding.refresh_from_db()
    assert "silberfaden" in [one["slug"] for one in finding.candidates]
    assert linking.look_for(finding, f"{site.address}/anime/stream/silberfaden/staffel-1") == 1
    assert finding.candidates[0]["slug"] == "silberfaden"
    browser.post(address, {"words": "", "candidate": "0"})
    series = Series.objects.get()
    assert (series.provider, series.slug) == ("demo", "silberfaden")
    with pytest.raises(Invalid):
        linking.look_for(Finding.objects.get(pk=finding.pk), "again")
