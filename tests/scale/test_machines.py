"""Four machines on one queue, with a PostgreSQL and a Redis of their own: one for the web, two that work, one for both.

The tests run in this order: the last ones take machines away. What other tests hold as well, with fewer processes, is
tried here in the long form only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from aniworld.schedules import REGULAR
from tests.downloads.driving import HOSTS, MP4, add_series, arrived, assert_whole, episodes, queue, served
from tests.downloads.killing import hold
from tests.running import Running, eventually
from tests.scale.fleet import Fleet
from tests.scale.outages import bytes_of, configure, held, postgresql_goes, redis_goes
from tests.scale.servers import own_servers
from tests.scale.wrong_clock import ahead_by

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("scale"), pytest.mark.timeout(600)]
# What is asked of a machine that vanished, in seconds.
NOTICED = 45
# Of waits that measure nothing, on a machine with much else to do.
PATIENCE = 150
# So many fill all workers: who waits for a place at the host is at no try of which something could be told.
AT_ONCE = 6
# Regular work that comes once while these tests run.
ONCE_IN_A_WHILE = {task.function for task in REGULAR if task.minutes >= 60}


@dataclass
class Machines:
    """What the tests of this module share. The first worker is the second web server as well; the other two workers
    have one work folder together.
    """

    fleet: Fleet
    webs: list[Running]
    workers: list[Running]

    def __post_init__(self) -> None:
        self._series = 0

    @property
    def web(self) -> Running:
        return self.webs[0]

    def enqueue(self, count: int) -> list[int]:
        """So many episodes of a new series."""
        key = add_series(self.web, self._series)
        self._series += 1
        return queue(self.web, key, episodes(self.web, key)[:count])

    def places(self, ids: list[int]) -> dict[int, str]:
        """Which worker has each of these now, by the host in its lease."""
        rows = self.fleet.rows("SELECT id, owner FROM downloads_queueitem WHERE status = 'downloading'")
        return {pk: owner.partition(":")[0] for pk, owner in rows if pk in ids}

    def requests(self) -> int:
        """How often all demo catalogues were asked for a page."""
        return sum(line["host"] == "demo" for one in self.webs for line in served(one))


@pytest.fixture(scope="module")
def all_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    shared = str(tmp_path_factory.mktemp("work"))
    with own_servers() as (postgresql, redis), Fleet(postgresql, redis, "machines") as fleet:
        web, workers = fleet.machine("web", "--web-only"), [fleet.machine("worker1")]
        workers += [fleet.machine("worker2", "--workers-only", WORK_DIR=shared)]
        # By its clock, the leases of the others have long run out.
        wrong = ahead_by(25, fleet.folder)
        workers += [fleet.machine("worker3", "--workers-only", WORK_DIR=shared, **wrong)]
        # All at once, workers before anybody migrated.
        fleet.start(*workers, web)
        fleet.sign_in(web)
        fleet.sign_in(workers[0], as_in=web)
        for host in HOSTS[1:]:
            workers[0].api("POST", f"/api/providers/config/{host}/disable")
        workers[0].api("PUT", f"/api/providers/config/{MP4}", {"max_concurrent_downloads": AT_ONCE})
        # What is held back must not end as stalled while the last of them comes that far.
        configure(web, "downloads", stall_seconds=PATIENCE * 2)
        yield Machines(fleet, [web, workers[0]], workers)


def test_one_of_all_migrates_and_one_leads(all_of: Machines) -> None:
    migrated = [one for one in all_of.fleet.machines if "migrations applied" in one.output()]
    assert len(migrated) == 1
    assert all_of.fleet.rows("SELECT count(*), count(leads) FROM supervisor_machine") == [(4, 1)]
    assert len(all_of.fleet.rows("SELECT DISTINCT instance FROM supervisor_cluster")) == 3


def test_limits_of_how_many_hold_over_all_machines(all_of: Machines) -> None:
    for worker in all_of.workers:
        hold(worker)
    configure(all_of.web, "downloads", max_concurrent_downloads=5)
    all_of.web.api("PUT", f"/api/providers/config/{MP4}", {"max_concurrent_downloads": 3})
    ids = all_of.enqueue(6)

    def at_work() -> list[tuple[Any, ...]]:
        return all_of.fleet.rows("SELECT provider FROM downloads_queueitem WHERE status = 'downloading'")

    def at_host() -> int:
        return sum(provider == MP4 for (provider,) in at_work())

    eventually(lambda: (len(at_work()), at_host()) == (5, 3), PATIENCE, "five at work, three at the host")
    assert len(set(all_of.places(ids).values())) > 1
    until = time.monotonic() + 2
    while time.monotonic() < until:
        assert len(at_work()) <= 5
        assert at_host() <= 3
        time.sleep(0.05)
    all_of.fleet.heal()
    all_of.web.api("PUT", f"/api/providers/config/{MP4}", {"max_concurrent_downloads": AT_ONCE})
    for state in arrived(all_of.webs[1], ids, PATIENCE):
        assert_whole(all_of.fleet.library / state["file_destination"])
        # Nobody took anything from anybody, although a clock is wrong.
        assert not [attempt for attempt in state["attempts"] if attempt["error"] == "The worker vanished."], state


@pytest.mark.soak
def test_the_bandwidth_holds_over_all_machines_also_without_redis(all_of: Machines) -> None:
    allowed = 400_000
    configure(all_of.web, "downloads", max_concurrent_downloads=4, bandwidth_limit_mbps=allowed * 8 / 1e6)
    ids = all_of.enqueue(6)
    eventually(lambda: len(all_of.places(ids)) == 4, PATIENCE, "four downloads")
    eventually(lambda: bytes_of(all_of.fleet, ids) > 300_000, PATIENCE, "bytes")
    before, began = bytes_of(all_of.fleet, ids), time.monotonic()
    time.sleep(4)
    gained, seconds = bytes_of(all_of.fleet, ids) - before, time.monotonic() - began
    # The rows are up to a second behind.
    assert allowed * (seconds - 2.5) * 0.2 < gained < allowed * (seconds + 1.5) * 1.1
    redis_goes(all_of.fleet, all_of.webs[1], ids[:4], ids[4:], 5)


@pytest.mark.soak
def test_requests_a_minute_hold_over_all_machines(all_of: Machines) -> None:
    all_of.web.api("PUT", "/api/providers/config/demo", {"requests_per_minute": 20, "timeout_seconds": 5})
    time.sleep(1.5)
    before, until = all_of.requests(), time.monotonic() + 6

    def search(web: Running) -> None:
        while time.monotonic() < until:
            headers = {"Authorization": f"Bearer {web.token}"}
            query = {"query": f"never asked before {time.monotonic()}"}
            requests.post(f"{web.url}/api/anime/search", json=query, headers=headers, timeout=60)

    searchers = [threading.Thread(target=search, args=(web,)) for web in all_of.webs for _each in range(2)]
    for searcher in searchers:
        searcher.start()
    for searcher in searchers:
        searcher.join()
    spent = time.monotonic() - until + 6
    # Two are saved up, the others come at their pace.
    assert 2 <= all_of.requests() - before <= 2 + (20 - 1) / 60 * spent + 1
    all_of.web.api("PUT", "/api/providers/config/demo", {"requests_per_minute": None, "timeout_seconds": None})


def test_configuration_and_breaker_are_everywhere_within_two_seconds(all_of: Machines) -> None:
    one, other = all_of.webs
    configure(one, "general", site_name="Everywhere")
    eventually(lambda: other.api("GET", "/api/config")["general"]["site_name"] == "Everywhere", 2)
    all_of.fleet.fault("demo", {"fault": "login"}, one)
    # It can be in the middle of another check.
    eventually(lambda: _tested(one, "demo") == "blocked", PATIENCE, "a catalogue that asks to sign in")

    def seen() -> str:
        rows = other.api("GET", "/api/providers/status")
        return str(next(row["status"] for row in rows if row["provider_id"] == "demo"))

    eventually(lambda: seen() == "blocked", 2, "blocked, as the other machine sees it")
    all_of.fleet.heal(one)
    eventually(lambda: _tested(one, "demo") == "active", PATIENCE, "a catalogue that answers again")
    eventually(lambda: seen() == "active", 2, "active again, as the other machine sees it")


def _tested(web: Running, host: str) -> str:
    headers = {"Authorization": f"Bearer {web.token}"}
    answer = requests.post(f"{web.url}/api/providers/{host}/test", headers=headers, timeout=60)
    return str(answer.json().get("status"))


def test_redis_goes_and_comes(all_of: Machines) -> None:
    clusters = "SELECT instance, name, process_group, restarts FROM supervisor_cluster ORDER BY instance, name"
    before = all_of.fleet.rows(clusters)
    usual = all_of.web.api("GET", "/api/config")["downloads"]
    # Slow enough to last.
    configure(all_of.web, "downloads", bandwidth_limit_mbps=0.4, minimum_speed_kbps=1)
    ids = all_of.enqueue(4)
    eventually(lambda: bytes_of(all_of.fleet, ids) > 100_000, PATIENCE, "bytes")
    redis_goes(all_of.fleet, all_of.web, ids[:2], ids[2:], 5)
    configure(all_of.web, "downloads", minimum_speed_kbps=usual["minimum_speed_kbps"])
    # Who only waits for tasks goes on waiting.
    assert all_of.fleet.rows(clusters) == before


def test_postgresql_goes_and_comes(all_of: Machines) -> None:
    for worker in all_of.workers:
        hold(worker)
    configure(all_of.web, "downloads", max_concurrent_downloads=4)
    ids = all_of.enqueue(3)
    held(all_of.fleet, all_of.web, ids)
    postgresql_goes(all_of.fleet, [all_of.web], ids, 2)


def test_heartbeats_go_on_by_themselves_after_it(all_of: Machines) -> None:
    """Most of what workers do is not saved, so nothing but the heartbeat itself looks after its connection."""
    seen = "SELECT instance, name, restarts, heartbeat_at FROM supervisor_cluster ORDER BY instance, name"
    before = all_of.fleet.rows(seen)

    def is_beaten() -> bool:
        return all(new[3] > old[3] for new, old in zip(all_of.fleet.rows(seen), before, strict=True))

    eventually(is_beaten, NOTICED, "a heartbeat of each cluster")
    assert [row[:3] for row in all_of.fleet.rows(seen)] == [row[:3] for row in before]


@pytest.mark.soak
def test_what_one_machine_puts_away_another_goes_on_with(all_of: Machines) -> None:
    for worker in all_of.workers:
        hold(worker)
    configure(all_of.web, "downloads", max_concurrent_downloads=AT_ONCE)
    ids = all_of.enqueue(AT_ONCE)
    held(all_of.fleet, all_of.web, ids)
    [first, second, third] = all_of.workers
    assert first.stop() <= 10
    all_of.fleet.heal(second, third)
    states = arrived(all_of.web, ids, PATIENCE)
    assert [pk for pk in ids if _told(states, pk, "Began anew on another machine")]
    first.start(180)


@dataclass(frozen=True)
class Vanished:
    """The first and the second worker, killed at that moment by the monotonic clock, and the items that they had."""

    at: float
    ids: list[int]
    lost: list[int]
    # The work folder that each item was in, by its name.
    places: dict[int, str]


@pytest.fixture(scope="module")
def vanished(all_of: Machines) -> Vanished:
    """Kills them. While nobody knows of it yet, there is time for another test."""
    for worker in all_of.workers:
        hold(worker)
    configure(all_of.web, "downloads", max_concurrent_downloads=AT_ONCE)
    ids = all_of.enqueue(AT_ONCE)
    held(all_of.fleet, all_of.web, ids)
    [first, second, third] = all_of.workers
    owners, left = all_of.places(ids), _instance(all_of.fleet, third)
    places = dict(all_of.fleet.rows("SELECT id, work_place FROM downloads_queueitem"))
    killed_at = time.monotonic()
    first.kill_everything()
    second.kill_everything()
    all_of.fleet.heal(third)
    return Vanished(killed_at, ids, [pk for pk in ids if owners[pk] != left], places)


def test_another_secret_key_is_refused(all_of: Machines, vanished: Vanished) -> None:
    stranger = all_of.fleet.machine("stranger", "--web-only", SECRET_KEY="another key than that of all the others")
    stranger.launch()
    assert stranger.wait(120) != 0
    assert "SECRET_KEY is not the one of" in stranger.output()
    all_of.fleet.machines.remove(stranger)


def test_machines_that_vanish_are_noticed_and_their_work_goes_on(all_of: Machines, vanished: Vanished) -> None:
    lost, third = vanished.lost, all_of.workers[-1]
    assert len(lost) == 4
    eventually(lambda: _begun_elsewhere(all_of.fleet, lost), NOTICED + 15, "a download of theirs begun elsewhere")
    eventually(lambda: _gone(all_of.fleet) == 2, NOTICED + 15, "both noticed")
    assert time.monotonic() - vanished.at < NOTICED
    states = arrived(all_of.web, vanished.ids, PATIENCE)
    shared = (Path(third.environment["WORK_DIR"]) / ".place").read_text()
    for pk in lost:
        is_shared = vanished.places[pk] == shared
        told = [attempt["next_step"] for state in states if state["id"] == pk for attempt in state["attempts"]]
        wanted = "Went on from the" if is_shared else "Began anew on another machine"
        assert any(wanted in (text or "") for text in told), (pk, is_shared, told, vanished)
    assert all_of.web.api("GET", "/health")["status"] == "healthy"


def test_nothing_regular_was_done_by_each_machine(all_of: Machines) -> None:
    """Whoever led is maybe among those that vanished: one leads now, and each slot was taken once."""
    [(leads,)] = all_of.fleet.rows("SELECT count(*) FROM supervisor_machine WHERE leads AND leads_until > now()")
    assert leads == 1

    def regular() -> list[tuple[str, int]]:
        rows = all_of.fleet.rows("SELECT func, count(*) FROM django_q_task GROUP BY func")
        return [(name, count) for name, count in rows if name in ONCE_IN_A_WHILE]

    # The scheduler looks every half a minute.
    rows = eventually(regular, 90, "a regular task that was done")
    often = {name: count for name, count in rows if count > 1}
    assert not often


def _instance(fleet: Fleet, machine: Running) -> str:
    group = machine.cluster("downloads")[0].group
    [(name,)] = fleet.rows(f"SELECT instance FROM supervisor_cluster WHERE process_group = {group}")
    return str(name)


def _begun_elsewhere(fleet: Fleet, lost: list[int]) -> bool:
    # However the last try ended: of all that is killed at once the host may go a moment before the worker.
    told = "next_step LIKE 'Went on from the%' OR next_step LIKE 'Began anew on another machine%'"
    return any(pk in lost for (pk,) in fleet.rows(f"SELECT item_id FROM downloads_attempt WHERE {told}"))


def _gone(fleet: Fleet) -> int:
    [(count,)] = fleet.rows("SELECT count(*) FROM supervisor_machine WHERE lost_at IS NOT NULL")
    return int(count)


def _told(states: list[dict[str, Any]], pk: int, text: str) -> bool:
    state = next(state for state in states if state["id"] == pk)
    return any(text in (attempt["next_step"] or "") for attempt in state["attempts"])
