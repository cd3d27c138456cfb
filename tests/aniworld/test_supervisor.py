"""The pieces under `up`: processes and their marks, claims, chores, log files, schedules, the web server's paths."""

from __future__ import annotations

import ctypes
import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django_q.models import Schedule

from aniworld import schedules
from aniworld.management.commands.up import _web
from aniworld.supervisor import instance, linux, listening, logfiles, marking
from aniworld.supervisor.chores import Chore, Chores
from aniworld.supervisor.forks import ForkServer
from aniworld.supervisor.parts import Child, Part
from tests.running import eventually

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def run_dir(tmp_path: Path, settings: Any) -> Path:
    settings.RUN_DIR = settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def sleeper(run_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SLEEP], env={**os.environ, **instance.marks("gone")})
    eventually(lambda: linux.environment_of(process.pid).get(marking.INSTANCE) == "gone")
    yield process
    process.kill()
    process.wait()


def test_a_process_of_a_dead_up_is_ended(sleeper: subprocess.Popen[bytes]) -> None:
    assert instance.reap(["gone"]) == 1
    assert sleeper.wait(5) == -signal.SIGKILL


def test_a_process_of_another_data_folder_is_left_alone(sleeper: subprocess.Popen[bytes], settings: Any) -> None:
    settings.DATA_DIR = settings.DATA_DIR / "other"
    assert instance.reap(["gone"]) == 0
    assert sleeper.poll() is None


def test_a_process_of_another_up_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    assert instance.reap(["another"]) == 0
    assert sleeper.poll() is None


def test_a_fork_holds_no_claim_longer_than_the_one_it_is_of(run_dir: Path) -> None:
    claim = instance.Claim("one")
    fork = os.fork()
    if fork == 0:
        time.sleep(60)
        os._exit(0)
    try:
        claim.release()
        eventually(lambda: not instance.is_held("web"), 5, "free")
        instance.Claim("two").release()
    finally:
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)


def test_a_data_folder_is_claimed_once_for_each_role(run_dir: Path) -> None:
    claim = instance.Claim("one", ("web",))
    with pytest.raises(instance.AlreadyRunning, match=f"web, process {os.getpid()}"):
        instance.Claim("two", ("web", "workers"))
    instance.Claim("three", ("workers",)).release()
    claim.release()
    instance.Claim("four").release()


def test_only_an_up_that_left_its_claim_is_dead(run_dir: Path) -> None:
    claim = instance.Claim("one")
    (run_dir / "two.lock").touch()
    assert instance.dead_ones() == ["two"]
    instance.forget(["two"])
    assert instance.dead_ones() == []
    claim.release()
    assert not instance.is_dead("one")


def test_a_part_that_keeps_ending_is_started_ever_more_slowly() -> None:
    part = Part("some", "Some", ["this", "--version"])
    delays = []
    for _round in range(9):
        part.start()
        delays.append(part.start_again_later())
    assert delays == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert not part.is_due


def test_a_fork_whose_end_somebody_else_was_told_counts_as_ended() -> None:
    child = Child(os.fork() or os._exit(3))
    os.waitpid(child.pid, 0)
    assert child.poll() == -signal.SIGKILL
    assert child.wait(1) == -signal.SIGKILL


def test_a_part_is_ended_with_all_its_children() -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"
    part = Part("some", "Some", ["timeit", "-n1", "-r1", parent])
    part.start()
    eventually(lambda: len(linux.group_members(part.group)) == 2)
    part.kill()
    eventually(part.is_gone, 5)


def test_a_failing_chore_does_not_keep_the_others_from_their_work(caplog: pytest.LogCaptureFixture) -> None:
    done: list[float] = []
    ended: list[str] = []

    def fail() -> None:
        raise RuntimeError("as always")

    work = [Chore("Failing", fail, 0), Chore("Working", lambda: done.append(time.monotonic()), 0)]
    chores = Chores(work, lambda: ended.append("tidied up"))
    chores.start()
    eventually(lambda: len(done) >= 3, 5)
    chores.stop()
    chores.join(5)
    assert ended == ["tidied up"]
    # Told once, not with every round.
    told = [record.getMessage() for record in caplog.records if record.name.startswith("aniworld.supervisor")]
    assert told == ["Failing failed"]


def test_logs_are_moved_by_size_and_deleted_by_age(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    for number in range(12):
        log.write_text(f"{number}" * 200)
        logfiles.rotate(tmp_path, 100, 14)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"app.log.{number}" for number in range(1, 10)]
    assert (tmp_path / "app.log.1").read_text().startswith("11")
    log.write_text("short")
    old = time.time() - 15 * 86400
    os.utime(tmp_path / "app.log.9", (old, old))
    logfiles.rotate(tmp_path, 100, 14)
    assert log.read_text() == "short"
    assert not (tmp_path / "app.log.9").exists()


def test_a_taken_port_is_passed_over() -> None:
    with listening.open_port("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert listening.free_port(port) > port


@pytest.mark.django_db
def test_schedules_are_put_in_place_once_and_what_is_switched_off_stays_so() -> None:
    schedules.put_in_place()
    Schedule.objects.filter(name="Prune the event log").update(repeats=0, minutes=3)
    Schedule.objects.create(name="Of a former version", func="downloads.tasks.gone")
    Schedule.objects.create(name="The operator's own", func="mine.task")
    schedules.put_in_place()
    assert Schedule.objects.count() == len(schedules.REGULAR) + 1
    pruning = Schedule.objects.get(name="Prune the event log")
    assert (pruning.repeats, pruning.minutes) == (0, 10)


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/series/queue", "/series/queue"), ("/queue", "/series/queue"), ("/seriesly", "/series/seriesly")],
)
def test_the_web_server_puts_the_configured_root_back(path: str, seen: str) -> None:
    # Imported in a process of its own: it installs a reactor.
    code = (
        "import asyncio, sys\nfrom aniworld.supervisor.web import below\n"
        "async def show(scope, receive, send): print(scope['root_path'], scope['path'])\n"
        f"asyncio.run(below('series', show)({{'type': 'http', 'path': {path!r}, 'root_path': '/forged'}}, None, None))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "aniworld.settings"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.split() == ["/series", seen]


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="the C library keeps what is freed")
def test_what_threads_have_freed_goes_back_to_the_system() -> None:
    code = (
        "import threading; from aniworld.supervisor import linux\n"
        "private = lambda: int(open('/proc/self/smaps_rollup').read().partition('Private_Dirty:')[2].split()[0])\n"
        "def work():\n    held = [bytes(2000) for _ in range(20_000)]\n    kept.append(held.pop())\n"
        "kept, threads = [], [threading.Thread(target=work) for _ in range(4)]\n"
        "[one.start() for one in threads], [one.join() for one in threads]\n"
        "before = private(); linux.give_memory_back(); print(before - private())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert int(result.stdout) > 5_000, "KiB"


def test_an_up_within_the_environment_of_another_gets_marks_of_its_own(tmp_path: Path) -> None:
    code = (
        "import os, sys; from aniworld.supervisor import marking; marking.mark(['up']); print(*map(os.environ.get, {}))"
    )
    code = code.format(["ANIWORLD_UP", marking.INSTANCE, marking.DATA, marking.PAGES, marking.WORKERS])
    other = {"ANIWORLD_UP": str(os.getpid()), marking.INSTANCE: "other", marking.DATA: "/other"}
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, **other, "DATA_DIR": str(tmp_path)}, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        marked, name, folder, pages, workers = process.stdout.read().decode().split()
    assert (int(marked), folder, pages, workers) == (process.pid, str(tmp_path), "on", "on")
    assert name not in ("", "other")


@pytest.mark.parametrize(
    ("imports", "unwanted"),
    [
        ("providers.demo.serving", "django.db av requests"),
        ("django; django.setup(); import aniworld.management.commands.up", "av ninja unfold twisted"),
    ],
)
def test_each_process_loads_only_what_it_needs(imports: str, unwanted: str) -> None:
    code = f"import sys, {imports}; print(*set({unwanted.split()!r}) & set(sys.modules))"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "aniworld.settings", "ANIWORLD_PAGES": "off"}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "\n"


@pytest.mark.parametrize(("allowed", "called"), [(".example.org", "example.org"), ("*", "localhost")])
def test_the_web_server_is_asked_by_a_name_that_it_answers_to(allowed: str, called: str, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [allowed, "nas.lan"]
    heard: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["Host"])
            self.send_error(503)

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        probe = _web(server.socket, "127.0.0.1", ForkServer("Common part", server.fileno(), workers=False)).probe
        assert probe
        assert probe()
        answering.join()
    assert heard == [called]
