"""Full checks: seldom, spread, of what goes on only; and what counts as new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from library import catalog, loading
from library.models import Episode, Series
from library.monitoring import checking, pacing
from providers.demo.site import Site
from tests.library.factories import make_series
from tests.library.monitoring.conftest import come_out


def check_in_full(series: Series) -> Series:
    # The metadata of what came the last time.
    loading.load_pending()
    Series.objects.filter(pk=series.pk).update(next_check_at=timezone.now())
    checking.work()
    series.refresh_from_db()
    assert not series.check_error
    return series


def found(series: Series) -> set[str]:
    return {episode.code for episode in Episode.objects.filter(series=series, found_at__isnull=False)}


def test_a_full_check_reads_every_season_and_plans_the_next(news: Site, series: Series) -> None:
    come_out(1, "German Sub", season=2)
    check_in_full(series)
    assert found(series) == {"S02E01"}
    assert series.next_check_at
    days = (series.next_check_at - timezone.now()) / timedelta(days=1)
    assert 0.85 < days < 1.15, "something came today: tomorrow again"


def test_the_first_load_and_a_series_monitored_anew_are_no_news(news: Site, series: Series) -> None:
    assert found(series) == set()
    series.change(monitored=False)
    come_out(10, "German Sub")
    series.change(monitored=True)
    assert Series.objects.to_check(timezone.now()).exists(), "stock is taken soon"
    checking.work()
    assert Episode.objects.filter(series=series, number=10).exists()
    assert found(series) == set()
    come_out(11, "German Sub")
    check_in_full(series)
    assert found(series) == {"S01E11"}


def test_a_reload_by_hand_finds_what_is_new_as_well(news: Site, series: Series) -> None:
    come_out(10, "German Sub")
    catalog.reload(series, ("episodes",))
    loading.load_pending()
    assert found(series) == {"S01E10"}


def test_a_dub_is_news_only_where_it_changes_anything(news: Site, series: Series) -> None:
    missing, failed, there = (Episode.objects.get(series=series, number=number) for number in (5, 6, 7))
    Episode.objects.filter(pk=failed.pk).leave_alone(Episode.LeftAlone.FAILED)
    there.record_file("German Sub", "x/y.mp4", size=1, duration=None, mtime=0)
    for episode in (missing, failed, there):
        come_out(episode.number, "German Dub")
    check_in_full(series)
    assert found(series) == {"S01E06"}, "it failed, and may go well now"
    missing.refresh_from_db()
    assert "German Dub" in missing.languages
    series.change(language_plan={"order": [], "upgrade": True})
    come_out(7, "English Dub")
    come_out(8, "German Dub")
    Episode.objects.filter(pk=there.pk).update(languages={"German Sub": "2026-01-01T00:00:00Z"})
    check_in_full(series)
    assert "S01E07" in found(series)


def test_what_nobody_wants_to_hear_is_no_news_until_a_wanted_language_comes(news: Site, series: Series) -> None:
    series.change(language_plan={"order": ["German Dub"], "fallback": False})
    come_out(10, "English Sub")
    check_in_full(series)
    assert found(series) == set()
    come_out(10, "German Dub")
    check_in_full(series)
    assert found(series) == {"S01E10"}


def test_what_a_person_took_out_of_the_queue_stays_out(news: Site, series: Series) -> None:
    series.change(language_plan={"order": ["English Dub"]})
    Episode.objects.filter(series=series, number=9).leave_alone(Episode.LeftAlone.REMOVED)
    come_out(9, "English Dub")
    check_in_full(series)
    assert found(series) == set()


@pytest.mark.parametrize(("quiet", "expected"), [(1, 1.0), (40, 4.0), (400, 7.0)])
def test_the_longer_nothing_came_the_rarer_it_is_checked(quiet: int, expected: float) -> None:
    now = timezone.now()
    next_at = pacing.next_full_check(Series(status="ongoing"), now - timedelta(days=quiet), now)
    assert next_at
    assert 0.9 <= (next_at - now) / timedelta(days=expected) <= 1.1
    assert pacing.next_full_check(Series(status="completed"), now, now) is None


@pytest.mark.django_db
def test_first_checks_are_spread_and_only_what_goes_on_gets_one() -> None:
    now = timezone.now()
    for number in range(20):
        make_series(checked_at=now, status="ongoing" if number else "completed")
    make_series(checked_at=now, monitored=False)
    make_series()
    checking.plan()
    times = sorted(one.next_check_at for one in Series.objects.all() if one.next_check_at)
    assert len(times) == 19
    assert times[-1] - times[0] > timedelta(days=1)
    assert times[0] > now


def test_a_series_that_is_gone_at_the_catalogue_is_asked_for_rarely(news: Site, series: Series) -> None:
    Series.objects.update(site="gone-from-here", next_check_at=timezone.now())
    checking.work()
    series.refresh_from_db()
    assert series.check_error
    assert series.next_check_at
    assert series.next_check_at > timezone.now() + timedelta(days=6)


def test_what_came_while_a_series_was_removed_is_no_news(news: Site, series: Series) -> None:
    series.remove()
    come_out(10, "German Sub")
    assert series.restore()
    checking.work()
    assert Episode.objects.filter(series=series, number=10).exists()
    assert found(series) == set()


def test_an_episode_whose_file_is_gone_is_free_again(news: Site, series: Series) -> None:
    episode = Episode.objects.get(series=series, number=1)
    file = episode.record_file("German Sub", "x/y.mp4", size=1, duration=None, mtime=0)
    Episode.objects.filter(pk=episode.pk).leave_alone(Episode.LeftAlone.FAILED)
    file.delete()
    episode.settle_files()
    episode.refresh_from_db()
    assert (episode.is_downloaded, episode.left_alone) == (False, "")
