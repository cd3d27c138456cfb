"""Callers of the download client, and what they grab, for tests without workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils import timezone

from downloads.models import QueueItem
from integrations.releases import Release
from library.models import Episode, EpisodeFile, Series
from providers.contracts import Language
from tests.integrations.managers import driving
from tests.library.factories import make_series

BASE = "/integrations/qbittorrent/api/v2/"
DUB, SUB = Language.GERMAN_DUB, Language.GERMAN_SUB


class Caller:
    """A client with credentials in its headers, or the cookie of a login."""

    def __init__(self, key: str = "") -> None:
        self.http = driving.caller()
        self.headers = {"X-Api-Key": key} if key else {}

    def get(self, name: str, **values: Any) -> Any:
        return self.http.get(BASE + name, values, headers=self.headers)

    def post(self, name: str, headers: dict[str, str] | None = None, **form: Any) -> Any:
        return self.http.post(BASE + name, form, headers={**self.headers, **(headers or {})})

    def torrents(self, **values: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("torrents/info", **values).json()
        return found


def series_of(count: int = 3, *languages: str, **values: Any) -> Series:
    """A loaded series of the demo with a season in these languages."""
    done = {"episodes_loaded": True, "loading_status": "completed", "loading_completed_at": timezone.now()}
    made = make_series(**{**done, **values})
    seen = dict.fromkeys(languages or (DUB.value,), "x")
    Episode.objects.bulk_create(
        Episode(series=made, season=1, number=number, languages=seen) for number in range(1, count + 1)
    )
    return made


def release_of(series: Series, episode: int | None = 1, language: Language = DUB) -> Release:
    return Release("demo", series.slug, 1, episode, language, series.name)


def file_of(library: Path, episode: Episode, language: Language = DUB, size: int = 1000) -> EpisodeFile:
    """A file on disk, as the engine leaves it."""
    name = f"Series/{episode.code} {language}.mp4"
    (library / "Series").mkdir(exist_ok=True)
    (library / name).write_bytes(b"x" * size)
    return episode.record_file(language.value, name, size=size, duration=60, mtime=1)


def arrive(library: Path, item: QueueItem) -> None:
    """As the engine ends an item."""
    file = file_of(library, item.episode, Language(item.language))
    QueueItem.objects.filter(pk=item.pk).update(
        status="completed", file_destination=file.path, total_bytes=file.size, downloaded_bytes=file.size
    )
