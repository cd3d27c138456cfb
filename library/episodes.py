"""Brings a catalogue's details and episodes of one series into the library. What a catalogue drops is kept."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.live import publish as live
from aniworld.live.throttle import Throttle
from library import moving
from library.models import Episode, Series
from library.year_in_folder import final_folder
from providers import registry
from providers.contracts import EpisodeEntry, Language, SeriesDetails

# Renews the lease of who holds the series, and writes fields of it; raises when it was lost.
Hold: TypeAlias = Callable[..., None]
_LARGEST = 2**31 - 1


def load_episodes(series: Series) -> None:
    """Loads details, final folder and every season's episodes of a series that the caller holds.

    New ones are a reason to write the NFO files anew, and a new season to look for its poster. A series that no
    catalogue lists has what is on disk. Raises `ProviderError`, `LoadingLost`, and whatever the database raises.
    """
    series.begin_part("episodes", _("Reading the series' page"))
    before = _places(series)
    if not series.provider:
        series.finish_part("episodes", _("%d episodes found") % len(before), total_episodes=len(before))
        return
    catalogue = registry.catalogue(series.provider, series.wanted_languages()[0])
    details = catalogue.details(series.site or series.slug)
    write_details(series, details, series.hold_loading)
    throttle, many = Throttle(), len(details.seasons)
    for index, season in enumerate(details.seasons, start=1):
        percent = 100 * index / (many + 1)
        if throttle.due(percent, time.monotonic()):
            message = _("Reading season %(index)d of %(count)d") % {"index": index, "count": many}
            series.tell_loading(message, percent=percent)
        write_episodes(series, catalogue.episodes(season), series.hold_loading)
    series.hold_loading(checked_at=timezone.now())
    places = _places(series)
    count, news = len(places), parts_to_renew(before, places)
    series.finish_part("episodes", _("%d episodes found") % count, total_episodes=count, **news)


def write_details(series: Series, details: SeriesDetails, hold: Hold) -> None:
    """Writes what the catalogue says of the series itself, and its folder once that is known for good.

    `hold` writes it in the name of who holds the series.
    """
    values: dict[str, Any] = {
        "site": _line(details.link, 1000) or series.site,
        "year": details.year if details.year and 0 < details.year < 10000 else None,
        "description": details.description.replace("\0", ""),
        "status": details.status if details.status in Series.Status.values else Series.Status.UNKNOWN,
        "cover_url": _line(details.cover_url, 1000),
        "genres": [_line(genre, 100) for genre in details.genres],
        "alternative_titles": [_line(title, 500) for title in details.alternative_titles],
        "imdb_id": _line(details.imdb_id, 20),
    }
    for name in _kept(series, values):
        del values[name]
    if not series.name_fixed:
        values["name"] = _line(details.name, 500) or series.name
    with transaction.atomic():
        former = series.folder
        values |= final_folder(series, values.get("name", series.name), values.get("year", series.year))
        changed = {name: value for name, value in values.items() if getattr(series, name) != value}
        hold(**changed)
        if changed:
            live.publish("series_updated", {"key": series.key, "name": series.name, "changed": sorted(changed)})
    if series.folder != former:
        moving.move_folder(former, series.folder)


def write_episodes(series: Series, entries: Iterable[EpisodeEntry], hold: Hold) -> None:
    """Adds or updates one season's episodes. Languages seen before keep the time they were last seen.

    Of a monitored series whose episodes are known from its catalogue, what is new is noted down to be queued.
    """
    listed = {(entry.season, entry.number): entry for entry in entries if _storable(entry)}
    with transaction.atomic():
        hold()
        seasons = {season for season, _number in listed}
        known = {(row.season, row.number): row for row in Episode.objects.filter(series=series, season__in=seasons)}
        rows = [_row(series, entry, known.get(place)) for place, entry in listed.items()]
        Episode.objects.bulk_create(
            rows,
            batch_size=200,
            update_conflicts=True,
            unique_fields=["series", "season", "number"],
            update_fields=["link", "title", "title_alt", "languages", "updated_at"],
        )
        if series.monitored and series.checked_at:
            _note_news(series, known, rows)


def _note_news(series: Series, known: Mapping[tuple[int, int], Episode], rows: Iterable[Episode]) -> None:
    """What can be had in a wanted language since now; a better language counts where it changes anything."""
    wanted = {language.value for language in series.wanted_languages()}
    places = defaultdict(set)
    for row in rows:
        before = known.get((row.season, row.number))
        had = wanted & set(before.languages) if before else set()
        matters = not had or (before and _is_second_chance(series, before))
        if matters and (wanted & set(row.languages)) - had:
            places[row.season].add(row.number)
    for season, numbers in places.items():
        Episode.objects.filter(series=series, season=season, number__in=numbers).found(timezone.now())


def _is_second_chance(series: Series, episode: Episode) -> bool:
    """Another language helps an episode that failed, and one that is there in a lesser language."""
    if episode.is_downloaded:
        return series.wants_upgrade
    return episode.left_alone == Episode.LeftAlone.FAILED


def _places(series: Series) -> set[tuple[int, int]]:
    return set(Episode.objects.filter(series=series).values_list("season", "number"))


def parts_to_renew(before: set[tuple[int, int]], now: set[tuple[int, int]]) -> dict[str, bool]:
    """The flags of parts that were loaded before some of the episodes were known."""
    if not before or before == now:
        return {}
    seasons_before, seasons = ({season for season, _number in places} for places in (before, now))
    return {"nfo_loaded": False} | ({"images_loaded": False} if seasons - seasons_before else {})


def _kept(series: Series, said: dict[str, Any]) -> list[str]:
    """What the catalogue does not say stays as it is known, and what is rather taken from TMDB."""
    silent = [name for name in ("year", "description", "cover_url", "genres", "imdb_id") if not said[name]]
    from_tmdb = ["imdb_id", *(["description", "genres"] if _prefers_tmdb() else [])] if series.tmdb_id else []
    return [name for name in {*silent, *from_tmdb} if getattr(series, name)]


def _prefers_tmdb() -> bool:
    return store.current().metadata.prefer == "tmdb"


def _row(series: Series, entry: EpisodeEntry, known: Episode | None) -> Episode:
    seen = timezone.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    languages = dict(known.languages) if known else {}
    return Episode(
        series=series,
        season=entry.season,
        number=entry.number,
        link=_line(entry.link, 1000),
        title=_title(entry, known),
        title_alt=_line(entry.title_alt, 500) or (known.title_alt if known else ""),
        languages=languages | {str(language): seen for language in _told(entry, known)},
    )


def _told(entry: EpisodeEntry, known: Episode | None) -> list[Language]:
    """The languages it is listed in. What is there has shown what it speaks, and a guess adds nothing to that."""
    if known is None or not known.is_downloaded or not known.languages:
        return list(entry.languages)
    return [language for language in entry.languages if language != entry.guessed or language in known.languages]


def _title(entry: EpisodeEntry, known: Episode | None) -> str:
    if known and known.title and known.tmdb_id and _prefers_tmdb():
        return known.title
    return _line(entry.title, 500) or (known.title if known else "")


def _storable(entry: EpisodeEntry) -> bool:
    return 0 <= entry.season <= _LARGEST and 0 <= entry.number <= _LARGEST


def _line(text: str, limit: int) -> str:
    """Foreign text in one line, without what a database refuses."""
    return " ".join(text.replace("\0", "").encode(errors="ignore").decode().split())[:limit]
