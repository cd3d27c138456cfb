"""Writes what TMDB says into the rows of a series and its episodes, as far as the configuration prefers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from aniworld.configuration import store
from library import moving
from library.metadata.records import EpisodeFacts, ShowFacts
from library.models import Episode, Series
from library.year_in_folder import final_folder

_FIELDS = ("title", "plot", "aired_on", "runtime_seconds", "tmdb_id")


def to_series(series: Series, facts: ShowFacts) -> None:
    """What TMDB knows and the catalogue does not, or less well. Raises `LoadingLost`."""
    values: dict[str, Any] = {}
    if facts.plot and (_prefers_tmdb() or not series.description):
        values["description"] = facts.plot
    if facts.genres and (_prefers_tmdb() or not series.genres):
        values["genres"] = list(facts.genres)
    if series.year is None and facts.premiered:
        values |= {"year": facts.premiered.year, **final_folder(series, series.name, facts.premiered.year)}
    if series.status == Series.Status.UNKNOWN:
        values["status"] = Series.Status.COMPLETED if facts.is_over else Series.Status.ONGOING
    if any(getattr(series, name) != value for name, value in values.items()):
        with transaction.atomic():
            series.hold_loading()
            former = series.folder
            series.describe(values)
    if "folder" in values:
        moving.move_folder(former, series.folder)


def to_episodes(series: Series, seasons: Mapping[int, Mapping[int, EpisodeFacts]]) -> None:
    """Titles, plots, dates and lengths of the episodes; what a former match said of others goes. Raises `LoadingLost`.

    `seasons` are TMDB's, by number, and in each its episodes by theirs.
    """
    changed = []
    for episode in Episode.objects.filter(series=series):
        before = [getattr(episode, name) for name in _FIELDS]
        number = _number_at_tmdb(episode)
        _apply(episode, seasons.get(episode.season, {}).get(number) if number is not None else None)
        if before != [getattr(episode, name) for name in _FIELDS]:
            changed.append(episode)
    with transaction.atomic():
        series.hold_loading()
        Episode.objects.bulk_update(changed, _FIELDS, batch_size=200)


def _number_at_tmdb(episode: Episode) -> int | None:
    """A catalogue counts its films by itself: what it calls the first one is only by chance the first special."""
    if episode.season > 0 or not episode.link:
        return episode.number
    return episode.special_number


def _apply(episode: Episode, facts: EpisodeFacts | None) -> None:
    if facts is None:
        if episode.tmdb_id is not None:
            episode.tmdb_id, episode.plot = None, ""
            episode.aired_on, episode.runtime_seconds = None, None
        return
    if facts.title and (_prefers_tmdb() or not episode.title):
        episode.title = facts.title
    episode.tmdb_id = facts.tmdb_id
    episode.plot = facts.plot
    episode.aired_on = facts.aired
    episode.runtime_seconds = facts.runtime * 60 if facts.runtime else None


def _prefers_tmdb() -> bool:
    return store.current().metadata.prefer == "tmdb"
