"""A seeded rampage: anything is killed at any moment, and in the end everything is there once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.downloads.driving import (
    HOSTS,
    MP4,
    add_series,
    assert_whole,
    episodes,
    fault,
    heal,
    item,
    library_files,
    queue,
)
from tests.running import Running, eventually

# Bytes a second: of a file's one connection, and of each of the several that fetch segments.
SLOW, SLOW_SEGMENT = 700_000, 150_000


def slow(up: Running) -> None:
    """Slow enough for a kill to strike in the middle."""
    for host in HOSTS:
        fault(up, host, "speed", speed=SLOW if host == MP4 else SLOW_SEGMENT)


def all_whole(up: Running, ids: list[int], seconds: float = 120) -> None:
    """Every item ends completed, each with one whole file, and no two rows or files for one episode."""

    def over() -> bool:
        states = up.api("GET", "/api/queue/status")["statistics"]
        return bool(states["pending"] + states["active"] + states["paused"] == 0)

    eventually(over, seconds, "an empty queue")
    states = [item(up, pk) for pk in ids]
    assert [state["status"] for state in states] == ["completed"] * len(ids), states
    destinations = [state["file_destination"] for state in states]
    assert len(set(destinations)) == len(ids)
    files = [str(path.relative_to(up.data_dir / "library")) for path in library_files(up)]
    assert sorted(files) == sorted(destinations)
    for file in library_files(up):
        assert_whole(file)


class Rampage:
    """Kills at random, from a seed, while there is always something to download."""

    def __init__(self, up: Running, seed: int) -> None:
        self.up = up
        self.chance = random.Random(seed)
        self.ids: list[int] = []
        self._series = 0

    def run(self, kills: int, downloads: int) -> None:
        """Queues `downloads` episodes bit by bit, kills `kills` times meanwhile, and waits until all are there."""
        slow(self.up)
        for number in range(kills):
            wanted = 9 + (downloads - 9) * number // kills
            while len(self.ids) < min(wanted, downloads):
                self._queue_more(min(9, downloads - len(self.ids)))
            time.sleep(self.chance.uniform(0.3, 3))
            self.chance.choice(self._ways())()
            slow(self.up)
        heal(self.up)
        all_whole(self.up, self.ids, 120 + len(self.ids))

    def _queue_more(self, count: int) -> None:
        key = add_series(self.up, self._series)
        self._series += 1
        self.ids += queue(self.up, key, episodes(self.up, key)[:count])

    def _ways(self) -> list[Callable[[], None]]:
        return [self._worker, self._worker, self._cluster, self._everything, self._web]

    def _worker(self) -> None:
        workers = self.up.workers("downloads")
        self.up.kill(self.chance.choice([one for one in workers if one.name == "aniworld-busy"] or workers))

    def _cluster(self) -> None:
        self.up.signal_cluster("downloads")

    def _everything(self) -> None:
        self.up.kill_everything()
        self.up.start()

    def _web(self) -> None:
        self.up.kill(self.up.web())
        eventually(self._answers, 30, "the web server is back")

    def _answers(self) -> bool:
        try:
            return self.up.http.get(f"{self.up.url}/health", timeout=5).status_code in (200, 503)
        except OSError:
            return False
