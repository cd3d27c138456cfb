"""Twenty downloads at once: all run side by side, all arrive, and what they need is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from aniworld.supervisor import linux
from tests.downloads import driving
from tests.running import Running, eventually, proportional_memory

pytestmark = [pytest.mark.processes, pytest.mark.soak]

MANY = 20
# Of each download's worker, over the idle one: benchmarks.md's bound of one download.
MEGABYTES_EACH = 40
HANDLES_EACH = 80


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    # Slow enough that the last has begun before the first is done.
    environment = {"DOWNLOAD_WORKERS": str(MANY), "DEMO_SPEED": "20000"}
    with Running(demo=True, environment=environment) as running:
        running.setup()
        unbounded = {"downloads": {"max_concurrent_downloads": MANY, "minimum_speed_kbps": 0}}
        running.api("PUT", "/api/config/", unbounded | {"providers": {"max_concurrent_downloads": MANY}})
        yield running


def test_twenty_at_once_all_arrive(up: Running) -> None:
    wanted = [
        (key, episode) for key in (driving.add_series(up, n) for n in range(4)) for episode in driving.episodes(up, key)
    ]
    idle = proportional_memory([one.pid for one in up.workers("downloads")])
    ids = [pk for key, episode in wanted[:MANY] for pk in driving.queue(up, key, [episode])]
    assert len(ids) == MANY
    up.api("POST", "/api/queue/start")
    eventually(lambda: up.api("GET", "/api/queue/status")["statistics"]["active"] == MANY, 120, "all at once")
    busy = [one for one in up.workers("downloads") if one.name == "aniworld-busy"]
    assert len(busy) >= MANY
    assert proportional_memory([one.pid for one in busy]) - idle <= MANY * MEGABYTES_EACH * 1_000_000
    assert max(map(_handles, busy)) <= HANDLES_EACH
    driving.arrived(up, ids, 600)
    assert len(driving.library_files(up)) == MANY


def _handles(process: linux.Process) -> int:
    with suppress(OSError):
        return sum(1 for _handle in (linux.PROC / str(process.pid) / "fd").iterdir())
    return 0
