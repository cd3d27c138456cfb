"""The process that walks and scans a library, measured from when it is idle and ready.

    python -m benchmarks.scanning '{"do": "again", "library": "/srv/series"}'

Answers with JSON; `do` is walk, first (an empty database) or again. The database is the one of the environment.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management import call_command

import benchmarks.ready  # noqa: F401  # before the models
from aniworld.configuration import store
from library import scanning
from library.models import Scan
from library.name_parser import parse
from library.scanner.sharing import BATCH, Sharing
from library.scanner.walking import top_level
from library.scanner.walking import walk as walked


def main() -> None:
    print(json.dumps(work(**json.loads(sys.argv[1]))))


def work(do: str, library: str) -> dict[str, Any]:
    """Seconds, and of the idle process just before and of the peak the resident bytes."""
    return {"walk": walk, "first": first, "again": again}[do](library)


def walk(library: str) -> dict[str, Any]:
    root = Path(library)

    def work() -> None:
        folders = sorted(top_level(root)[0])
        some = ((None, folders[start : start + BATCH]) for start in range(0, len(folders), BATCH))
        with Sharing[None](root, len(folders), lambda folder, into: walked(root, folder, into=into)) as sharing:
            for _batch, found in sharing.in_order(some):
                assert all(parse(path[path.find("/") + 1 :]) for path, _size, _mtime in found.videos)

    return measured(work)


def first(library: str) -> dict[str, Any]:
    call_command("migrate", "--skip-checks", verbosity=0)
    store.change({"library": {"directory": library}})
    return again(library)


def again(_library: str) -> dict[str, Any]:
    scan = Scan.objects.begin()
    told = measured(lambda: scanning.work(scan))
    assert scan.status == Scan.Status.COMPLETED, scan.error
    return {**told, "statistics": scan.statistics}


def measured(doing: Callable[[], None]) -> dict[str, Any]:
    idle, cpu, began = peak_memory(), time.process_time(), time.monotonic()
    doing()
    return {"wall": time.monotonic() - began, "cpu_before": cpu, "idle": idle, "peak": peak_memory()}


def peak_memory() -> int:
    """Of the whole process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
