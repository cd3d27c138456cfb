"""A process that brings in one episode of the demo, as a worker does, and prints what became of it.

Its environment names the database, the library and the demo site. With each SIGUSR1 half a minute passes for what
watches over the download.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from types import SimpleNamespace

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from aniworld.configuration import store  # only after the lines above
from downloads import control, engine, queue, tasks
from downloads.models import QueueItem
from library import catalog, loading
from providers import registry
from providers.models import Provider


def _clock() -> None:
    """Ahead by half a minute more with each signal."""
    ahead = [0.0]

    def on(_number: int, _frame: object) -> None:
        ahead[0] += 30

    signal.signal(signal.SIGUSR1, on)
    watch = SimpleNamespace(monotonic=lambda: time.monotonic() + ahead[0])
    setattr(control, "time", watch)  # noqa: B010 - it is a module for mypy


def main(library: str, seconds: float, host: str = "demo-file") -> None:
    _clock()
    registry.sync()
    rules = {"free_space_floor_gb": 0, "minimum_speed_kbps": 0, "stall_seconds": 3600, "connections_per_download": 2}
    store.change({"library": {"directory": library}, "downloads": rules})
    for name in {"demo-file", "demo-hls", "demo-aes"} - {host}:
        Provider.objects.get(name=name).disable()
    series = catalog.add(provider="demo", key=catalog.search("a").items[0].key)
    loading.load_pending()
    [pk] = queue.enqueue(series, list(series.episodes.filter(season=1).order_by("number")[:1])).added
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        item = tasks.claim()
        if item:
            engine.run(item)
        row = QueueItem.objects.get(pk=pk)
        if row.status not in QueueItem.LIVE:
            break
        time.sleep(0.1)
    outcomes = list(row.attempts.values_list("outcome", flat=True))
    said = {"status": row.status, "error": row.error_message, "file": row.file_destination}
    print(json.dumps({**said, "outcomes": outcomes, "retry_count": row.retry_count}))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *sys.argv[3:])
