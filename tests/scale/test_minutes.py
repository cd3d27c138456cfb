"""What `test_machines.py` tries for seconds, for the whole minute that is promised."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.downloads.driving import HOSTS, MP4, add_series, episodes, queue
from tests.downloads.killing import hold
from tests.running import Running, eventually
from tests.scale.fleet import Fleet
from tests.scale.outages import bytes_of, configure, held, postgresql_goes, redis_goes
from tests.scale.servers import own_servers

pytestmark = [pytest.mark.processes, pytest.mark.soak, pytest.mark.xdist_group("scale"), pytest.mark.timeout(900)]
MINUTE = 60


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with own_servers() as (postgresql, redis), Fleet(postgresql, redis, "minutes") as made:
        web = made.machine("web", "--web-only")
        made.start(web, *(made.machine(f"worker{number}", "--workers-only") for number in (1, 2)))
        made.sign_in(web)
        for host in HOSTS:
            if host != MP4:
                web.api("POST", f"/api/providers/config/{host}/disable")
        yield made


def _queued(web: Running, count: int) -> list[int]:
    key = add_series(web)
    return queue(web, key, episodes(web, key)[:count])


def test_redis_is_gone_for_a_minute(fleet: Fleet) -> None:
    web = fleet.machines[0]
    # Slow enough to last.
    configure(web, "downloads", bandwidth_limit_mbps=0.4, minimum_speed_kbps=1, stall_seconds=120)
    ids = _queued(web, 4)
    eventually(lambda: bytes_of(fleet, ids) > 100_000, 60, "bytes")
    redis_goes(fleet, web, ids[:2], ids[2:], MINUTE)


def test_postgresql_is_gone_for_a_minute(fleet: Fleet) -> None:
    web, *workers = fleet.machines
    configure(web, "downloads", stall_seconds=300)
    for worker in workers:
        hold(worker)
    ids = _queued(web, 2)
    held(fleet, web, ids)
    postgresql_goes(fleet, [web], ids, MINUTE)
