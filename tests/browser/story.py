"""Some days in the life of an installation, as rows: what takes days by itself, for pictures of the pages.

Runs in a process of its own, on the data folder that `DATA_DIR` names, beside the `up` that has it:

DATA_DIR=… python -m tests.browser.story
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import django
from django.utils import timezone

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
    django.setup()

from aniworld import alerts
from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.live.models import Event
from aniworld.live.publish import publish
from downloads.models import Attempt, Priority, QuarantinedFile, QueueItem, QueueState
from downloads.quarantine import here
from library.models import AnnouncedEpisode, Episode, Favorite, Finding, Series
from providers.models import Provider, ProviderStatus, RequestHour

DUB, SUB = "German Dub", "German Sub"
MEGABYTE = 1000**2
SHARES = (1, 1, 0.6, 1, 0, 0.85, 1, 0.4, 1, 0.15, 1, 0.9)
WORDS = (
    (5, "", "Better at every second viewing."),
    (4.5, "The one with the cranes", "Start at season 2 with the children."),
    (4, "", ""),
)
CAPTCHA = "The site asks for a captcha."
STALLED = "Not one byte came for 30 seconds."


def tell() -> None:
    """All of it."""
    rows = list(Series.objects.order_by("id"))
    admin = User.objects.get(is_superuser=True)
    _on_disk(rows)
    _aired(rows)
    _moods(rows)
    _favourites(admin, rows)
    _hosts()
    _queue(rows)
    _arrivals(rows)
    _journal(rows)
    _alerts()
    store.change({"downloads": {"preferred_quality": "1080p"}}, by=admin.username)


def _on_disk(rows: Sequence[Series]) -> None:
    for number, row in enumerate(rows):
        episodes = list(row.episodes.filter(season__gt=0).order_by("season", "number"))
        for index, episode in enumerate(episodes[: round(len(episodes) * SHARES[number % len(SHARES)])]):
            language = DUB if DUB in episode.languages else next(iter(episode.languages), SUB)
            path = f"{row.folder}/Season {episode.season:02d}/{row.folder} - {episode.code} - ({language}).mp4"
            size = (360 + (index * 37 + number * 53) % 290) * MEGABYTE
            episode.record_file(language, path, size=size, duration=1420.0, mtime=1.0, quality="1080p")
        row.episodes.filter(is_downloaded=True).update(download_date=timezone.now() - timedelta(days=70 + number))


def _aired(rows: Sequence[Series]) -> None:
    """Air dates around today, and episodes that are only announced."""
    today = timezone.localdate()
    for number, row in enumerate(one for one in rows if one.status == Series.Status.ONGOING):
        last = list(row.episodes.filter(season__gt=0).order_by("-season", "-number")[:4])
        for weeks, episode in enumerate(last):
            episode.aired_on = today - timedelta(days=number % 7 + 7 * weeks)
            episode.save(update_fields=["aired_on"])
        for weeks in range(3) if last else ():
            AnnouncedEpisode.objects.create(
                series=row,
                season=last[0].season,
                number=last[0].number + 1 + weeks,
                title="",
                aired_on=today + timedelta(days=7 - number % 7 + 7 * weeks),
            )


def _moods(rows: Sequence[Series]) -> None:
    """One series that is loading, one that failed to, some that are not monitored, and what a scan could not place."""
    loading, failed = rows[4], rows[9]
    Series.objects.filter(pk=loading.pk).update(
        loading_status="loading_nfo", loading_message="", images_loaded=False, logo_loaded=False
    )
    Series.objects.filter(pk=failed.pk).update(
        loading_status="failed", images_loaded=False, loading_error="The catalogue did not answer within 30 seconds."
    )
    Series.objects.filter(pk__in=[rows[3].pk, rows[8].pk, rows[10].pk]).update(monitored=False)
    candidates = [
        {"provider": "demo", "slug": one.slug, "link": one.site, "name": one.name, "year": one.year, "score": score}
        for one, score in ((rows[2], 0.71), (rows[1], 0.64))
    ]
    Series.objects.filter(pk=rows[-1].pk).update(provider="", slug="", site="")
    Finding.objects.create(kind="unmatched", path=rows[-1].folder, series=rows[-1], candidates=candidates)
    Finding.objects.create(
        kind="not_understood", path="Nebelkrähen (2009)/extras/interview.mp4", detail="No number in it."
    )
    Finding.objects.create(
        kind="duplicate",
        path="Con (2014)/Season 01/Con - S01E02 - (German Sub).mkv",
        series=rows[6],
        detail="Con - S01E02 - (German Dub).mp4 has the same episode.",
    )


def _favourites(of: User, rows: Sequence[Series]) -> None:
    for row, (rating, title, notes) in zip((rows[1], rows[7], rows[11]), WORDS, strict=True):
        Favorite.objects.create(user=of, series=row, rating=rating, custom_title=title, notes=notes)
    Favorite.objects.create(user=of, series=rows[5])


def _hosts() -> None:
    """A host that is blocked and one that is down beside the demo's, each with a day of requests."""
    status = ProviderStatus.Status
    for name, light, error in (
        ("voe", status.BLOCKED, CAPTCHA),
        ("vidoza", status.DOWN, "No answer within 30 seconds."),
    ):
        Provider.objects.filter(name=name).update(enabled=True)
        ProviderStatus.objects.filter(provider__name=name).update(
            status=light, error_message=error, last_check=timezone.now() - timedelta(minutes=7), consecutive_failures=4
        )
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for name, share in (
        ("demo", 1.0),
        ("demo-file", 0.99),
        ("demo-hls", 0.93),
        ("demo-aes", 0.97),
        ("voe", 0.6),
        ("vidoza", 0.3),
    ):
        provider = Provider.objects.get(name=name)
        for age in range(1, 24):
            requests = 6 + (age * 7 + len(name)) % 23
            good = round(requests * (share if age % 5 else share * 0.8))
            downloads = 0 if name == "demo" else good // 3
            RequestHour.objects.create(
                provider=provider,
                hour=hour - timedelta(hours=age),
                requests=requests,
                successful=good,
                response_ms_total=requests * (120.0 + 9 * len(name)),
                downloads=downloads,
                successful_downloads=downloads,
                download_bytes=downloads * 440 * MEGABYTE,
                download_seconds=downloads * (70.0 + 11 * len(name)),
            )


def _item(episode: Episode, status: str, **values: Any) -> QueueItem:
    position = QueueState.objects.now().next_position + episode.pk * 1024
    values = {"language": DUB, "priority": Priority.NORMAL, "position": position, **values}
    return QueueItem.objects.create(
        series=episode.series, episode=episode, season=episode.season, status=status, **values
    )


def _attempt(of: QueueItem, provider: str, outcome: str = "", error: str = "", followed_by: str = "") -> None:
    ended = timezone.now() if outcome else None
    facts = {"language": DUB, "outcome": outcome, "error": error, "ended_at": ended, "followed_by": followed_by}
    made = Attempt.objects.create(item=of, provider=provider, **facts)
    Attempt.objects.filter(pk=made.pk).update(started_at=timezone.now() - timedelta(seconds=48))


def _running(episode: Episode, provider: str, percent: float, speed: int) -> QueueItem:
    """Leased for an hour, so that no worker takes it."""
    total, now = (430 + episode.pk % 90) * MEGABYTE, timezone.now()
    return _item(
        episode,
        "downloading",
        provider=provider,
        progress_percent=percent,
        total_bytes=total,
        downloaded_bytes=int(total * percent / 100),
        download_speed=speed,
        eta_seconds=int(total * (1 - percent / 100) / speed),
        token="story",
        owner="story:1",
        started_at=now - timedelta(seconds=95),
        lease_until=now + timedelta(hours=1),
    )


def _queue(rows: Sequence[Series]) -> None:
    """Something in every section."""
    missing = [
        list(row.episodes.filter(is_downloaded=False, season__gt=0).order_by("season", "number"))
        for row in (rows[2], rows[7], rows[9])
    ]
    first, second, third = missing
    switched = _running(first[0], "demo-file", 62.4, 6_400_000)
    _attempt(switched, "voe", "blocked", CAPTCHA, "demo-hls")
    _attempt(switched, "demo-hls", "stalled", STALLED, "demo-file")
    _attempt(switched, "demo-file")
    _attempt(_running(second[0], "demo-hls", 18.2, 2_900_000), "demo-hls")
    for number, episode in enumerate([*second[1:4], *first[1:3], *third[:2]]):
        priority = Priority.HIGH if number == 0 else Priority.LOW if number > 5 else Priority.NORMAL
        _item(
            episode, "pending", priority=priority, language=SUB if number == 3 else DUB, expected_bytes=450 * MEGABYTE
        )
    blocked = _item(third[2], "paused", pause_reason="blocked", next_attempt_at=timezone.now() + timedelta(minutes=24))
    _attempt(blocked, "voe", "blocked", CAPTCHA)
    _item(second[4], "paused", pause_reason="user", downloaded_bytes=112 * MEGABYTE, total_bytes=470 * MEGABYTE)
    told = "Every source was tried: Demo HLS stalled after 12 MB, VOE asked for a captcha."
    failed = _item(
        third[3],
        "failed",
        error_message=told,
        retry_count=3,
        rounds=3,
        completed_at=timezone.now() - timedelta(minutes=42),
    )
    _attempt(failed, "demo-hls", "stalled", STALLED, "voe")
    _attempt(failed, "voe", "blocked", CAPTCHA)
    short = "The file lasts 11 min, the other episodes of the season 23 to 24 min."
    kept = _item(
        third[4],
        "failed",
        error_message=short,
        retry_count=3,
        rounds=3,
        completed_at=timezone.now() - timedelta(hours=3),
    )
    _attempt(kept, "vidoza", "truth_failed", short)
    QuarantinedFile.objects.create(
        item=kept, provider="vidoza", language=DUB, place=here(), path="story.mp4", size=208 * MEGABYTE, reason=short,
        facts={"duration": 662.0, "container": "mp4"},
    )  # fmt: skip


def _arrivals(rows: Sequence[Series]) -> None:
    """What came within the last week, more of it in the evenings."""
    now, done = timezone.now(), []
    for row in rows:
        done += list(row.episodes.filter(is_downloaded=True)[:7])
    for number, episode in enumerate(done[:70]):
        ended = now - timedelta(minutes=11 + number * 37 + 420 * (number // 9))
        size = (360 + number * 29 % 280) * MEGABYTE
        item = _item(
            episode,
            "completed",
            provider=("demo-file", "demo-hls", "demo-aes")[number % 3],
            total_bytes=size,
            downloaded_bytes=size,
            progress_percent=100,
            started_at=ended - timedelta(seconds=70 + number % 40),
            completed_at=ended,
        )
        _attempt(item, item.provider, "completed")
        Attempt.objects.filter(item=item).update(started_at=item.started_at, ended_at=ended, bytes=size)


def _journal(rows: Sequence[Series]) -> None:
    """The events that these days left behind."""
    told: list[tuple[datetime, str, dict[str, Any]]] = []
    done = QueueItem.objects.filter(status="completed").select_related("series", "episode")
    for item in done.order_by("-completed_at")[:40]:
        facts = {"item_id": item.pk, "key": item.series.key, "name": item.series.name, "provider": item.provider}
        facts |= {"season": item.season, "episode": item.episode.number}
        told.append((item.completed_at or timezone.now(), "download_complete", facts))
    for moment, type_, data in sorted([*told, *_troubles(rows)], key=lambda one: one[0]):
        Event.objects.filter(pk=publish(type_, data).pk).update(timestamp=moment)


def _troubles(rows: Sequence[Series]) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    """When, which type of event, and what it says."""
    now = timezone.now()
    running = QueueItem.objects.filter(status="downloading").first()
    failed = QueueItem.objects.filter(status="failed").select_related("series", "episode").first()
    if running and failed:
        told = {"item_id": running.pk, "from": "demo-hls", "to": "demo-file", "error": STALLED}
        yield now - timedelta(seconds=70), "failover", told
        facts = {"item_id": failed.pk, "key": failed.series.key, "name": failed.series.name, "season": failed.season}
        facts |= {"episode": failed.episode.number, "error": failed.error_message}
        yield now - timedelta(minutes=42), "download_failed", facts
    down = {"provider_id": "vidoza", "error_message": "No answer within 30 seconds."}
    yield now - timedelta(hours=2), "provider_down", down
    yield now - timedelta(hours=5), "scan_complete", {"statistics": {"new": 3, "files": 412}}
    added = {"key": rows[0].key, "name": rows[0].name, "provider": "demo"}
    yield now - timedelta(days=1, hours=2), "series_added", added


def _alerts() -> None:
    alerts.raise_alert("provider_down", "Vidoza is down", "No answer within 30 seconds.", about="vidoza")
    alerts.raise_alert("download_failed", "An episode could not be had", "Every source was tried.", about="story")
    alerts.raise_alert("disk_low", "The disk gets full", "8.4 GB are left.", about="library")


if __name__ == "__main__":
    tell()
