"""`manage.py download`."""

from __future__ import annotations

import re
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from aniworld.management.command import OneLineErrors, WrongUse
from downloads import engine, queue, tasks, window
from downloads.control import shutdown
from downloads.models import QueueItem, QueueState
from library.models import Episode, Series

# As a shell reports a process that Ctrl-C ended.
INTERRUPTED = 130
_EPISODE = re.compile(r"S(\d{1,4})E(\d{1,5})", re.IGNORECASE)


class Command(OneLineErrors):
    help = "Queues episodes of a series (all missing ones without names), or downloads them at once with --now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key", help="the series")
        parser.add_argument(
            "episodes", nargs="*", default=[], metavar="S01E02", help="episodes; all missing ones without"
        )
        parser.add_argument("--language", help="this language and no other, such as 'German Dub'")
        parser.add_argument("--now", action="store_true", help="in the foreground; exit 0 only if all arrived")

    def handle(self, *args: Any, **options: Any) -> None:
        series = Series.objects.live().filter(key=options["key"]).first()
        if series is None:
            raise CommandError(f"There is no series '{options['key']}'.")
        if not series.provider:
            raise CommandError(f"{series} has no catalogue to download from yet; choose one on the page /findings.")
        episodes = _episodes(series, options["episodes"])
        enqueued = queue.enqueue(series, episodes, language=options["language"])
        for entry in enqueued.skipped:
            self.stderr.write(f"S{entry.season:02d}E{entry.episode:02d} skipped: {entry.reason}")
        if options["now"]:
            self._download_now([*enqueued.added, *_queued_before(series, enqueued)])
        else:
            self.stdout.write(f"{len(enqueued.added)} queued.")

    def _download_now(self, ids: list[int]) -> None:
        if window.opens_at():
            self.stderr.write(f"The download window ({window.hours()}) is closed; these are downloaded all the same.")
        with tasks.sigterm_parks(signal.SIGINT, exit_code=INTERRUPTED):
            failed = [pk for pk in ids if not self._download_one(pk)]
        if failed:
            raise CommandError(f"{len(failed)} of {len(ids)} did not arrive.")
        self.stdout.write(f"{len(ids)} arrived.")

    def _download_one(self, pk: int) -> bool:
        """Round after round here, or watching while a worker is at it."""
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
            item = _item(pk)
            if item.pause_reason == QueueItem.PauseReason.WINDOW:
                # Without the bell that wakes a worker: it is brought in here.
                item.resume()
            bar = progress.add_task(str(item), total=None)
            while item.status in (QueueItem.Status.PENDING, QueueItem.Status.DOWNLOADING) and not shutdown.is_set():
                if not QueueState.objects.now().may_start:
                    raise CommandError("The queue does not run: 'queue start' and 'queue resume' let it.")
                claimed = QueueItem.objects.claim_one(pk, tasks.owner())
                if claimed:
                    _run(claimed, progress, bar)
                else:
                    # Not the event's wait: its lock is what the signal that sets it would wait for.
                    time.sleep(0.5)
                item = _item(pk)
                progress.update(bar, completed=item.downloaded_bytes, total=item.total_bytes)
        if item.status != QueueItem.Status.COMPLETED:
            self.stderr.write(f"{item}: {item.get_status_display()} {item.error_message}")
        return item.status == QueueItem.Status.COMPLETED


def _item(pk: int) -> QueueItem:
    return QueueItem.objects.select_related("series", "episode").get(pk=pk)


def _queued_before(series: Series, enqueued: queue.Enqueued) -> list[int]:
    """Items that were in the queue already for what was asked for."""
    wanted = {(entry.season, entry.episode) for entry in enqueued.skipped if entry.reason == "queued"}
    rows = QueueItem.objects.live().filter(series=series).values_list("pk", "season", "episode__number")
    return [pk for pk, season, number in rows if (season, number) in wanted]


def _run(item: QueueItem, progress: Progress, bar: Any) -> None:
    """The engine in this thread, the bar in another."""
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(0.5):
            row = QueueItem.objects.get(pk=item.pk)
            progress.update(bar, completed=row.downloaded_bytes, total=row.total_bytes)
        connection.close()

    watcher = threading.Thread(target=show, daemon=True)
    watcher.start()
    try:
        engine.run(item, at_once=True)
    finally:
        ended.set()
        watcher.join()


def _episodes(series: Series, names: list[str]) -> list[Episode]:
    if not names:
        return queue.missing(series)
    found = []
    for name in names:
        match = _EPISODE.fullmatch(name)
        if not match:
            raise WrongUse(f"'{name}' is no episode; write it like S01E02.")
        episode = Episode.objects.filter(series=series, season=int(match[1]), number=int(match[2])).first()
        if episode is None:
            raise CommandError(f"{series} has no {name}.")
        found.append(episode)
    return found
