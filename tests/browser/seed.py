"""A library and a queue as real rows, so that pages have something to show in every state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from aniworld.accounts.models import User
from downloads.models import Attempt, Priority, QueueItem
from library.models import Episode, EpisodeFile, Favorite, Series
from providers.models import Provider, ProviderStatus

PASSWORD = "correct-horse-7"
TITLES = (
    ("Harbour Lights", 2019, 24, 24),
    ("The Clockmaker's Garden", 2021, 13, 9),
    ("Beneath Paper Lanterns", 2023, 12, 3),
    ("Wandering Comet", 2016, 52, 52),
    ("Nine Tides", 2024, 10, 0),
    ("A Lighthouse Keeper's Extraordinarily Long Diary of the Northern Winds", 2018, 26, 21),
    ("Koi & Cedar", 2022, 12, 12),
    ("Silent Orbit", 2025, 8, 2),
    ("Marmalade Skies", 2015, 25, 25),
    ("The Last Tram to Aoyama", 2020, 12, 11),
    ("Über den Wolken", 2017, 13, 13),
    ("Fox in the Server Room", 2026, 6, 0),
)
WORDS = ("Arrivals", "A Borrowed Umbrella", "Low Tide", "The Second Key", "Snow on the Line", "What the Well Said")
DUB, SUB, ENGLISH = "German Dub", "German Sub", "English Sub"
MEGABYTE = 1000**2


def user(name: str = "admin", *, staff: bool = True) -> User:
    """Who signs in with `PASSWORD`."""
    return User.objects.create_user(username=name, password=PASSWORD, is_staff=staff, is_superuser=staff)


def providers() -> None:
    """Two catalogues and four hosts in different moods."""
    status = ProviderStatus.Status
    rows: list[tuple[str, str, str, bool, str, str]] = [
        ("demo", "catalogue", "Demo", True, status.ACTIVE, ""),
        ("aniworld", "catalogue", "AniWorld", False, status.UNKNOWN, ""),
        ("demo-fast", "host", "Demo Fast", True, status.ACTIVE, ""),
        ("demo-hls", "host", "Demo HLS", True, status.DOWN, "No answer within 30 seconds."),
        ("voe", "host", "VOE", True, status.BLOCKED, "The site asks for a captcha."),
        ("vidoza", "host", "Vidoza", False, status.UNKNOWN, ""),
    ]
    for priority, (name, kind, shown, enabled, light, error) in enumerate(rows):
        row, _made = Provider.objects.update_or_create(
            name=name, defaults={"kind": kind, "display_name": shown, "enabled": enabled, "priority": priority}
        )
        facts: dict[str, Any] = {"status": light, "error_message": error}
        facts["last_check"] = timezone.now() - timedelta(minutes=7) if light != status.UNKNOWN else None
        ProviderStatus.objects.update_or_create(provider=row, defaults=facts)


def series(name: str, year: int, episodes: int, present: int, cover_url: str = "") -> Series:
    """A loaded series in two seasons with its first `present` episodes on disk."""
    key = "-".join("".join(letter if letter.isalnum() else " " for letter in name.lower()).split())
    row = Series.objects.create(
        key=key,
        slug=key,
        name=name,
        provider="demo",
        site=f"http://127.0.0.1:8765/anime/stream/{key}",
        folder=f"{key} ({year})",
        year=year,
        status=Series.Status.ONGOING if present < episodes else Series.Status.COMPLETED,
        description=(
            "A small town at the edge of the map, a mechanism nobody remembers building, and five friends who would "
            "rather be anywhere else. Every answer they find is older than the question, and winter is early."
        ),
        genres=["Adventure", "Mystery", "Slice of Life"],
        cover_url=cover_url,
        loading_status=Series.Loading.COMPLETED,
        episodes_loaded=True,
        nfo_loaded=True,
        logo_loaded=True,
        images_loaded=True,
    )
    half = (episodes + 1) // 2
    for index in range(episodes):
        _episode(row, 1 if index < half else 2, index % half + 1, index, is_present=index < present)
    return row


def _episode(row: Series, season: int, number: int, index: int, *, is_present: bool) -> None:
    now = timezone.now().isoformat()
    languages = {DUB: now, SUB: now} if index % 3 else {SUB: now, ENGLISH: now}
    episode = Episode.objects.create(
        series=row,
        season=season,
        number=number,
        title=WORDS[index % len(WORDS)],
        languages=languages,
        is_downloaded=is_present,
    )
    if is_present:
        language = next(iter(languages))
        path = f"{row.folder}/Season {season:02d}/{row.name} - {episode.code} - ({language}).mp4"
        size = (380 + 17 * (index % 9)) * MEGABYTE
        EpisodeFile.objects.create(episode=episode, language=language, path=path, size=size, mtime=0)


def library(cover_url: str = "") -> list[Series]:
    """A dozen series, one of them loading and one failed; `cover_url` may hold {n}."""
    rows = [series(*facts, cover_url=cover_url.format(n=number)) for number, facts in enumerate(TITLES)]
    Series.objects.filter(pk=rows[4].pk).update(
        loading_status=Series.Loading.NFO, nfo_loaded=False, logo_loaded=False, images_loaded=False
    )
    Series.objects.filter(pk=rows[11].pk).update(
        loading_status=Series.Loading.FAILED,
        loading_error="The catalogue did not answer within 30 seconds.",
        images_loaded=False,
    )
    return rows


def favourites(of: User, rows: list[Series]) -> None:
    """Two stars."""
    for row in rows[1:3]:
        Favorite.objects.create(user=of, series=row)


def item(episode: Episode, status: str, **values: Any) -> QueueItem:
    """One queue item; a downloading one is leased for an hour."""
    if status == QueueItem.Status.DOWNLOADING:
        lease = timezone.now() + timedelta(hours=1)
        values = {"token": "seed", "owner": "seed:1", "lease_until": lease, "started_at": timezone.now(), **values}
    values = {"language": DUB, "priority": Priority.NORMAL, "position": episode.pk * 1024, **values}
    return QueueItem.objects.create(
        series=episode.series, episode=episode, season=episode.season, status=status, **values
    )


def queue(rows: list[Series]) -> None:
    """Something in every section."""
    status, reason = QueueItem.Status, QueueItem.PauseReason
    first = list(rows[1].episodes.filter(is_downloaded=False).order_by("season", "number"))
    second = list(rows[2].episodes.filter(is_downloaded=False).order_by("season", "number"))
    moving = {"total_bytes": 524 * MEGABYTE, "download_speed": 2_600_000, "eta_seconds": 110}
    running = item(
        first[0],
        status.DOWNLOADING,
        provider="demo-fast",
        progress_percent=45.2,
        downloaded_bytes=237 * MEGABYTE,
        **moving,
    )
    _attempt(running, "voe", Attempt.Outcome.BLOCKED, "The site asks for a captcha.")
    _attempt(running, "demo-fast", "", "")
    item(
        first[1], status.DOWNLOADING, provider="demo-hls", progress_percent=8, downloaded_bytes=41 * MEGABYTE, **moving
    )
    for number, episode in enumerate(second[:5]):
        item(episode, status.PENDING, priority=Priority.HIGH if number == 0 else Priority.NORMAL)
    item(second[5], status.PAUSED, pause_reason=reason.BLOCKED, downloaded_bytes=12 * MEGABYTE)
    item(first[2], status.PAUSED, pause_reason=reason.USER)
    failed = item(
        second[6],
        status.FAILED,
        error_message="Every source was tried: Demo HLS stalled after 12 MB, VOE asked for a captcha.",
        completed_at=timezone.now() - timedelta(minutes=42),
        retry_count=3,
    )
    _attempt(failed, "demo-hls", Attempt.Outcome.STALLED, "Not one byte came for 30 seconds.")
    _attempt(failed, "voe", Attempt.Outcome.BLOCKED, "The site asks for a captcha.")
    for number, episode in enumerate(rows[1].episodes.filter(is_downloaded=True)[:4]):
        size, ended = (402 + number) * MEGABYTE, timezone.now() - timedelta(minutes=9 * (number + 1))
        item(
            episode, status.COMPLETED, total_bytes=size, downloaded_bytes=size, completed_at=ended, provider="demo-fast"
        )


def _attempt(of: QueueItem, provider: str, outcome: str, error: str) -> None:
    ended = timezone.now() if outcome else None
    Attempt.objects.create(item=of, provider=provider, language=DUB, outcome=outcome, error=error, ended_at=ended)


def everything() -> User:
    """All of it; answers the administrator."""
    admin = user()
    providers()
    rows = library()
    favourites(admin, rows)
    queue(rows)
    return admin
