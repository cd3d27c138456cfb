"""A process that scans, in the database and library that its environment names, and prints what it did.

python -m tests.library.scanning.scanner work           # a line per folder, until it is killed or through
python -m tests.library.scanning.scanner race 7 20      # claims again and again; the seed of its chance, and how often
python -m tests.library.scanning.scanner finish         # takes an abandoned scan over
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from contextlib import suppress

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from django.db.models import Count  # only after the lines above
from django.utils import timezone

from aniworld.refusals import Conflict
from library import scanning
from library.models import Episode, EpisodeFile, Scan, Series
from library.scanner import adopting, running


def work() -> None:
    """Small steps, so that a kill lands between any two."""
    running._TELL_EVERY, running._HOLD_EVERY, adopting.AT_ONCE = 0.0, 0.0, 5
    scan = Scan.objects.begin()
    scan.listener = lambda *_reached: sys.stdout.write("step\n") and sys.stdout.flush()
    scanning.work(scan)


def finish() -> None:
    Scan.objects.live().update(lease_until=timezone.now())
    scan = Scan.objects.claim()
    assert scan
    scanning.work(scan)
    doubled = Episode.objects.annotate(count=Count("files")).exclude(count=1).count()
    told = {"status": scan.status, "lost": scan.lost_workers, "doubled": doubled}
    counts = {"series": Series.objects.count(), "files": EpisodeFile.objects.count()}
    episodes = Episode.objects.filter(is_downloaded=True).count()
    sys.stdout.write(json.dumps({**told, **counts, "episodes": episodes}) + "\n")


def race(number: int, times: int) -> None:
    """Asks, claims, holds for a moment and ends; prints when it held one."""
    chance, won = random.Random(number), 0
    while won < times:
        with suppress(Conflict):
            Scan.objects.request()
        scan = Scan.objects.claim()
        if scan is None:
            continue
        since = time.time()
        time.sleep(chance.random() / 100)
        scan.hold()
        until = time.time()
        assert scan.complete({})
        won += 1
        sys.stdout.write(json.dumps({"since": since, "until": until}) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "race":
        race(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "work":
        work()
    else:
        finish()
