"""The newest arrivals, in a constant number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from library import held_files
from library.models import Episode

MOST = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """An episode that came into the library. `languages` are those on disk."""

    key: str
    name: str
    season: int
    number: int
    code: str
    title: str
    plot: str
    languages: tuple[str, ...]
    moment: datetime

    @property
    def uid(self) -> str:
        """The same for as long as the episode is there, whatever it is renamed to."""
        series = sha256(self.key.encode("utf-8", "replace")).hexdigest()[:24]
        return f"tag:aniworld,2026:{series}/s{self.season}e{self.number}/{self.moment.astimezone(UTC):%Y%m%d%H%M%S}"


def newest(count: int = MOST) -> list[Arrival]:
    """Those of all series that are in the library, the last one first; two queries."""
    there = Episode.objects.filter(is_downloaded=True, download_date__isnull=False, series__deleted_at__isnull=True)
    rows = there.select_related("series").order_by("-download_date", "-id")[:count]
    return [_arrival(episode) for episode in held_files.attached(rows)]


def _arrival(episode: Episode) -> Arrival:
    return Arrival(
        key=episode.series.key,
        name=episode.series.name,
        season=episode.season,
        number=episode.number,
        code=episode.code,
        title=episode.title,
        plot=episode.plot,
        languages=tuple(sorted({file.language for file in episode.held if file.language})),
        moment=episode.download_date or episode.updated_at,
    )
