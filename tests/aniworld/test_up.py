"""`manage.py up` as a whole: it starts, says so, refuses to start twice, and ends without leaving anybody behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aniworld.environment import ROOT
from aniworld.supervisor import linux
from tests.running import STOP_SECONDS, Running, eventually, free_port, open_files, proportional_memory

pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("up")]


@pytest.fixture(scope="module")
def up() -> Iterator[Running]:
    with Running(as_new=True) as running:
        yield running


def test_tells_when_each_part_is_ready(up: Running) -> None:
    lines = up.output().splitlines()
    for part in ("Database", "Web server", "Background tasks (2 workers)", "Downloads (4 workers)"):
        assert any(line.startswith(f"{part} ready") for line in lines), up.output()
    assert lines[-1].endswith(f"Aniworld is ready on {up.url}")
    assert up.http.get(f"{up.url}/health", timeout=10).status_code == 200


def test_refuses_to_run_twice_on_one_data_folder(up: Running) -> None:
    second = up.manage("up", "--port", str(free_port()))
    assert second.returncode == 1
    assert second.stderr.count("\n") == 1
    assert "already runs" in second.stderr
    assert str(up.data_dir) in second.stderr
    assert str(up.pid) in second.stderr


def test_starts_a_part_that_died_again(up: Running) -> None:
    before = up.web()
    up.kill(before)
    eventually(lambda: "Web server ended with signal SIGKILL: starting it again" in up.output(), 10)
    # The socket is held by `up`, so this request waits for the new server instead of being refused.
    assert up.http.get(f"{up.url}/health", timeout=30).ok
    assert up.web().pid != before.pid


def test_the_fork_server_shares_code_and_the_port_alone(up: Running) -> None:
    server = up.fork_server()
    assert len(list((linux.PROC / str(server.pid) / "task").iterdir())) == 1
    files = open_files(server.pid)
    assert not [name for name in files if name.startswith(str(up.data_dir / "aniworld.db"))]
    sockets = {name for name in files if name.startswith("socket:")}
    # The way to `up`, both ends of what tells of ended forks, and the web server's.
    assert len(sockets) == 4
    assert len(sockets & open_files(up.web().pid)) == 1
    assert not sockets & open_files(up.cluster("downloads")[0].pid)


def test_the_fork_server_shares_what_up_has_loaded(up: Running) -> None:
    server, own = up.fork_server(), linux.environment_of(up.pid)
    assert server.parent == up.pid
    commands = {(linux.PROC / str(pid) / "cmdline").read_bytes() for pid in (up.pid, server.pid, up.web().pid)}
    assert len(commands) == 1
    # By these marks of its start each is known when `up` was killed.
    for name in ("ANIWORLD_INSTANCE", "ANIWORLD_DATA_DIR"):
        assert {linux.environment_of(one.pid)[name] for one in up.processes()} == {own[name]}
    assert proportional_memory([up.pid]) < 50e6


def test_a_worker_without_work_and_the_sentinel_have_no_connection(up: Running) -> None:
    """Each would need some 6 MB for it."""
    eventually(lambda: up.http.get(f"{up.url}/health", timeout=10).ok, 30, "healthy")
    sentinel = up.cluster("downloads")[0]
    for process in (sentinel, *up.workers("downloads")):
        assert not [name for name in open_files(process.pid) if name.startswith(str(up.data_dir / "aniworld.db"))]


@pytest.mark.parametrize("kind", ["worker", "clerk"])
def test_a_process_of_a_cluster_that_died_is_replaced_at_once(up: Running, kind: str) -> None:
    cluster = up.cluster("default")
    before = {one.pid for one in cluster}
    up.kill(up.clerk("default") if kind == "clerk" else up.waiting_worker("default"))
    eventually(lambda: len({one.pid for one in up.cluster("default")} - before) == 1, 10, "another one")
    assert len(up.cluster("default")) == len(before)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_fork_server_that_ended_or_is_held_is_started_again_with_all(up: Running, number: signal.Signals) -> None:
    server = up.fork_server()
    before = {one.pid for one in (server, up.web(), *up.cluster("default"), *up.cluster("downloads"))}
    told = up.output().count("Downloads (4 workers) ready")
    up.kill(server, number)
    eventually(lambda: up.output().count("Downloads (4 workers) ready") > told, 60, "the workers")
    assert up.http.get(f"{up.url}/health", timeout=30).ok
    assert not before & {one.pid for one in up.processes()}


def test_serves_below_a_path_whether_or_not_the_proxy_strips_it() -> None:
    with Running("--web-only", environment={"BASE_PATH": "/series/"}) as up:
        assert f"ready on {up.url}/series" in up.output()
        for path in ("/series/health", "/health"):
            assert up.http.get(up.url + path, timeout=10).headers["Content-Type"].startswith("application/json")


def test_what_is_ours_alone_is_private(up: Running) -> None:
    for name in ("", "aniworld.db", "secret_key", "logs", "backups", "work"):
        assert (up.data_dir / name).stat().st_mode & 0o077 == 0, name


def test_however_it_ends_it_leaves_nobody_behind_and_starts_again() -> None:
    with Running() as up:
        for number in (signal.SIGTERM, signal.SIGINT):
            assert len(up.workers("default")) == 2
            assert up.stop(number) < STOP_SECONDS
            assert up.exit_code == 0
            assert up.processes() == []
            assert {path.name[:3] for path in (up.data_dir / "run").iterdir()} == {"up-"}
            up.start()
        _killed(up)
        up.start()
        _told_twice(up)


def _killed(up: Running) -> None:
    up.send(signal.SIGKILL)
    up.wait()
    eventually(lambda: not up.processes(), 5, "all children gone")


def _told_twice(up: Running) -> None:
    assert up.http.get(f"{up.url}/health", timeout=10).ok
    # A held worker would otherwise be waited for.
    up.kill(up.workers("default")[0], signal.SIGSTOP)
    up.send(signal.SIGTERM)
    eventually(lambda: up.output().count("Stopping") >= 3, 5)
    assert up.stop(signal.SIGTERM) < 3
    assert up.processes() == []


def test_only_web_and_only_workers_go_together_on_one_data_folder() -> None:
    with Running("--web-only") as web:
        assert not web.cluster("default")
        with Running("--workers-only", data_dir=web.data_dir) as workers:
            assert len(workers.workers("default")) == 2
            assert web.http.get(f"{web.url}/health", timeout=10).status_code == 200


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told_in_one_line(host: str) -> None:
    result = Running().manage("up", "--host", host, "--port", "8000")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"HOST={host} cannot be used" in result.stderr
    assert "Port" not in result.stderr


def test_a_taken_port_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        up = Running("--port", str(port))
        result = up.manage("up", "--port", str(port))
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in result.stderr


@pytest.mark.parametrize("words", [("providers", "list"), ("queue",), ("add", "x")])
def test_a_command_before_the_first_start_says_what_is_missing(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path / "nothing"), "DEMO": "off"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"Nothing is set up in {tmp_path / 'nothing'} yet" in ended.stderr
    assert "DATA_DIR" in ended.stderr


def test_the_log_level_is_in_force_without_a_restart(up: Running) -> None:
    log = up.data_dir / "logs" / "app.log"

    def is_told() -> bool:
        up.http.get(f"{up.url}/health", timeout=10)
        return log.exists() and "GET /health answered" in log.read_text()

    assert not is_told()
    assert up.manage("config", "set", "logging.level=DEBUG").returncode == 0
    eventually(is_told, 5)
    assert up.manage("config", "set", "logging.level=INFO").returncode == 0


def test_what_runs_is_backed_up_whole_and_nothing_is_restored_over_it(up: Running) -> None:
    made = up.manage("backup", "--verify")
    assert "verified" in made.stdout, made.stderr
    refused = up.manage("restore", made.stdout.split()[0], "--yes")
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr
