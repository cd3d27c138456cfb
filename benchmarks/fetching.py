"""One download as a worker runs it: a claimed item, journal, lease, limits, progress and events."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

import benchmarks.ready  # noqa: F401  # before the models
import downloads.tasks  # noqa: F401  # what an idle worker has loaded
from benchmarks.timing import warm
from downloads import truth
from downloads.control import Control
from downloads.fetchers import fetch
from downloads.fetchers.base import Job
from downloads.models import QueueItem
from downloads.pace import Shared
from downloads.workfolder import WorkFolder
from library.models import Episode, Series
from providers.contracts import Stream, StreamKind
from providers.http import Client, Policy


def work(**values: Any) -> dict[str, float]:
    """Seconds, and of the idle process just before and of the peak the resident bytes; values are kind, url, least …"""
    item = claimed()
    warm(values["least"])
    idle, cpu = memory("VmRSS"), time.process_time()
    began = time.monotonic()
    with Control(item) as control, Children() as children:
        result = check(values, control) if values["kind"] == "truth" else download(values, item, control)
    wall = time.monotonic() - began
    WorkFolder(Path(settings.WORK_DIR), item.pk, item.token).remove()
    assert item.stop()
    assert result >= values["least"], f"only {result} bytes"
    return {"wall": wall, "cpu_before": cpu, "idle": idle, "peak": memory("VmHWM") + children.peak}


def claimed() -> QueueItem:
    """A leased item of a series of its own."""
    series, _made = Series.objects.get_or_create(key="benchmark", defaults={"name": "Benchmark", "folder": "Benchmark"})
    episode, _made = Episode.objects.get_or_create(series=series, season=1, number=1)
    if not QueueItem.objects.live().exists():
        QueueItem.objects.create(series=series, episode=episode, season=1, language="German Dub")
    item = QueueItem.objects.claim_next("benchmark:1", limit=1, own_limit=1)
    assert item, "the item is leased by somebody else"
    return item


def download(values: dict[str, Any], item: QueueItem, control: Control) -> int:
    """Fetches as the engine has it fetched; answers the bytes."""
    folder = WorkFolder(Path(settings.WORK_DIR), item.pk, item.token)
    folder.adopt()
    asking = client(values)
    job = Job(
        stream=Stream(values["url"], StreamKind(values["kind"]), "benchmark"),
        clients=lambda: asking,
        folder=folder.source("benchmark"),
        control=control,
        connections=values.get("connections", 8),
        quality="best",
        work_root=Path(settings.WORK_DIR),
        pace=Shared(control, "benchmark"),
    )
    return fetch(job).path.stat().st_size


def check(values: dict[str, Any], control: Control) -> int:
    return truth.check(Path(values["path"]), declared=None, median=None, alive=control.alive).size


def client(values: dict[str, Any]) -> Client:
    """A client that may reach this one address, and trusts this one certificate."""
    made = Client(Policy(allowed_private_hosts=frozenset({urlsplit(values["url"]).netloc})))
    if values.get("authority"):
        made._session.verify = values["authority"]
    return made


class Children:
    """The most memory that this process's children took together while it was open, what is shared counted in part."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            pids = [pid for path in Path("/proc/self/task").glob("*/children") for pid in _text(path).split()]
            found = [re.search(r"^Pss:\s+(\d+) kB", _text(Path(f"/proc/{pid}/smaps_rollup")), re.M) for pid in pids]
            self.peak = max(self.peak, 1024 * sum(int(one[1]) for one in found if one))

    def __enter__(self) -> Children:
        self._watcher.start()
        return self

    def __exit__(self, *_ended: object) -> None:
        self._over.set()
        self._watcher.join()


def _text(path: Path) -> str:
    """Empty when the process is gone."""
    try:
        return path.read_text()
    except OSError:
        return ""


def memory(name: str) -> int:
    """VmRSS (now) or VmHWM (at most), in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
