"""Pages of the admin with many rows, in a process of its own.

    python -m benchmarks.administering '{"do": "seed"}'

Answers with JSON; `do` is seed or pages. The database is the one of the environment.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import F, Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import benchmarks.ready  # noqa: F401  # before the models
from aniworld.accounts.models import User
from aniworld.audit.models import Change
from aniworld.live.models import Event
from benchmarks import queueing, sowing
from downloads.models import Attempt, QueueItem
from library.models import AnnouncedEpisode, Episode, EpisodeFile, Favorite, Finding, Series
from providers import registry, rollups
from providers.models import Provider, RequestLog

ROWS = 100_000
BATCH = 5_000
# The key of a series with many episodes.
LONG = "long"
HOSTS = ("voe", "vidoza", "vidmoly", "filemoon")


def main() -> None:
    values: dict[str, Any] = json.loads(sys.argv[1])
    doings: dict[str, Callable[..., Any]] = {"seed": seed, "pages": pages}
    print(json.dumps(doings[values.pop("do")](**values)))


def seed() -> int:
    """The queue's own 100,000, most of them over, and as many of everything that grows with them."""
    count = queueing.seed()
    registry.sync()
    admin_user = User.objects.create_superuser("admin", password="correct horse 7")
    now = timezone.now()
    _settle(now)
    _try_all(now)
    every, at = sowing.numbers(ROWS), _moment()
    _sown(Event(type="queue_status", room="downloads", timestamp=now, data={"name": "x"}), every, timestamp=at)
    _request(now)
    _sown(Change(at=now, by="admin", via="api", action="changed", subject="x"), every, at=at, subject="'x ' || n")
    _put_on_disk()
    series = list(QueueItem.objects.order_by("series").values_list("series", flat=True).distinct())
    Favorite.objects.bulk_create([Favorite(user=admin_user, series_id=pk) for pk in series])
    _announce(series, now)
    _make(Finding, (Finding(kind="unknown_folder", path=f"Folder {number}") for number in range(ROWS // 20)))
    _make_long()
    rollups.roll_up()
    sowing.tidy()
    return count


def _sown(pattern: Model, rows: str, **columns: str) -> None:
    """Rows like that one, which itself does not stay."""
    pattern.save()
    sowing.sow(pattern, rows, **columns)
    pattern.delete()


def _moment() -> str:
    """That of the row with the number n: five in a minute, back from now."""
    return sowing.ago("12 * n")


def _try_all(now: Any) -> None:
    """A try of each item."""
    item = QueueItem.objects.earliest("pk")
    pattern = Attempt(item=item, provider="", language="German Dub", started_at=now, ended_at=now, outcome="stalled")
    columns = {"item_id": "rows.id", "started_at": _moment(), "ended_at": _moment()}
    columns["provider"] = _one_of(f"'{name}'" for name in HOSTS)
    columns["outcome"] = "CASE WHEN n % 3 = 0 THEN 'stalled' ELSE 'completed' END"
    _sown(pattern, "SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM downloads_queueitem", **columns)


def _request(now: Any) -> None:
    """Requests of all providers in turn."""
    ids = list(Provider.objects.values_list("pk", flat=True))
    pattern = RequestLog(provider_id=ids[0], action="resolve", successful=True, response_time_ms=120.0, created_at=now)
    columns = {"provider_id": _one_of(map(str, ids)), "successful": "n % 7 > 0", "created_at": _moment()}
    _sown(pattern, sowing.numbers(ROWS), **columns)


def _put_on_disk() -> None:
    """A file of each episode."""
    episode = Episode.objects.earliest("pk")
    pattern = EpisodeFile(episode=episode, language="English Sub", path="pattern", size=400_000_000, mtime=1.0)
    columns = {"episode_id": "rows.id", "language": "'German Dub'", "path": "rows.id || '.mp4'"}
    _sown(pattern, "SELECT id FROM library_episode", **columns)


def _one_of(values: Iterable[str]) -> str:
    """These in turn, by `n`."""
    known = list(values)
    cases = " ".join(f"WHEN {place} THEN {value}" for place, value in enumerate(known))
    return f"CASE n % {len(known)} {cases} END"


def _announce(series: list[int], now: Any) -> None:
    """An episode of each series for one of the days around today."""
    days = [(now + timedelta(days=number % 60 - 30)).date() for number in range(len(series))]
    pairs = zip(series, days, strict=True)
    _make(AnnouncedEpisode, (AnnouncedEpisode(series_id=pk, season=1, number=99, aired_on=day) for pk, day in pairs))


def _make_long() -> None:
    """A series with 1,500 episodes in ten seasons, two of three on disk."""
    series = Series.objects.create(key=LONG, name="Long", folder="Long", provider="demo", loading_status="completed")
    numbers = [(season, number) for season in range(1, 11) for number in range(1, 151)]
    _make(Episode, (Episode(series=series, season=season, number=number) for season, number in numbers))
    for episode in series.episodes.all():
        if episode.number % 3:
            name = f"Long/Season {episode.season:02d}/Long - S{episode.season:02d}E{episode.number:02d}.mp4"
            episode.record_file("German Dub", name, size=400_000_000, duration=1400.0, mtime=1.0)


def _settle(now: Any) -> None:
    """Every fifth waits on, the others are over for up to two weeks, one in ten of them without success."""
    rows = QueueItem.objects.annotate(fifth=F("id") % 5).exclude(fifth=0)
    for day in range(14):
        part = rows.annotate(day=F("id") % 14).filter(day=day)
        at = now - timedelta(days=day, hours=1)
        part.update(status="completed", completed_at=at, downloaded_bytes=400_000_000, total_bytes=400_000_000)
    failed = rows.annotate(tenth=F("id") % 10).filter(tenth=1)
    failed.update(status="failed", error_message="The host sent nothing for 30 seconds.")


def _make(model: type[Model], rows: Iterator[Any]) -> None:
    model._default_manager.bulk_create(rows, batch_size=BATCH)


def pages(times: int) -> dict[str, list[float]]:
    """Seconds of each page, after it was opened once."""
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    taken = {}
    for name, address in _addresses():
        assert client.get(address, follow=True).status_code == 200, address
        taken[name] = [_timed(client, address) for _ in range(times)]
    return taken


def _timed(client: Client, address: str) -> float:
    began = time.perf_counter()
    client.get(address, follow=True)
    return time.perf_counter() - began


def _addresses() -> Iterator[tuple[str, str]]:
    yield "first screen", "/admin/"
    for model in sorted(admin.site._registry, key=lambda model: model._meta.label):
        page, label = f"admin:{model._meta.app_label}_{model._meta.model_name}", model._meta.label
        changelist = reverse(f"{page}_changelist")
        yield f"{label}: list", changelist
        if admin.site._registry[model].search_fields:
            yield f"{label}: search", f"{changelist}?q=voe"
        row = model._default_manager.first()
        if row is not None:
            yield f"{label}: form", reverse(f"{page}_change", args=[row.pk])
    year = timezone.now().year
    yield "QueueItem: failed", reverse("admin:downloads_queueitem_changelist") + "?status__exact=failed"
    yield "QueueItem: a year", reverse("admin:downloads_queueitem_changelist") + f"?created_at__year={year}"
    yield "Attempt: of a host", reverse("admin:downloads_attempt_changelist") + "?provider=voe"
    yield "Episode: missing", reverse("admin:library_episode_changelist") + "?is_downloaded__exact=0"


if __name__ == "__main__":
    main()
