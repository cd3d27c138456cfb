"""The bandwidth limit: two workers with eight connections each, together within five percent of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

from benchmarks.rows import Row, Table, show
from benchmarks.servers import nginx
from benchmarks.timing import ROOT, child

SECONDS = 36.0
MBPS = 40
MOST = 0.05
# The first seconds are those of starting; both run in the ones that count.
COUNTED = 30.0


def measure() -> list[Table]:
    with tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp") as folder:
        root = Path(folder) / "www"
        root.mkdir()
        with (root / "film.mp4").open("wb") as file:
            file.truncate(1024**3)
        with nginx(root, Path(folder) / "nginx") as server, ThreadPoolExecutor(2) as pool:
            data = str(Path(folder) / "data")
            environment = {**os.environ, "DATA_DIR": data, "DEMO": "off"}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--skip-checks", "-v0"], cwd=ROOT, env=environment, check=True
            )
            workers = [pool.submit(_worker, data, f"{server.plain}/film.mp4", number) for number in (1, 2)]
            return [Table("Bandwidth limit", [_row([worker.result() for worker in workers])])]


def _worker(data: str, url: str, number: int) -> list[tuple[float, int]]:
    seen, _cpu = child("benchmarks.limited", {"DATA_DIR": data}, url=url, number=number, seconds=SECONDS, mbps=MBPS)
    return [(moment, size) for moment, size in seen]


def _row(workers: list[list[tuple[float, int]]]) -> Row:
    until = min(seen[-1][0] for seen in workers)
    speed = sum(_between(seen, until - COUNTED, until) for seen in workers) / COUNTED
    allowed = MBPS * 125_000
    ratio = speed / allowed
    return show(
        Row(
            f"{allowed / 1e6:g} MB/s over 2 workers with 8 connections, {COUNTED:g} s",
            f"± {MOST:.0%}",
            f"limit {allowed / 1e6:.2f} MB/s",
            f"{speed / 1e6:.2f} MB/s",
            f"{ratio:.3f}",
            abs(ratio - 1) <= MOST,
        )
    )


def _between(seen: list[tuple[float, int]], begin: float, end: float) -> float:
    return _at(seen, end) - _at(seen, begin)


def _at(seen: list[tuple[float, int]], moment: float) -> float:
    """Bytes at a moment, between two that were noted."""
    for (then, had), (now, has) in pairwise(seen):
        if then <= moment <= now:
            return had + (has - had) * (moment - then) / (now - then)
    raise ValueError("both workers did not run long enough beside each other")


if __name__ == "__main__":
    measure()
