"""A process that fetches one file from a host, as a worker does, until it is there or the process is killed."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from aniworld.configuration import store  # only after the lines above
from downloads import range_journal
from downloads.fetchers import file
from downloads.models import QueueItem
from library.models import Series
from providers.contracts import StreamKind
from tests.downloads.hosting import job


def main(url: str, folder: str, connections: int, disk_seconds: float = 0.0) -> None:
    if disk_seconds:
        _have_a_slow_disk(disk_seconds)
    store.change({"downloads": {"free_space_floor_gb": 0}})
    # What a killed one left.
    QueueItem.objects.all().delete()
    Series.objects.all().delete()
    with job(url, StreamKind.FILE, Path(folder), connections=connections) as one:
        file.fetch(one)


def _have_a_slow_disk(seconds: float) -> None:
    """What is flushed takes so long; it is flushed, and the journal begun anew, as often as for a file of gigabytes."""
    flush = os.fdatasync

    def slowly(descriptor: int) -> None:
        time.sleep(seconds)
        flush(descriptor)

    os.fdatasync = slowly  # type: ignore[assignment]  # only descriptors are flushed here
    file.SYNC_EVERY, file.SYNC_SECONDS, range_journal.LONGEST = 100_000, 0.0, 200


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
