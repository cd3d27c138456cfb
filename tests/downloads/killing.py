"""A seeded rampage: anything is killed at any moment, and in the end everything is there once."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
import requests

from tests.downloads.contents import checksum, demo_checksums
from tests.downloads.driving import (
    HOSTS,
    MP4,
    add_series,
    assert_whole,
    demo_address,
    episodes,
    item,
    library_files,
    queue,
    served,
)
from tests.running import Running, eventually

# Slow enough for a kill to strike in the middle: bytes a second of one download, over all its connections. A fault
# would be gone after the demo site was killed, and everything over before it is set again.
SLOW = {"DEMO_SPEED": "1000000"}
# What a host that holds back serves at least, in bytes: all that `HELD` allows of a file, and the segments before.
BEFORE_HELD, HELD = 2_000_000, 2_500_000
SEGMENTS_BEFORE_HELD = 4
# Bytes that a killed download may cost, all its connections together: an eighth of what is promised. The segments of a
# stream are somewhat larger than the file that is made of them.
AGAIN, STREAMS_MORE = 4 * 1024 * 1024, 1.06
_HELD_SEGMENTS = ("-4.ts", "-5.ts", "-6.ts")
# Seconds until a part is back that was killed several times in a row: each time it waits longer.
BACK = 90


def hold(up: Running) -> None:
    """No download comes to its end from now on, however fast the rest arrives."""
    for host in HOSTS:
        names = ("video.mp4",) if host == MP4 else _HELD_SEGMENTS
        plan = [{"fault": "hold", "match": name, "after_bytes": HELD if host == MP4 else 1000} for name in names]
        answer = requests.put(f"{demo_address(up)}/_faults/{host}", json=plan, timeout=5)
        assert answer.ok, answer.text


def all_whole(up: Running, ids: list[int], seconds: float = 120) -> None:
    """Every item ends completed, each with one whole file, and no two rows or files for one episode.

    For `seconds` at most nothing need come to its end.
    """
    left = len(ids) + 1
    while left:
        try:
            left = eventually(partial(_fewer_left, up, left), seconds) - 1
        except pytest.fail.Exception:
            stuck = [state for state in (item(up, pk) for pk in ids) if state["status"] != "completed"]
            pytest.fail(f"no download came to its end within {seconds:g} s: {stuck}")
    states = [item(up, pk) for pk in ids]
    assert [state["status"] for state in states] == ["completed"] * len(ids), states
    destinations = [state["file_destination"] for state in states]
    assert len(set(destinations)) == len(ids)
    files = [str(path.relative_to(up.data_dir / "library")) for path in library_files(up)]
    assert sorted(files) == sorted(destinations)
    right = demo_checksums(up.data_dir / "demo")
    for file in library_files(up):
        assert_whole(file)
        assert checksum(file) in right, f"{file} is not what the demo site serves"


def _fewer_left(up: Running, before: int) -> int:
    """One more than the items that are not at their end, once they are fewer than before; else 0."""
    states = up.api("GET", "/api/queue/status")["statistics"]
    left: int = states["pending"] + states["active"] + states["paused"]
    return left + 1 if left < before else 0


class Rampage:
    """Kills at random, from a seed, while there is always something to download: `up` runs with `SLOW`."""

    def __init__(self, up: Running, seed: int) -> None:
        self.up = up
        self.chance = random.Random(seed)
        self.ids: list[int] = []
        # Bytes of media that the demo site sent, as told before each death of it, and how many downloads were killed.
        self.sent = 0
        self.struck = 0
        # What was killed how often; a worker where none was there at the moment does not count.
        self.killed: Counter[str] = Counter()
        self._series = 0

    def run(self, kills: int, downloads: int) -> None:
        """Queues `downloads` episodes bit by bit, kills `kills` times meanwhile, and waits until all are there."""
        while (done := self.killed.total()) < kills:
            wanted = 9 + (downloads - 9) * done // kills
            while len(self.ids) < min(wanted, downloads):
                self._queue_more(min(9, downloads - len(self.ids)))
            time.sleep(self.chance.uniform(0.3, 3))
            self.chance.choice(self._ways())()
        while len(self.ids) < downloads:
            self._queue_more(min(9, downloads - len(self.ids)))
        all_whole(self.up, self.ids)
        self._count_sent()
        had = sum(file.stat().st_size for file in library_files(self.up))
        assert had * 0.9 < self.sent <= had * STREAMS_MORE + self.struck * AGAIN, self.tally(had)

    def tally(self, had: int) -> str:
        """What was done, and what it cost. `had`: bytes of the files that arrived."""
        again = (self.sent - had) / max(1, self.struck) / 1024**2
        ways = ", ".join(f"{name} {count}" for name, count in sorted(self.killed.items()))
        return (
            f"{self.killed.total()} kills ({ways}), {len(self.ids)} downloads of {had} bytes, {self.sent} bytes "
            f"served; {self.struck} downloads struck, {again:.2f} MiB again for each"
        )

    def _queue_more(self, count: int) -> None:
        key = add_series(self.up, self._series)
        self._series += 1
        self.ids += queue(self.up, key, episodes(self.up, key)[:count])

    def _ways(self) -> list[Callable[[], None]]:
        return [self._worker, self._worker, self._idle_worker, self._cluster, self._everything, self._web]

    def _worker(self) -> None:
        self._one("aniworld-busy")

    def _idle_worker(self) -> None:
        self._one("aniworld-idle")

    def _one(self, name: str) -> None:
        workers = self.up.workers("downloads")
        # Right after a start there may be none yet.
        if workers:
            struck = self.chance.choice([one for one in workers if one.name == name] or workers)
            self.struck += struck.name == "aniworld-busy"
            self.up.kill(struck)
            self.killed["worker"] += 1

    def _cluster(self) -> None:
        eventually(lambda: self.up.cluster("downloads"), BACK, "the cluster")
        self._count_struck()
        self.up.signal_cluster("downloads")
        self.killed["cluster"] += 1

    def _everything(self) -> None:
        self._count_struck()
        self._count_sent()
        self.up.kill_everything()
        self.killed["everything"] += 1
        self.up.start()

    def _count_struck(self) -> None:
        self.struck += sum(one.name == "aniworld-busy" for one in self.up.workers("downloads"))

    def _count_sent(self) -> None:
        self.sent += sum(line["bytes"] for line in served(self.up, "media", "segment"))

    def _web(self) -> None:
        self.up.kill(self.up.web())
        self.killed["web"] += 1
        eventually(self._answers, BACK, "the web server is back")

    def _answers(self) -> bool:
        try:
            return self.up.http.get(f"{self.up.url}/health", timeout=5).status_code in (200, 503)
        except OSError:
            return False
