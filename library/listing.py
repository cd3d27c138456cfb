"""The list of series and one series in full, in a constant number of queries however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Count, Exists, F, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from aniworld.accounts.models import User
from library import held_files
from library.models import Episode, EpisodeFile, Favorite, Series, SeriesQuerySet
from providers.contracts import LANGUAGES, Language

# What may be asked for as `sort`, each also with a minus before it, and what it sorts by.
SORTS = {
    "name": "name",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "year": "year",
    "episode_count": "episode_count",
    "missing_episodes": "missing_episodes",
}
_FIELDS = (
    *("key", "name", "provider", "site", "folder", "year", "description", "status", "total_episodes", "cover_url"),
    *("alternative_titles", "genres", "tmdb_id", "tvdb_id", "imdb_id", "has_nfo", "nfo_created_at", "nfo_updated_at"),
    *("loading_status", "loading_started_at", "loading_completed_at", "loading_error", "loading_progress"),
    *("monitored", "language_plan", "deleted_at", "created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which series to list; None and empty mean any."""

    q: str = ""
    missing_only: bool = False
    status: str | None = None
    loading_status: str | None = None
    monitored: bool | None = None
    favorite: bool | None = None
    language: str | None = None
    provider: str | None = None
    deleted: bool = False
    sort: str = "name"


def counted(rows: SeriesQuerySet, user: User | None = None) -> SeriesQuerySet:
    """With `episode_count`, `missing_episodes` and the user's `is_favorite` on each row.

    They are subqueries on purpose: a page of 20 counts the episodes of 20 series, not of all.
    """
    episodes = Episode.objects.filter(series=OuterRef("pk")).order_by().values("series")
    favorite = Exists(Favorite.objects.filter(series=OuterRef("pk"), user_id=user.pk)) if user else Value(False)
    return rows.annotate(
        episode_count=_count(episodes),
        missing_episodes=_count(episodes.filter(is_downloaded=False)),
        is_favorite=favorite if user else Value(False, output_field=BooleanField()),
    )


def matching(wanted: Filter, user: User | None) -> SeriesQuerySet:
    """The series that `wanted` describes, counted and sorted. `sort` must be one of `SORTS`."""
    rows = Series.objects.filter(deleted_at__isnull=not wanted.deleted)
    exact = {
        "status": wanted.status,
        "loading_status": wanted.loading_status,
        "monitored": wanted.monitored,
        "provider": wanted.provider,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value is not None})
    if wanted.q.strip():
        text = wanted.q.strip()
        rows = rows.filter(Q(name__icontains=text) | Q(key__icontains=text) | Q(alternative_titles__icontains=text))
    if wanted.missing_only:
        rows = rows.filter(Exists(Episode.objects.filter(series=OuterRef("pk"), is_downloaded=False)))
    if wanted.favorite is not None:
        mine = Exists(Favorite.objects.filter(series=OuterRef("pk"), user=user) if user else Favorite.objects.none())
        rows = rows.filter(mine if wanted.favorite else ~mine)
    if wanted.language:
        rows = rows.filter(_offers(wanted.language))
    return counted(rows, user).order_by(*_order(wanted.sort))


def summary(series: Series) -> dict[str, Any]:
    """A series as lists show it; `counted` must have been asked for it."""
    counts = {name: getattr(series, name) for name in ("episode_count", "missing_episodes", "is_favorite")}
    return {name: getattr(series, name) for name in _FIELDS} | counts


def detail(series: Series, user: User | None = None, queue_status: Mapping[int, str] | None = None) -> dict[str, Any]:
    """A series in full: the summary, and its seasons with their episodes in order.

    `queue_status` tells the status of the queue item of an episode by the episode's row id.
    """
    row = counted(Series.objects.filter(pk=series.pk), user).get()
    seasons: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    languages = row.wanted_languages()
    for episode in held_files.attached(Episode.objects.filter(series=row).order_by("season", "number")):
        status = (queue_status or {}).get(episode.pk)
        seasons[episode.season].append(_episode(episode, episode.held, languages, status))
    return summary(row) | {
        "seasons": [
            {
                "season": season,
                "episode_count": len(episodes),
                "missing_episodes": sum(not episode["is_downloaded"] for episode in episodes),
                "episodes": episodes,
            }
            for season, episodes in sorted(seasons.items())
        ]
    }


def best_file(files: Sequence[EpisodeFile], languages: Sequence[Language]) -> EpisodeFile | None:
    """The file in the language wanted most; of two in the same one the larger."""
    rank = {str(language): index for index, language in enumerate(languages)}
    return min(files, key=lambda file: (rank.get(file.language, len(rank)), -file.size, file.path), default=None)


def _episode(
    episode: Episode, files: Sequence[EpisodeFile], languages: Sequence[Language], queue_status: str | None
) -> dict[str, Any]:
    best = best_file(files, languages)
    names = ("path", "language", "size", "duration_seconds", "quality")
    return {
        "id": episode.pk,
        "season": episode.season,
        "episode": episode.number,
        "title": episode.title,
        "title_alt": episode.title_alt,
        "aired_on": episode.aired_on,
        "runtime_seconds": episode.runtime_seconds,
        "languages": [name for name in LANGUAGES if name in episode.languages],
        "is_downloaded": episode.is_downloaded,
        "download_date": episode.download_date,
        "file_path": best.path if best else None,
        "file_size": best.size if best else None,
        "files": [{name: getattr(file, name) for name in names} for file in files],
        "queue_status": queue_status,
    }


def _count(episodes: Any) -> Coalesce:
    counted_rows = episodes.annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted_rows, output_field=IntegerField()), 0)


def _offers(language: str) -> Q:
    """On disk in that language, or listed with it by the catalogue."""
    on_disk = EpisodeFile.objects.filter(episode__series=OuterRef("pk"), language=language)
    listed = Episode.objects.filter(series=OuterRef("pk"), languages__has_key=language)
    return Q(Exists(on_disk)) | Q(Exists(listed))


def _order(sort: str) -> list[Any]:
    descending = sort.startswith("-")
    name = SORTS[sort.removeprefix("-")]
    if name == "name":
        # As the index has it.
        return ["-name", "-id"] if descending else ["name", "id"]
    field = F(name)
    return [field.desc(nulls_last=True) if descending else field.asc(nulls_last=True), "name", "id"]
