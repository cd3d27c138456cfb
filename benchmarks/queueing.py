"""What the queue does with many rows, in a process of its own.

    python -m benchmarks.queueing '{"do": "seed"}'

Answers with JSON; `do` is seed, claim, race, enqueue or queries. The database is the one of the environment.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any

from django.core.management import call_command
from django.db import connection

import benchmarks.ready  # noqa: F401  # before the models
from aniworld.configuration import store
from benchmarks import sowing
from downloads import queue, statistics
from downloads.api import rendering
from downloads.models import QueueItem, QueueState
from library import listing
from library.models import Episode, Series

SERIES, EPISODES = 5_000, 20
CLAIMERS = 8
ANY = 10**9


def main() -> None:
    values: dict[str, Any] = json.loads(sys.argv[1])
    doings: dict[str, Callable[..., Any]] = {
        "seed": seed,
        "claim": claim,
        "race": race,
        "enqueue": enqueue,
        "queries": queries,
    }
    print(json.dumps(doings[values.pop("do")](**values)))


def seed() -> int:
    """5,000 series of 20 episodes, and an item for each of these: 100,000 pending."""
    call_command("migrate", "--skip-checks", verbosity=0)
    pattern = Series.objects.create(key="pattern", name="", folder="", loading_status="completed")
    episode = Episode.objects.create(series=pattern, season=1, number=1)
    item = QueueItem.objects.create(series=pattern, episode=episode, season=1, language="German Dub")
    names = {"key": "'s' || n", "folder": "'S' || n", "name": "'Series ' || substr('00000' || n, length('' || n) + 1)"}
    sowing.sow(pattern, sowing.numbers(SERIES), **names)
    each = f"SELECT s.id AS series_id, n + 1 AS number FROM library_series s, ({sowing.numbers(EPISODES)}) AS numbers"
    sowing.sow(
        episode, f"{each} WHERE s.id <> {pattern.pk} ORDER BY s.id, n", series_id="rows.series_id", number="rows.number"
    )
    places = "SELECT id, series_id, row_number() OVER (ORDER BY id) - 1 AS place FROM library_episode"
    of_episode = {"episode_id": "rows.id", "series_id": "rows.series_id", "position": f"{queue.GAP} * place"}
    sowing.sow(item, f"{places} WHERE series_id <> {pattern.pk} ORDER BY id", **of_episode)
    pattern.delete()
    QueueState.objects.update_or_create(pk=1, defaults={"next_position": SERIES * EPISODES * queue.GAP})
    sowing.tidy()
    return QueueItem.objects.count()


def claim(times: int) -> list[float]:
    """Seconds of each claim by one worker; between two the item is over."""
    return [_claim("one:1")[0] for _ in range(times)]


def _claim(owner: str) -> tuple[float, int]:
    began = time.perf_counter()
    item = QueueItem.objects.claim_next(owner, limit=ANY, own_limit=ANY)
    seconds = time.perf_counter() - began
    assert item
    assert item.fail("benchmark")
    return seconds, item.pk


def race(times: int) -> dict[str, Any]:
    """Seconds of each claim when eight processes claim at the same moment, and the ids that two of them got.

    Their first claims are left out: a connection that has just been made learns the tables in it.
    """
    start = multiprocessing.Barrier(CLAIMERS)
    answers: multiprocessing.SimpleQueue[list[tuple[float, int]]] = multiprocessing.SimpleQueue()
    connection.close()
    processes = [
        multiprocessing.Process(target=_racer, args=(start, answers, times, number)) for number in range(CLAIMERS)
    ]
    for process in processes:
        process.start()
    each = [answers.get() for _process in processes]
    for process in processes:
        process.join()
    ids = [pk for taken in each for _seconds, pk in taken]
    return {"seconds": [seconds for taken in each for seconds, _pk in taken[1:]], "twice": len(ids) - len(set(ids))}


def _racer(start: Barrier, answers: Any, times: int, number: int) -> None:
    connection.ensure_connection()
    taken = []
    for _round in range(1 + times):
        start.wait()
        began = time.perf_counter()
        item = QueueItem.objects.claim_next(f"race:{number}", limit=ANY, own_limit=ANY)
        taken.append((time.perf_counter() - began, item.pk if item else 0))
        start.wait()
        assert item
        assert item.fail("benchmark")
    connection.close()
    answers.put(taken)


def enqueue(times: int, library: str) -> list[float]:
    """Seconds to queue 1,000 episodes of one series at once."""
    store.change({"library": {"directory": library}})
    series = Series.objects.create(key="long", name="Long", folder="Long", provider="demo")
    Episode.objects.bulk_create([Episode(series=series, season=1, number=number) for number in range(1, 1001)])
    episodes, seconds = list(series.episodes.all()), []
    for _round in range(times):
        began = time.perf_counter()
        added = queue.enqueue(series, episodes).added
        seconds.append(time.perf_counter() - began)
        assert len(added) == len(episodes)
        QueueItem.objects.filter(series=series).delete()
    return seconds


def queries(few: int, many: int) -> dict[str, list[int]]:
    """How many queries a page of few and of many rows takes, and the queue's status."""

    def page(limit: int) -> None:
        list(map(listing.summary, listing.matching(listing.Filter(), None)[:limit]))

    def items(limit: int) -> None:
        rendering.items(rendering.reads(QueueItem.objects.listed()[:limit]))

    def status(_limit: int) -> None:
        statistics.lists_of(rendering.reads(QueueItem.objects.listed()))
        statistics.statistics()

    return {
        "/api/anime": [_counted(page, few), _counted(page, many)],
        "/api/queue/items": [_counted(items, few), _counted(items, many)],
        "/api/queue/status": [_counted(status, few)],
    }


def _counted(ask: Any, limit: int) -> int:
    count = 0

    def counting(execute: Any, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counting):
        ask(limit)
    return count


if __name__ == "__main__":
    main()
