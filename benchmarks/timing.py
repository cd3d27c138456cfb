"""Runs contestants alternately, each in a process of its own, and takes their time, processor time and memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
# Where Debian puts servers; an ordinary user's PATH may lack it.
_PLACES = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of the clock and of the processor; bytes of memory above the idle process (ours), else in all."""

    wall: float
    cpu: float
    peak: int = 0


def warm(written: int) -> None:
    """Has the machine hold memory for so many bytes and some more, free and ready: just before the clock starts.

    A virtual machine gives its host back what is free for a while. Who then writes to a RAM disk or the page cache
    waits for the host at every page: the same copy took up to seven times as long, and whom it hit was chance.
    """
    block = bytes(1024 * 1024)
    with os.fdopen(os.memfd_create("warm"), "wb", buffering=0) as file:
        for _block in range(written * 5 // 4 // len(block)):
            file.write(block)


def program(name: str) -> str | None:
    """Where a peer is installed."""
    return shutil.which(name, path=_PLACES)


def peer(*command: str | Path, folder: Path, least: int) -> Run:
    """A peer's whole run in an emptied folder; it writes about `least` bytes. Raises RuntimeError when it fails."""
    emptied(folder)
    warm(least)
    began = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{Path(command[0]).name} ended with {process.returncode}")
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


class Idle:
    """A process that has loaded a worker module; each run is a fork of it, as every worker of the product is one."""

    def __init__(self, module: str, data_dir: Path) -> None:
        self._process = _started("benchmarks.idle", {"DATA_DIR": str(data_dir)}, module)

    def run(self, **values: Any) -> Run:
        """One piece of work, measured from when the fork is idle and ready. Raises RuntimeError when it fails."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(values)}\n")
        self._process.stdin.flush()
        answer, cpu = self._process.stdout.readline(), self._process.stdout.readline()
        if not cpu:
            raise RuntimeError("the work failed")
        told = json.loads(answer)
        return Run(told["wall"], json.loads(cpu) - told["cpu_before"], told["peak"] - told["idle"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_ended: object) -> None:
        self._process.terminate()
        self._process.communicate()


def child(module: str, environment: Mapping[str, str], /, **values: Any) -> tuple[Any, float]:
    """What the module prints as JSON, and the processor time of its whole process."""
    process = _started(module, environment, json.dumps(values))
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    output = process.stdout.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{module} ended with {process.returncode}")
    return json.loads(output.splitlines()[-1]), usage.ru_utime + usage.ru_stime


def _started(module: str, environment: Mapping[str, str], argument: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, argument],
        cwd=ROOT,
        env={**os.environ, "DEMO": "off", "DJANGO_SETTINGS_MODULE": "aniworld.settings", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def alternately(contestants: Mapping[str, Callable[[], Run]], times: int = 5) -> dict[str, Run]:
    """The medians of `times` runs of each, one after the other in turn, after a warm-up of each."""
    for contestant in contestants.values():
        contestant()
    runs: dict[str, list[Run]] = {name: [] for name in contestants}
    for _round in range(times):
        for name, contestant in contestants.items():
            runs[name].append(contestant())
    return {name: medians(taken) for name, taken in runs.items()}


def medians(runs: Sequence[Run]) -> Run:
    """Field by field."""
    middle = statistics.median
    return Run(middle(run.wall for run in runs), middle(run.cpu for run in runs), round(middle(r.peak for r in runs)))
