"""The watchdog: it finds clusters that do no work, and never blames one that is only busy."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from aniworld.supervisor import linux, watchdog
from aniworld.supervisor.models import Cluster as ClusterRecord
from aniworld.supervisor.watchdog import Watch
from tests.running import Running, eventually


@dataclass
class StandIn:
    """What the watchdog knows of a cluster, without processes."""

    name: str = "default"
    group: int = 0
    workers: int = 2
    spare: int = 0
    starts: int = 1
    is_running: bool = True
    ready: bool = False
    complaint: str = ""


class Bench:
    """A watch whose time is advanced by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.members: list[linux.Process] = []
        self.part = StandIn()
        monkeypatch.setattr(linux, "family", lambda _pid: self.members)
        self.watch = Watch(self.part, "here", clock=lambda: self.now)  # type: ignore[arg-type]  # only what it reads

    def pass_time(self, seconds: float) -> None:
        for _step in range(int(seconds)):
            self.now += 1
            self.watch.look()

    def beat(self) -> None:
        assert ClusterRecord.objects.beat("here", "default")
        self.pass_time(1)

    def worker(self, pid: int, name: str = "aniworld-idle", state: str = "S") -> linux.Process:
        return linux.Process(pid, name, state, 1, 0)


@pytest.fixture
def bench(db: None, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_the_first_heartbeat_makes_a_cluster_ready(bench: Bench) -> None:
    bench.pass_time(2)
    before = bench.part.ready
    bench.beat()
    assert (before, bench.part.ready) == (False, True)
    assert ClusterRecord.objects.working().count() == 1


def test_reads_no_row_while_nothing_is_written(bench: Bench) -> None:
    bench.pass_time(1)
    bench.beat()
    with CaptureQueriesContext(connection) as asked:
        bench.pass_time(10)
    assert {query["sql"] for query in asked.captured_queries} == {"PRAGMA data_version"}
    bench.beat()
    bench.pass_time(44)
    assert not bench.part.complaint


def test_the_worker_kept_for_the_bell_is_not_counted(bench: Bench) -> None:
    bench.part.workers, bench.part.spare = 5, 1
    bench.pass_time(1)
    assert ClusterRecord.objects.get().workers == 4


def test_silence_is_a_complaint_after_45_seconds(bench: Bench) -> None:
    bench.pass_time(1)
    bench.beat()
    bench.pass_time(44)
    assert not bench.part.complaint
    bench.pass_time(2)
    assert "no work" in bench.part.complaint


def test_bells_do_not_pile_up_while_nobody_answers(bench: Bench) -> None:
    bench.pass_time(1)
    bench.beat()
    bench.pass_time(44)
    assert 1 < OrmQ.objects.count() <= watchdog.MOST_WAITING


def test_a_cluster_whose_workers_are_all_busy_owes_no_answer(bench: Bench) -> None:
    bench.members = [bench.worker(1, "aniworld-busy"), bench.worker(2, "aniworld-busy")]
    bench.pass_time(1)
    bench.beat()
    bench.pass_time(600)
    assert not bench.part.complaint
    assert ClusterRecord.objects.working().count() == 1


def test_one_free_worker_owes_an_answer_however_busy_the_other_is(bench: Bench) -> None:
    bench.members = [bench.worker(1, "aniworld-busy"), bench.worker(2)]
    bench.pass_time(1)
    bench.beat()
    bench.pass_time(46)
    assert bench.part.complaint


def test_a_vanished_worker_shortens_the_patience(bench: Bench) -> None:
    bench.members = [bench.worker(1), bench.worker(2)]
    bench.pass_time(1)
    bench.beat()
    bench.members = [bench.worker(1), bench.worker(3)]
    bench.pass_time(19)
    assert not bench.part.complaint
    bench.pass_time(3)
    assert bench.part.complaint


def test_a_vanished_worker_is_nothing_when_the_others_go_on(bench: Bench) -> None:
    bench.members = [bench.worker(1), bench.worker(2)]
    bench.pass_time(1)
    bench.beat()
    bench.members = [bench.worker(1), bench.worker(3)]
    bench.pass_time(5)
    bench.beat()
    bench.pass_time(40)
    assert not bench.part.complaint


def test_a_held_process_is_a_complaint_after_10_seconds(bench: Bench) -> None:
    bench.pass_time(1)
    bench.beat()
    bench.members = [bench.worker(1, state="T")]
    bench.pass_time(9)
    assert not bench.part.complaint
    bench.pass_time(2)
    assert "SIGSTOP" in bench.part.complaint


def test_nobody_is_blamed_for_the_time_in_which_nobody_looked(bench: Bench) -> None:
    bench.pass_time(1)
    bench.beat()
    bench.now += 3600
    bench.pass_time(40)
    assert not bench.part.complaint


@pytest.mark.django_db(transaction=True)
def test_nobody_is_blamed_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    bench.pass_time(1)
    bench.beat()
    with connection.execute_wrapper(_broken):
        for _second in range(120):
            bench.now += 1
            with pytest.raises(OperationalError):
                bench.watch.look()
    bench.pass_time(30)
    assert not bench.part.complaint


def _broken(*_arguments: object) -> None:
    raise OperationalError("away")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def up(request: pytest.FixtureRequest) -> Iterator[Running]:
    with Running("--workers-only", database=request.param) as running:
        yield running


@pytest.mark.processes
@pytest.mark.xdist_group("watchdog")
def test_whoever_waits_at_a_queue_may_die(up: Running) -> None:
    """The worker that is next in line has the lock of the tasks, the clerk that of the results."""
    seen = "SELECT name, process_group, restarts, heartbeat_at FROM supervisor_cluster ORDER BY name"
    names = ("default", "downloads")
    before = {name: {one.pid for one in up.cluster(name)} for name in names}
    for name in names:
        up.kill(up.waiting_worker(name))
        up.kill(up.clerk(name))
    rows = up.rows(seen)

    def is_beaten() -> bool:
        return all(new[3] > old[3] for new, old in zip(up.rows(seen), rows, strict=True))

    eventually(is_beaten, 60, "a heartbeat of each")
    assert [row[:3] for row in up.rows(seen)] == [row[:3] for row in rows]
    # Only who died was replaced.
    for name in names:
        assert len(before[name] & {one.pid for one in up.cluster(name)}) == len(before[name]) - 2


@pytest.mark.processes
@pytest.mark.xdist_group("watchdog")
@pytest.mark.parametrize("up", ["sqlite"], indirect=True)
def test_wedged_clusters_work_again_within_a_minute(up: Running) -> None:
    before = {name: up.cluster(name)[0].group for name in ("default", "downloads")}
    for name in before:
        up.spoil_queue(name)
    for name, group in before.items():
        eventually(partial(_works_anew, up, name, group), 60, f"{name} works again")
    assert up.output().count("has done no work") >= 2


@pytest.mark.processes
@pytest.mark.xdist_group("watchdog")
@pytest.mark.parametrize("up", ["sqlite"], indirect=True)
def test_a_held_cluster_works_again_within_a_minute(up: Running) -> None:
    before = up.cluster("default")[0].group
    up.signal_cluster("default", signal.SIGSTOP)
    eventually(lambda: _works_anew(up, "default", before), 60, "the cluster works again")


@pytest.mark.processes
@pytest.mark.xdist_group("watchdog")
@pytest.mark.parametrize("up", ["sqlite"], indirect=True)
def test_a_cluster_whose_sentinel_is_held_works_again_within_a_minute(up: Running) -> None:
    sentinel = up.cluster("default")[0]
    up.kill(sentinel, signal.SIGSTOP)
    eventually(lambda: _works_anew(up, "default", sentinel.group), 60, "the cluster works again")


@pytest.mark.processes
@pytest.mark.xdist_group("watchdog")
def test_a_killed_sentinel_takes_its_workers_along_and_all_are_replaced(up: Running) -> None:
    sentinel = up.cluster("downloads")[0]
    before = {one.pid for one in up.cluster("downloads")}
    up.kill(sentinel)
    eventually(lambda: _works_anew(up, "downloads", sentinel.group), 60, "the cluster works again")
    assert not before & {one.pid for one in up.processes()}


def _works_anew(up: Running, name: str, group_before: int) -> bool:
    clusters = up.cluster(name)
    if not clusters or clusters[0].group == group_before or not up.workers(name):
        return False
    label = "Downloads" if name == "downloads" else "Background tasks"
    return [line for line in up.output().splitlines() if line.startswith(label)][-1].endswith("ready")
