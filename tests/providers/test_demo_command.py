"""The demo site as a process: `manage.py demo_site`, and `python -m providers.demo` below `up`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from django.conf import settings

from aniworld.supervisor import linux
from aniworld.supervisor.tie import PARENT
from tests.running import eventually, proportional_memory

Start = Callable[..., subprocess.Popen[str]]
COMMAND = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo_site", "--skip-checks", "--port", "0"]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen(
                [*COMMAND, *arguments],
                env={**os.environ, "DEMO_CLIP_SECONDS": "2", **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield run
    for process in running:
        process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    match = re.fullmatch(r"Demo site on port (\d+) ready\n", line)
    assert match, line
    return f"http://127.0.0.1:{match[1]}"


def test_it_says_when_it_is_ready_and_ends_cleanly(start: Start) -> None:
    process = start(DEMO_FAULTS='{"demo": {"fault": "503", "match": "/neue"}}')
    address = ready(process)
    assert requests.get(address, timeout=5).status_code == 200
    assert requests.get(f"{address}/neue-episoden", timeout=5).status_code == 503
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=5) == 0
    assert process.communicate() == ("", "")


def started_by_another(folder: Path, **environment: str) -> subprocess.Popen[str]:
    """A process that starts the site as `up` does."""
    site = [sys.executable, "-m", "providers.demo", str(folder), "--port", "0"]
    child = f"subprocess.Popen({site!r}, env={{**os.environ, {PARENT!r}: str(os.getpid())}})"
    return subprocess.Popen(
        [sys.executable, "-c", f"import os, subprocess, time; {child}; time.sleep(60)"],
        env={**os.environ, "DEMO_CLIP_SECONDS": "2", **environment},
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    parent = started_by_another(tmp_path)
    address = ready(parent)
    parent.kill()
    parent.communicate()
    eventually(lambda: not _answers(address), 10, "the demo site gone")


def test_the_encoder_ends_with_its_parent(tmp_path: Path) -> None:
    mark = ("DEMO_MARK", str(tmp_path))
    parent = started_by_another(tmp_path, DEMO_MARK=mark[1], DEMO_CLIP_SECONDS="600")

    def started() -> int:
        return sum(mark in linux.environment_of(one.pid).items() for one in linux.processes())

    eventually(lambda: started() == 3, 20, "another process, the site and its encoder")
    parent.kill()
    parent.communicate()
    eventually(lambda: not started(), 10, "all of them gone")


def test_it_is_small_once_its_clips_are_made(tmp_path: Path) -> None:
    parent = started_by_another(tmp_path)
    try:
        assert requests.get(ready(parent), timeout=5).ok
        eventually(lambda: any(path.name.startswith("clips") for path in tmp_path.iterdir()), 60, "the clips")
        assert proportional_memory([one.pid for one in linux.descendants(parent.pid)]) < 30 * 1024 * 1024
    finally:
        parent.kill()
        parent.communicate()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=1).ok
    except requests.ConnectionError:
        return False


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ((), {"DEMO_FAULTS": '{"demo": {"fault": "x"}}'}, "fault must be one of"),
        (("--port", "99999"), {}, "can't listen"),
        ((), {"DEMO_SPEED": "fast"}, "DEMO_SPEED"),
    ],
)
def test_what_it_can_t_start_with_is_one_line(
    arguments: tuple[str, ...], environment: dict[str, str], said: str, start: Start
) -> None:
    process = start(*arguments, **environment)
    _out, errors = process.communicate(timeout=20)
    assert process.returncode != 0
    assert said in errors
    assert "Traceback" not in errors
