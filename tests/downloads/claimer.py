"""A process that fills, or works at, a queue in the database that its environment names, and prints what it did.

python -m tests.downloads.claimer seed 300
python -m tests.downloads.claimer work 3 7     # the limit, and the seed of its chance
python -m tests.downloads.claimer occupy 2 7   # the places of one host, and the seed
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from datetime import timedelta
from typing import Any

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

from django.utils import timezone  # only after the lines above

from downloads.models import Priority, QueueItem
from library.models import Episode, Series

# How often a claimed item is left lying, as by a worker that vanished.
VANISHES = 0.05


def seed(count: int) -> None:
    """A queue of `count` items with mixed priorities, in no order."""
    series = Series.objects.create(key="s", slug="s", name="S", provider="demo", site="s", folder="S")
    Episode.objects.bulk_create(Episode(series=series, season=1, number=number) for number in range(count))
    chance = random.Random(count)
    positions = chance.sample(range(count * 10), count)
    QueueItem.objects.bulk_create(
        QueueItem(
            series=series,
            episode=episode,
            season=1,
            language="German Dub",
            priority=chance.choice(Priority.values),
            position=position,
        )
        for episode, position in zip(series.episodes.all(), positions, strict=True)
    )


def work(limit: int, number: int) -> None:
    """Claims and completes until nothing is live; prints one line per claim."""
    chance = random.Random(number)
    lost: list[QueueItem] = []
    while QueueItem.objects.live().exists():
        item = QueueItem.objects.claim_next(f"claimer-{number}:{os.getpid()}", limit=limit, own_limit=limit)
        if item is None:
            time.sleep(0.005)
            continue
        claimed = time.monotonic()
        time.sleep(chance.uniform(0, 0.01))
        line: dict[str, Any] = {"item": item.pk, "token": item.token, "claimed": claimed, "given": time.monotonic()}
        if chance.random() < VANISHES:
            item._mine().update(lease_until=timezone.now() - timedelta(seconds=1))
            lost.append(item)
            line["completed"] = False
        else:
            line["completed"] = item.complete(f"{item.pk}.mp4", 1)
        print(json.dumps(line), flush=True)  # noqa: T201 - what the test reads
    # Everything was completed by others: what holds an old token changes nothing.
    writes = [write for item in lost for write in old_writes(item)]
    print(json.dumps({"old_writes": writes}), flush=True)  # noqa: T201 - likewise


def occupy(limit: int, number: int) -> None:
    """Claims without a limit, and completes what gets a place at the host; prints when it held the place."""
    chance = random.Random(number)
    while QueueItem.objects.live().exists():
        item = QueueItem.objects.claim_next(f"claimer-{number}:{os.getpid()}", limit=99, own_limit=99)
        while item and not item.occupy("voe", limit):
            time.sleep(0.002)
        if item is None:
            time.sleep(0.005)
            continue
        claimed = time.monotonic()
        time.sleep(chance.uniform(0, 0.02))
        line = {"item": item.pk, "claimed": claimed, "given": time.monotonic()}
        item.complete(f"{item.pk}.mp4", 1)
        print(json.dumps(line), flush=True)  # noqa: T201 - what the test reads


def old_writes(item: QueueItem) -> list[bool]:
    """Every write of a worker under a lost lease; each says whether it changed anything."""
    return [
        item.renew(),
        item.report(downloaded=1, total=2, speed=1, percent=50),
        item.use("host", "http://host.example/"),
        item.complete("other.mp4", 2),
        item.fail("wrong"),
        item.postpone("wrong", 1),
        item.park("disk", "wrong", 1),
        item.park(),
        item.is_leased(),
    ]


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[2:]]
    if sys.argv[1] == "seed":
        seed(numbers[0])
    else:
        # All are there before the first one begins.
        print("ready", flush=True)  # noqa: T201 - what the test reads
        sys.stdin.readline()
        {"work": work, "occupy": occupy}[sys.argv[1]](numbers[0], numbers[1])
