"""A worker that fetches a file for some seconds under the configured limit, over several connections.

    python -m benchmarks.limited '{"url": "http://127.0.0.1:…", "number": 1, "seconds": 30, "mbps": 40}'

It prints JSON: how many bytes it had, every half second of the machine's clock.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings

import benchmarks.ready  # noqa: F401  # before the models
from aniworld.configuration import store
from benchmarks.fetching import client
from downloads.control import Control
from downloads.fetchers import fetch
from downloads.fetchers.base import Job
from downloads.interruptions import LeaseLost
from downloads.models import QueueItem
from downloads.pace import Shared
from downloads.workfolder import WorkFolder
from library.models import Episode, Series
from providers.contracts import Stream, StreamKind


def main() -> None:
    values = json.loads(sys.argv[1])
    store.change({"downloads": {"bandwidth_limit_mbps": values["mbps"]}})
    item = _claimed(values["number"])
    folder = WorkFolder(Path(settings.WORK_DIR), item.pk, item.token)
    folder.adopt()
    seen: list[tuple[float, int]] = []
    with Control(item) as control:
        pace = Shared(control, "benchmark")
        stream = Stream(values["url"], StreamKind.FILE, "benchmark")
        place, root = folder.source("benchmark"), Path(settings.WORK_DIR)
        asking = client(values)
        job = Job(stream, lambda: asking, place, control, 8, "best", root, pace)
        threading.Thread(target=_watch, args=(control, seen, values["seconds"]), daemon=True).start()
        with suppress(LeaseLost):
            fetch(job)
    folder.remove()
    print(json.dumps(seen))


def _claimed(number: int) -> QueueItem:
    series, _made = Series.objects.get_or_create(key="benchmark", defaults={"name": "Benchmark", "folder": "Benchmark"})
    episode, _made = Episode.objects.get_or_create(series=series, season=1, number=number)
    row = QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")
    item = QueueItem.objects.claim_one(row.pk, f"benchmark:{number}")
    assert item
    return item


def _watch(control: Control, seen: list[tuple[float, int]], seconds: float) -> None:
    """Counts from the moment at which bytes come, and cancels when enough was seen."""
    while not (transfer := control._transfer) or not transfer.done:
        time.sleep(0.05)
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        seen.append((time.monotonic(), transfer.done))
        time.sleep(0.5)
    QueueItem.objects.get(pk=control.item.pk).cancel()


if __name__ == "__main__":
    main()
