"""Which episode can be had, is there, and is queued, in which language: one series as a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from downloads.models import QueueItem
from library.models import Episode, EpisodeFile, Series
from providers.contracts import Language

Files = Mapping[str, EpisodeFile]
Items = Mapping[str, QueueItem]


def matrix(series: Series) -> dict[str, Any]:
    """Episodes in order, each with a cell per language, in three queries.

    `wanted` are the languages of the series' plan in their order; `coverage` counts the episodes of each language.
    """
    queued = _queued(series)
    rows = [
        _row(episode, queued[episode.pk])
        for episode in Episode.objects.filter(series=series).prefetch_related("files").order_by("season", "number")
    ]
    return {
        "key": series.key,
        "languages": [language.value for language in Language],
        "wanted": [language.value for language in series.wanted_languages()],
        "episodes": rows,
        "coverage": {language.value: _coverage(rows, language.value) for language in Language},
    }


def _queued(series: Series) -> defaultdict[int, dict[str, QueueItem]]:
    """The live items of each episode by language; of ended ones only what failed last."""
    shown = [*QueueItem.LIVE, QueueItem.Status.FAILED]
    rows = QueueItem.objects.listed().filter(series=series, status__in=shown).order_by("id")
    found: defaultdict[int, dict[str, QueueItem]] = defaultdict(dict)
    for item in rows.only("episode_id", "language", "status", "progress_percent"):
        before = found[item.episode_id].get(item.language)
        if before is None or before.status == QueueItem.Status.FAILED:
            found[item.episode_id][item.language] = item
    return found


def _row(episode: Episode, items: Items) -> dict[str, Any]:
    files = {file.language: file for file in episode.files.all()}
    return {
        "season": episode.season,
        "episode": episode.number,
        "title": episode.title,
        "languages": {language.value: _cell(episode, language.value, files, items) for language in Language},
    }


def _cell(episode: Episode, language: str, files: Files, items: Items) -> dict[str, Any]:
    file, item = files.get(language), items.get(language)
    return {
        "at_catalogue": language in episode.languages,
        "seen_at": episode.languages.get(language),
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
