"""Which episodes TMDB announces, and when: kept beside the catalogue's own, and looked at anew every day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from library.metadata import tmdb
from library.metadata.records import EpisodeFacts, ShowFacts
from library.models import AnnouncedEpisode, Episode, Series, SeriesQuerySet
from providers.exceptions import NotFound, ProviderError

log = logging.getLogger(__name__)

Seasons = Mapping[int, Mapping[int, EpisodeFacts]]
# Series that one call asks for, and how long an answer is good for.
MOST_AT_ONCE = 20
GOOD_FOR = timedelta(days=1)
# A season that began longer ago and that the catalogue does not have is no news.
_NEWS = timedelta(days=180)


def newer_seasons(series: Series, facts: ShowFacts) -> set[int]:
    """Seasons that TMDB announces and the catalogue does not have yet."""
    newest = _newest_season(series)
    since = timezone.localdate() - _NEWS
    return {one.number for one in facts.seasons if one.number > newest and one.began and one.began >= since}


def write(series: Series, seasons: Seasons) -> None:
    """Keeps what TMDB lists of these seasons, and forgets what it said of others."""
    with transaction.atomic():
        AnnouncedEpisode.objects.forget(series, except_for=seasons)
        _take_over(series, seasons)


def refresh_due(limit: int = MOST_AT_ONCE) -> int:
    """Asks TMDB for the dates of some monitored series that go on; answers of how many it got them.

    One that answers with an error is asked again the next day, and the others wait for the next call.
    """
    if not tmdb.is_configured():
        return 0
    done = 0
    for series in _due().order_by("dates_looked_at", "id")[:limit]:
        if not _reserved(series):
            continue
        try:
            refresh(series)
        except ProviderError as error:
            log.warning("TMDB did not tell the dates of %s: %s", series, error)
            break
        done += 1
    return done


def refresh(series: Series) -> None:
    """Looks at the newest season and what follows it. Raises `ProviderError`."""
    source, number = tmdb.connect(), series.tmdb_id or 0
    try:
        facts = source.show(number)
    except NotFound:
        return
    found: dict[int, Mapping[int, EpisodeFacts]] = {}
    for season in sorted({_newest_season(series), *newer_seasons(series, facts)}):
        try:
            found[season] = source.season(number, season)
        except NotFound:
            log.info("TMDB has no season %d of %s", season, series)
    with transaction.atomic():
        _take_over(series, found)
        _correct_dates(series, found)


def _due() -> SeriesQuerySet:
    too_old = Q(dates_looked_at__isnull=True) | Q(dates_looked_at__lt=timezone.now() - GOOD_FOR)
    wanted = Series.objects.live().filter(too_old, monitored=True, tmdb_id__isnull=False, tmdb_refused=False)
    return wanted.filter(loading_status=Series.Loading.COMPLETED).exclude(status=Series.Status.COMPLETED)


def _reserved(series: Series) -> bool:
    now = timezone.now()
    unchanged = Series.objects.filter(pk=series.pk, dates_looked_at=series.dates_looked_at)
    return unchanged.update(dates_looked_at=now) > 0


def _newest_season(series: Series) -> int:
    newest = Episode.objects.filter(series=series).aggregate(season=Max("season"))["season"]
    return newest or 1


def _take_over(series: Series, seasons: Seasons) -> None:
    for season, listed in seasons.items():
        values = {
            number: {"title": one.title, "aired_on": one.aired, "tmdb_id": one.tmdb_id}
            for number, one in listed.items()
        }
        AnnouncedEpisode.objects.take_over(series, season, values)


def _correct_dates(series: Series, seasons: Seasons) -> None:
    """A date that was put off; specials have their numbers from elsewhere."""
    changed = []
    for episode in Episode.objects.filter(series=series, season__in=[season for season in seasons if season > 0]):
        one = seasons[episode.season].get(episode.number)
        if one and one.aired and one.aired != episode.aired_on:
            episode.aired_on = one.aired
            changed.append(episode)
    Episode.objects.bulk_update(changed, ["aired_on"], batch_size=200)
