"""A process that fetches one file from a host, as a worker does, until it is there or the process is killed."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from aniworld.configuration import store  # only after the lines above
from downloads.fetchers import file
from downloads.models import QueueItem
from library.models import Series
from providers.contracts import StreamKind
from tests.downloads.hosting import job


def main(url: str, folder: str, connections: int) -> None:
    store.change({"downloads": {"free_space_floor_gb": 0}})
    # What a killed one left.
    QueueItem.objects.all().delete()
    Series.objects.all().delete()
    with job(url, StreamKind.FILE, Path(folder), connections=connections) as one:
        file.fetch(one)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
