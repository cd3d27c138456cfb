"""The parts nfo, logo and images of a series' loading. Each does nothing, and is done, where it is switched off."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.refusals import Explained
from library.metadata import announcing, applying, artwork, beside, choosing, episode_nfo, nfo, specials, tmdb
from library.metadata.records import EpisodeFacts, Ids, ShowFacts
from library.models import Episode, Series
from providers import registry
from providers.exceptions import NotFound, ProviderError
from providers.http import IMAGE_LIMIT

log = logging.getLogger(__name__)


def load_nfo(series: Series) -> None:
    """Writes `tvshow.nfo` and the NFO of each video that is there, and into the rows what TMDB knows.

    Without a key, a match or an answer from TMDB they tell what the catalogue says; one that told more is kept then.
    Raises `ProviderError`, `LoadingLost`, `LibraryUnavailable`, `ArrivalFailed`, OSError.
    """
    series.begin_part("nfo", _("Writing NFO files"))
    # Also without metadata: a new film may have the number that an earlier one was given.
    specials.settle(series)
    if not store.current().library.nfo_enabled:
        series.finish_part("nfo", _("NFO files are switched off"))
        return
    facts, error = _facts_or_error(series)
    if facts:
        applying.to_series(series, facts)
    if not error or not series.has_nfo:
        _write_tvshow(series, facts)
    if facts or series.tmdb_refused:
        seasons = _seasons(series, facts) if facts else {}
        announcing.write(series, seasons)
        specials.settle(series)
        applying.to_episodes(series, seasons)
    episode_nfo.write_all(series)
    if error:
        raise error
    series.finish_part("nfo", _("NFO files are written") if series.has_nfo else _("No NFO file was written"))


def load_logo(series: Series) -> None:
    """Fetches `logo.png` from TMDB; without a key, a match or a logo there is nothing to do. Raises as `load_nfo`."""
    series.begin_part("logo", _("Loading the logo"))
    facts = choosing.facts_of(series) if store.current().library.images_enabled else None
    if facts and facts.logo:
        _keep(series, artwork.LOGO, partial(tmdb.picture, facts.logo))
    series.finish_part("logo", _("The logo is there") if facts and facts.logo else _("There is no logo"))


def load_images(series: Series) -> None:
    """Fetches poster, fanart and season posters: from TMDB, else the catalogue's cover as the poster.

    One that can't be had keeps no other: the first error is raised when all are through. Raises as `load_nfo`.
    """
    series.begin_part("images", _("Loading pictures"))
    if not store.current().library.images_enabled:
        series.finish_part("images", _("Pictures are switched off"))
        return
    facts, first = _facts_or_error(series)
    for name, fetch in _wanted(series, facts):
        try:
            _keep(series, name, fetch)
        except (Explained, OSError) as error:
            log.warning("%s was not loaded: %s", name, error)
            first = first or error
        series.hold_loading()
    if first:
        raise first
    series.finish_part("images", _("Pictures are loaded"))


def _facts_or_error(series: Series) -> tuple[ShowFacts | None, Exception | None]:
    try:
        return choosing.facts_of(series), None
    except ProviderError as error:
        return None, error


def _write_tvshow(series: Series, facts: ShowFacts | None) -> None:
    place = PurePosixPath(series.folder) / choosing.TVSHOW
    ours = beside.write_nfo(place, nfo.tvshow(_tvshow(series, facts)), overwrite=series.loading_overwrites)
    now = timezone.now()
    values: dict[str, Any] = {"has_nfo": True}
    if ours:
        values |= {"nfo_created_at": series.nfo_created_at or now, "nfo_updated_at": now}
    else:
        log.info("%s was made by somebody else and stays", place)
    series.hold_loading(**values)


def _tvshow(series: Series, facts: ShowFacts | None) -> nfo.TvShow:
    """The catalogue's words, with TMDB's before or behind them."""
    own = nfo.TvShow(
        title=series.name,
        ids=Ids(series.tmdb_id, series.tvdb_id, series.imdb_id),
        plot=series.description,
        year=series.year,
        is_over={Series.Status.COMPLETED: True, Series.Status.ONGOING: False}.get(Series.Status(series.status)),
        genres=tuple(str(genre) for genre in series.genres),
    )
    if facts is None:
        return own
    own = replace(own, **_only_tmdb_knows(facts))
    if store.current().metadata.prefer != "tmdb":
        return replace(own, plot=own.plot or facts.plot, genres=own.genres or facts.genres)
    return replace(
        own,
        title=series.name if series.name_fixed else facts.name,
        plot=facts.plot or own.plot,
        genres=facts.genres or own.genres,
        is_over=facts.is_over,
    )


def _only_tmdb_knows(facts: ShowFacts) -> dict[str, Any]:
    actors = tuple(replace(actor, picture=tmdb.picture_address(actor.picture, "w185")) for actor in facts.actors)
    return {
        "original_title": facts.original_name,
        "premiered": facts.premiered,
        "studios": facts.studios,
        "certification": facts.certification,
        "rating": facts.rating,
        "votes": facts.votes,
        "actors": actors,
        "seasons": {season.number: season.name for season in facts.seasons},
        "logo_address": tmdb.picture_address(facts.logo),
    }


def _seasons(series: Series, facts: ShowFacts) -> dict[int, dict[int, EpisodeFacts]]:
    """TMDB's episodes of the seasons that both know, and of those it announces."""
    source, found = tmdb.connect(), {}
    both = _numbers(series) & {season.number for season in facts.seasons}
    series.hold_loading(dates_looked_at=timezone.now())
    for number in sorted(both | announcing.newer_seasons(series, facts)):
        series.tell_loading(_("Reading season %d at TMDB") % number)
        try:
            found[number] = source.season(facts.ids.tmdb or 0, number)
        except NotFound:
            log.info("TMDB lists season %d and does not have it", number)
    return found


def _numbers(series: Series) -> set[int]:
    return set(Episode.objects.filter(series=series).order_by().values_list("season", flat=True).distinct())


def _wanted(series: Series, facts: ShowFacts | None) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Each picture's name and what fetches it."""
    if facts and facts.poster:
        yield artwork.POSTER, partial(tmdb.picture, facts.poster)
    elif series.cover_url:
        yield artwork.POSTER, partial(_cover, series)
    if facts is None:
        return
    if facts.fanart:
        yield artwork.FANART, partial(tmdb.picture, facts.fanart)
    numbers = _numbers(series)
    for season in facts.seasons:
        if season.poster and season.number in numbers:
            yield artwork.season_poster(season.number), partial(tmdb.picture, season.poster)


def _cover(series: Series) -> bytes:
    return registry.media_client(series.provider).get(series.cover_url, limit=IMAGE_LIMIT).content


def _keep(series: Series, name: str, fetch: Callable[[], bytes]) -> None:
    try:
        if not artwork.keep(series, name, fetch):
            log.info("%s was made by somebody else and stays", name)
    except NotFound:
        log.info("%s is not there any more", name)
