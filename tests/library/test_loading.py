"""Loading series from the demo site: whole, again after errors, and after the loader was killed."""

from __future__ import annotations

import multiprocessing
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from aniworld.configuration import store
from aniworld.live.models import Event, Progress
from library import catalog, loading, tasks
from library.episodes import write_episodes
from library.models import Episode, Series
from providers.contracts import EpisodeEntry, Language
from providers.demo.site import Site
from providers.models import Provider, ProviderStatus
from tests.library.factories import make_series
from tests.running import eventually


def added(slug: str, **wishes: Any) -> Series:
    return catalog.add(key=slug, provider="demo", **wishes)


def loaded(series: Series) -> Series:
    loading.load_pending()
    series.refresh_from_db()
    return series


def due_now() -> None:
    Series.objects.update(loading_next_try=timezone.now())


def test_a_series_is_loaded_whole(site: Site) -> None:
    series = loaded(added("der-leuchtturm-der-uhrmacherin", download=True))
    assert (series.loading_status, series.loading_error) == ("completed", "")
    assert series.name == "Der Leuchtturm der Uhrmacherin"
    assert (series.year, series.folder) == (2021, "Der Leuchtturm der Uhrmacherin (2021)")
    assert not series.folder_provisional
    assert series.status == "ongoing"
    assert series.description
    assert series.cover_url.startswith(site.address)
    assert "The Clockmaker's Lighthouse" in series.alternative_titles
    assert series.loading_progress == {"episodes": True, "nfo": True, "logo": True, "images": True}
    counts = {season: series.episodes.filter(season=season).count() for season in (0, 1, 2)}
    assert counts == {0: 2, 1: 12, 2: 8}
    assert series.total_episodes == 22
    episode = series.episodes.get(season=1, number=1)
    assert episode.link.startswith(site.address)
    assert set(episode.languages) <= {str(language) for language in Language}
    assert list(Series.objects.wanting_download()) == [series]
    assert Progress.objects.get(pk=f"series_loading_{series.key}").status == "completed"
    told = list(Event.objects.filter(type="series_loading_update").values_list("data__loading_status", flat=True))
    assert (told[0], told[-1]) == ("loading_episodes", "completed")


def test_gaps_and_odd_titles(site: Site) -> None:
    series = loaded(added("quark-quasar"))
    assert series.loading_status == "completed", series.loading_error
    assert series.name == "Quark & Quasar"
    numbers = list(series.episodes.filter(season=1).values_list("number", flat=True))
    assert numbers == [1, 2, 3, 5, 6, 7, 8, 9]
    assert set(series.episodes.values_list("season", flat=True)) == {1, 3}


def test_many_are_loaded_by_one_bell(site: Site) -> None:
    for result in catalog.search("e").items[:12]:
        catalog.add(link=result.link)
    taken = loading.load_pending()
    assert taken == Series.objects.count() >= 8
    assert set(Series.objects.values_list("loading_status", flat=True)) == {"completed"}
    folders = [folder.casefold() for folder in Series.objects.values_list("folder", flat=True)]
    assert len(set(folders)) == len(folders)


def test_an_unknown_series_fails_at_once_and_says_why(site: Site) -> None:
    series = loaded(added("no-such-series"))
    assert (series.loading_status, series.loading_retries) == ("failed", 0)
    assert series.loading_error
    assert Progress.objects.get(pk=f"series_loading_{series.key}").status == "failed"
    assert loading.load_pending() == 0


def test_network_errors_are_tried_again_later(site: Site) -> None:
    Provider.objects.filter(name="demo").update(max_retries=1)
    Provider.forget()
    site.faults.set("demo", {"fault": "500"})
    series = loaded(added("silberfaden"))
    assert (series.loading_status, series.loading_retries) == ("pending", 1)
    assert series.loading_error
    assert loading.load_pending() == 0
    due_now()
    site.faults.clear()
    series = loaded(series)
    assert (series.loading_status, series.loading_error, series.loading_retries) == ("completed", "", 0)


def test_network_errors_fail_after_three_retries(site: Site) -> None:
    Provider.objects.filter(name="demo").update(max_retries=1)
    Provider.forget()
    site.faults.set("demo", {"fault": "500"})
    series = added("silberfaden")
    for _try in range(4):
        assert series.loading_status == "pending"
        due_now()
        series = loaded(series)
    assert (series.loading_status, series.loading_retries) == ("failed", 3)
    site.faults.clear()
    # So many failures have opened the breaker of the catalogue.
    ProviderStatus.objects.get(provider__name="demo").reset()
    catalog.reload(series)
    assert loaded(series).loading_status == "completed"


def test_a_blocked_catalogue_fails_at_once(site: Site) -> None:
    site.faults.set("demo", {"fault": "challenge"})
    series = loaded(added("silberfaden"))
    assert (series.loading_status, series.loading_retries) == ("failed", 0)


def test_a_failing_season_keeps_what_was_read(site: Site) -> None:
    Provider.objects.filter(name="demo").update(max_retries=1)
    Provider.forget()
    site.faults.set("demo", {"fault": "500", "match": "staffel-2"})
    series = loaded(added("zwoelf-schritte-bis-norden"))
    assert series.loading_status == "pending"
    assert series.episodes.filter(season=1).count() == 26
    assert not series.episodes_loaded
    site.faults.clear()
    due_now()
    assert loaded(series).total_episodes == 51


def test_a_name_given_by_a_person_and_a_folder_with_files_stay(site: Site) -> None:
    series = added("silberfaden")
    series.change(name="My own name")
    episode = Episode.objects.create(series=series, season=1, number=1)
    episode.record_file("German Dub", "Silberfaden/a.mp4", size=1, duration=None, mtime=1.0)
    series = loaded(series)
    assert (series.name, series.folder) == ("My own name", "Silberfaden")
    assert Episode.objects.get(pk=episode.pk).is_downloaded


def test_reading_again_keeps_what_the_catalogue_dropped(site: Site) -> None:
    series = loaded(added("silberfaden"))
    gone = Episode.objects.create(series=series, season=1, number=99, languages={"German Dub": "2020-01-01T00:00:00Z"})
    first = series.episodes.get(season=1, number=1)
    Episode.objects.filter(pk=first.pk).update(languages={"English Dub": "2020-01-01T00:00:00Z"})
    catalog.reload(series, ["episodes"])
    series = loaded(series)
    assert Episode.objects.filter(pk=gone.pk).exists()
    again = Episode.objects.get(pk=first.pk)
    assert again.languages["English Dub"] == "2020-01-01T00:00:00Z"
    assert len(again.languages) > 1


def test_a_disabled_catalogue_is_a_clear_error(site: Site) -> None:
    series = added("silberfaden")
    Provider.objects.filter(name="demo").update(enabled=False)
    Provider.forget()
    series = loaded(series)
    assert series.loading_status == "failed"
    assert "not enabled" in series.loading_error


def test_the_sweep_rings_for_what_waits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django_q.models import OrmQ

    monkeypatch.setattr(loading, "_SWEEP_PAUSE", 0.0)
    assert not loading.ring_if_due()
    make_series()
    assert loading.ring_if_due()
    assert OrmQ.objects.count() == 1
    series = Series.objects.claim_for_loading(5)
    assert series is not None
    assert not loading.ring_if_due()
    make_series()
    assert loading.ring_if_due()
    store.change({"library": {"max_concurrent_loads": 1}})
    assert not loading.ring_if_due()
    Series.objects.update(loading_lease_until=timezone.now() - timedelta(seconds=1))
    assert loading.ring_if_due()


def status_of(series: Series) -> str:
    series.refresh_from_db()
    return series.loading_status


def test_a_site_that_hangs_for_one_series_keeps_no_worker_and_no_other_series(site: Site) -> None:
    Provider.objects.filter(name="demo").update(max_retries=1, timeout_seconds=6)
    Provider.forget()
    site.faults.set("demo", {"fault": "timeout", "match": "silberfaden"})
    slow = added("silberfaden")
    rung = time.monotonic()
    assert tasks.load_pending() == "1 series taken on"
    eventually(lambda: status_of(slow) == "loading_episodes", 5)
    late = added("o")
    assert tasks.load_pending() == "1 series taken on"
    assert tasks.load_pending() == "0 series taken on"
    eventually(lambda: status_of(late) == "completed", 5)
    assert status_of(slow) == "loading_episodes"
    assert time.monotonic() - rung < 6
    eventually(lambda: status_of(slow) == "pending")
    assert slow.loading_retries == 1


def test_what_came_while_all_places_were_taken_is_loaded_without_another_bell(site: Site) -> None:
    store.change({"library": {"max_concurrent_loads": 1}})
    site.faults.set("demo", {"fault": "slow_answer", "seconds": 0.5, "match": "silberfaden"})
    added("silberfaden")
    tasks.load_pending()
    late = added("o")
    assert tasks.load_pending() == "0 series taken on"
    eventually(lambda: status_of(late) == "completed")


def test_no_more_are_loaded_at_once_than_configured(site: Site) -> None:
    store.change({"library": {"max_concurrent_loads": 2}})
    site.faults.set("demo", {"fault": "slow_answer", "seconds": 0.3})
    for result in catalog.search("e").items[:4]:
        catalog.add(link=result.link)
    assert tasks.load_pending() == "2 series taken on"
    most = 0

    def all_are_loaded() -> bool:
        nonlocal most
        most = max(most, Series.objects.being_loaded(timezone.now()).count())
        return not Series.objects.exclude(loading_status="completed").exists()

    eventually(all_are_loaded, 60)
    assert most == 2


def _load_apart() -> None:
    """In a thread or process of its own, with its own connections."""
    connections.close_all()
    loading.load_pending()
    connections.close_all()


def test_a_killed_process_is_succeeded(site: Site) -> None:
    series = added("silberfaden")
    site.faults.set("demo", {"fault": "slow_answer", "seconds": 20})
    connections.close_all()
    worker = multiprocessing.get_context("fork").Process(target=_load_apart)
    worker.start()
    eventually(lambda: Series.objects.being_loaded(timezone.now()).exists())
    worker.kill()
    worker.join()
    site.faults.clear()
    assert loading.load_pending() == 0
    Series.objects.update(loading_lease_until=timezone.now() - timedelta(seconds=1))
    series = loaded(series)
    assert (series.loading_status, series.total_episodes) == ("completed", 13)


@pytest.mark.django_db
def test_hostile_entries_do_no_harm() -> None:
    make_series()
    series = Series.objects.claim_for_loading(1)
    assert series is not None
    entries = [
        EpisodeEntry(season=1, number=1, link="x" * 2000, title="a\0b\ud800\n" * 500),
        EpisodeEntry(season=1, number=1, link="twice"),
        EpisodeEntry(season=2**40, number=1, link=""),
        EpisodeEntry(season=1, number=-1, link=""),
    ]
    write_episodes(series, entries, series.hold_loading)
    episode = Episode.objects.get()
    assert (episode.season, episode.number, episode.link) == (1, 1, "twice")
