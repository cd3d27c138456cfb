"""Which episode can be had, is there, and is queued, in which language: one series as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from downloads import expected_language
from downloads.models import QueueItem
from library import held_files
from library.models import Episode, EpisodeFile, Series
from providers.contracts import LANGUAGES

Items = Mapping[str, QueueItem]


def matrix(series: Series) -> dict[str, Any]:
    """Episodes in order, each with a cell per language, in a few queries however many there are.

    `wanted` are the languages of the series' plan in their order; `coverage` counts the episodes of each language.
    """
    listed = Episode.objects.filter(series=series).order_by("season", "number")
    episodes = list(listed.only("series", "season", "number", "title", "languages"))
    queued = _queued(series, episodes)
    held = held_files.files_of(episodes)
    rows = [_row(episode, held.get(episode.pk, []), queued[episode.pk]) for episode in episodes]
    return {
        "key": series.key,
        "languages": LANGUAGES,
        "wanted": [language.value for language in series.wanted_languages()],
        "episodes": rows,
        "coverage": {name: _coverage(rows, name) for name in LANGUAGES},
    }


def _queued(series: Series, episodes: Iterable[Episode]) -> defaultdict[int, dict[str, QueueItem]]:
    """The live items of each episode by the language they will bring; of ended ones only what failed last."""
    shown, known = [*QueueItem.LIVE, QueueItem.Status.FAILED], {episode.pk: episode for episode in episodes}
    rows = QueueItem.objects.listed().filter(series=series, status__in=shown).order_by("id")
    items = list(rows.only("episode_id", "language", "language_fixed", "status", "progress_percent"))
    tried = expected_language.tried_last(items)
    found: defaultdict[int, dict[str, QueueItem]] = defaultdict(dict)
    for item in items:
        if item.episode_id not in known:
            continue
        item.series, item.episode = series, known[item.episode_id]
        language = expected_language.of(item, tried.get(item.pk, ""))
        before = found[item.episode_id].get(language)
        if before is None or before.status == QueueItem.Status.FAILED:
            found[item.episode_id][language] = item
    return found


def _row(episode: Episode, held: Sequence[EpisodeFile], items: Items) -> dict[str, Any]:
    files = {file.language: file for file in held}
    return {
        "season": episode.season,
        "episode": episode.number,
        "title": episode.title,
        "languages": {name: _cell(episode.languages, name, files.get(name), items.get(name)) for name in LANGUAGES},
    }


def _cell(listed: Mapping[str, str], name: str, file: EpisodeFile | None, item: QueueItem | None) -> dict[str, Any]:
    return {
        "at_catalogue": name in listed,
        "seen_at": listed.get(name),
        "on_disk": file is not None,
        "file_path": file.path if file else None,
        "file_size": file.size if file else None,
        "queue_status": item.status if item else None,
        "queue_item": item.pk if item else None,
        "progress_percent": item.progress_percent if item else None,
    }


def _coverage(rows: list[dict[str, Any]], language: str) -> dict[str, int]:
    cells = [row["languages"][language] for row in rows]
    return {
        "at_catalogue": sum(cell["at_catalogue"] for cell in cells),
        "on_disk": sum(cell["on_disk"] for cell in cells),
        "queued": sum(cell["queue_status"] in QueueItem.LIVE for cell in cells),
    }
