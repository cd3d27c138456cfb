"""Two web machines and two worker machines on one queue, with a PostgreSQL and a Redis of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.downloads.driving import add_series, arrived, episodes, queue
from tests.running import Running
from tests.scale.fleet import Fleet
from tests.scale.servers import own_servers

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("scale")]


@dataclass
class Four:
    """What the tests of this module share."""

    fleet: Fleet
    webs: list[Running]
    workers: list[Running]

    @property
    def web(self) -> Running:
        return self.webs[0]


@pytest.fixture(scope="module")
def four() -> Iterator[Four]:
    with own_servers() as (postgresql, redis), Fleet(postgresql, redis, "four") as fleet:
        webs = [fleet.machine(f"web{number}", "--web-only") for number in (1, 2)]
        workers = [fleet.machine(f"worker{number}", "--workers-only") for number in (1, 2)]
        # All at once, on an empty database: one of them migrates.
        fleet.start(*workers, *webs)
        fleet.sign_in(webs[0])
        fleet.sign_in(webs[1], as_in=webs[0])
        yield Four(fleet, webs, workers)


def test_one_of_all_migrates_and_one_leads(four: Four) -> None:
    migrated = [one for one in (*four.webs, *four.workers) if "migrations applied" in one.output()]
    assert len(migrated) == 1
    assert four.fleet.rows("SELECT count(*), count(leads) FROM supervisor_machine") == [(4, 1)]
    assert len(four.fleet.rows("SELECT DISTINCT instance FROM supervisor_cluster")) == 2


def test_downloads_of_both_arrive_in_one_library(four: Four) -> None:
    key = add_series(four.web)
    ids = queue(four.webs[1], key, episodes(four.web, key)[:6])
    arrived(four.web, ids)
    files = list(four.fleet.library.rglob("*.mp4"))
    assert len(files) == 6
