"""The list of newest episodes: asked for seldom, and nothing is read but what it names anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from aniworld.configuration import store
from aniworld.live.models import Event
from library import catalog, loading
from library.models import Episode, Series, Timetable
from library.monitoring import checking, due, pacing
from providers.demo.site import Site
from providers.models import Provider, ProviderStatus
from tests.library.monitoring.conftest import come_out, look


def pages(site: Site) -> list[str]:
    """What was asked for, in order."""
    return [line["path"] for line in site.requests(stage="page")]


def test_a_new_episode_of_a_monitored_series_is_found(news: Site, series: Series) -> None:
    come_out(10, "German Sub")
    look()
    assert pages(news) == ["/neue-episoden", f"/anime/stream/{series.slug}", f"/anime/stream/{series.slug}/staffel-1"]
    episode = Episode.objects.get(series=series, season=1, number=10)
    assert set(episode.languages) == {"German Sub"}
    assert episode.found_at
    assert Episode.objects.filter(found_at__isnull=False).count() == 1
    series.refresh_from_db()
    assert (series.total_episodes, series.news_at, series.check_token) == (10, None, "")
    told = Event.objects.filter(type="series_updated", data__changed=["episodes"]).get()
    assert told.data["new_episodes"] == [{"season": 1, "episode": 10}]


def test_nothing_new_costs_one_request(news: Site, series: Series) -> None:
    look()
    assert pages(news) == ["/neue-episoden"]
    assert Timetable.objects.get(name="newest:demo").outcome == "completed"


def test_no_catalogue_is_asked_of_which_nothing_is_monitored(news: Site, series: Series) -> None:
    series.change(monitored=False)
    come_out(10, "German Sub")
    assert look() == 0
    Series.objects.update(monitored=True)
    Provider.objects.get(name="demo").disable()
    assert look() == 0
    assert pages(news) == []
    assert not Episode.objects.filter(number=10).exists()


def test_only_the_series_and_season_that_it_names_is_read(news: Site, series: Series) -> None:
    catalog.add(provider="demo", key="bernsteinjagd")
    loading.load_pending()
    news.server.forget_requests()
    come_out(6, "German Sub", slug="bernsteinjagd", season=2)
    look()
    assert pages(news)[1:] == ["/anime/stream/bernsteinjagd", "/anime/stream/bernsteinjagd/staffel-2"]


def test_what_the_list_names_and_the_page_does_not_show_is_read_once(
    news: Site, series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_out(10, "German Sub")
    with monkeypatch.context() as patched:
        patched.setattr(checking, "write_episodes", lambda *_given: None)
        look()
    assert len(pages(news)) == 3
    look()
    assert pages(news)[3:] == ["/neue-episoden"]


def test_a_catalogue_that_fails_is_told_and_left_alone_till_the_next_time(news: Site, series: Series) -> None:
    news.faults.set("demo", {"fault": "challenge"})
    come_out(10, "German Sub")
    look()
    row = Timetable.objects.get(name="newest:demo")
    assert row.outcome == "failed"
    assert row.message
    assert row.next_run
    assert row.next_run > timezone.now() + timedelta(minutes=29)
    news.faults.clear()
    ProviderStatus.objects.get(provider__name="demo").reset()
    look()
    assert Episode.objects.filter(number=10, found_at__isnull=False).exists()


def test_a_check_that_fails_comes_again_and_forgets_nothing(news: Site, series: Series) -> None:
    come_out(10, "German Sub")
    news.faults.set("demo", {"fault": "503", "stage": "page", "match": "/anime/stream/"})
    look()
    series.refresh_from_db()
    assert series.check_error
    assert (series.check_failures, series.news_seasons, series.loading_status) == (1, [1], "completed")
    assert series.news_at
    assert series.news_at > timezone.now() + timedelta(minutes=10)
    news.faults.clear()
    ProviderStatus.objects.get(provider__name="demo").reset()
    Series.objects.update(news_at=timezone.now())
    checking.work()
    series.refresh_from_db()
    assert (series.check_error, series.check_failures) == ("", 0)
    assert not Series.objects.filter(news_at__isnull=False).exists()
    assert Episode.objects.filter(number=10, found_at__isnull=False).exists()


def test_one_at_a_time_and_a_lost_lease_is_taken_over(news: Site, series: Series) -> None:
    come_out(10, "German Sub")
    series.tell_news([1])
    taken = Series.objects.claim_for_check(2)
    assert taken
    assert Series.objects.claim_for_check(2) is None
    Series.objects.update(check_lease_until=timezone.now() - timedelta(seconds=1))
    successor = Series.objects.claim_for_check(2)
    assert successor
    checking.check(taken)
    assert not Episode.objects.filter(number=10).exists(), "who lost the lease writes nothing"
    checking.check(successor)
    assert Episode.objects.filter(number=10).exists()


def test_a_timetable_is_claimed_once_and_follows_the_configuration(news: Site, series: Series) -> None:
    due.keep_timetables()
    assert due.ring_if_due() is True  # the full checks have to be spread
    checking.plan()
    Timetable.objects.update(next_run=timezone.now())
    first, second = Timetable.objects.get(), Timetable.objects.get()
    rhythm = pacing.of_newest()
    assert rhythm
    claims = [row.claim(rhythm, timezone.now(), timedelta(minutes=1)) for row in (first, second)]
    assert claims == [True, False]
    store.change({"scheduler": {"newest_check_minutes": 600}})
    due.keep_timetables()
    row = Timetable.objects.get()
    assert row.next_run
    assert row.next_run > timezone.now() + timedelta(minutes=590)
    store.change({"scheduler": {"enabled": False}})
    due.keep_timetables()
    assert Timetable.objects.get().next_run is None
    assert due.ring_if_due() is False


def test_a_vanished_worker_is_told(news: Site, series: Series) -> None:
    due.keep_timetables()
    past = timezone.now() - timedelta(minutes=1)
    Timetable.objects.update(outcome="running", token="x", lease_until=past)
    assert due.newest_due() == []
    assert Timetable.objects.get().outcome == "failed"
