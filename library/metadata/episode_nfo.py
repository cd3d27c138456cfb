"""The NFO file beside each video: written when the video arrives, and anew when more is known of its episode."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath

from aniworld.configuration import store
from aniworld.refusals import Explained
from library import files
from library.metadata import beside, nfo
from library.models import Episode, EpisodeFile, Series

log = logging.getLogger(__name__)

# So many files between two signs of life.
_A_FEW = 50


def arrived(episode: Episode, path: str) -> None:
    """Writes the NFO of a video that has just arrived at `path`, relative to the library. Raises nothing.

    An arrival is complete without it: the next loading of the part writes what is missing here.
    """
    try:
        if store.current().library.nfo_enabled:
            episode.refresh_from_db(
                fields=["title", "plot", "aired_on", "runtime_seconds", "tmdb_id", "special_number"]
            )
            _write(episode.series, episode, path)
    except Exception:
        log.warning("The NFO of %s could not be written", path, exc_info=True)


def discard(path: str) -> None:
    """Removes the NFO of a video that is removed, if it is ours.

    Raises `LibraryUnavailable`, `ArrivalFailed` and OSError.
    """
    place = _place(path)
    content = beside.content_of(place)
    if content is not None and nfo.is_ours(content):
        files.discard(place)


def write_all(series: Series) -> None:
    """Writes the NFO of every video that is there; one that can't be written keeps no other.

    Raises the first error when all are through, and `LoadingLost` at once.
    """
    first: Exception | None = None
    rows = EpisodeFile.objects.filter(episode__series=series).select_related("episode")
    for number, row in enumerate(list(rows), start=1):
        try:
            if files.locate(row.path).is_file():
                _write(series, row.episode, row.path)
        except (Explained, OSError) as error:
            log.warning("The NFO of %s could not be written: %s", row.path, error)
            first = first or error
        if number % _A_FEW == 0:
            series.hold_loading()
    if first:
        raise first


def _write(series: Series, episode: Episode, path: str) -> None:
    details = nfo.EpisodeDetails(
        title=episode.title or episode.title_alt,
        show_title=series.name,
        season=episode.season,
        episode=episode.number_in_names,
        plot=episode.plot,
        aired=episode.aired_on,
        runtime=round(episode.runtime_seconds / 60) if episode.runtime_seconds else None,
        tmdb_id=episode.tmdb_id,
    )
    beside.write_nfo(_place(path), nfo.episode(details), overwrite=series.loading_overwrites)


def _place(path: str) -> PurePosixPath:
    return PurePosixPath(path).with_suffix(".nfo")
