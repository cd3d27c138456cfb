"""A library of 10,000 series and 240,000 files: walked and parsed, scanned anew, scanned again, beside `find`."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.rows import Row, Table, against, missing, within
from benchmarks.timing import Idle, Run, alternately, child, peer, program

WORKER = "benchmarks.scanning"
SERIES, SEASONS, EPISODES = 10_000, 2, 12
PLACES = ("/dev/shm", "/var/tmp", "/tmp")


def measure() -> list[Table]:
    with ExitStack() as stack:
        place = next(Path(place) for place in PLACES if os.access(place, os.W_OK))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir=place)))
        data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir="/var/tmp")))
        library = folder / "library"
        print(f"{SERIES * SEASONS * EPISODES:,} files are made in {place}", flush=True)
        make(library)
        return [Table("Scan, 10,000 series with 240,000 files", rows(library, data_dir, folder / "peer"))]


def make(library: Path) -> None:
    """Sparse files: their sizes cost no room."""
    for number in range(SERIES):
        for season in range(1, SEASONS + 1):
            place = library / f"Series {number:05d} ({1980 + number % 45})" / f"Season {season:02d}"
            place.mkdir(parents=True)
            handle = os.open(place, os.O_RDONLY)
            for episode in range(1, EPISODES + 1):
                name = f"Series {number:05d} - S{season:02d}E{episode:02d} - (German Dub).mp4"
                file = os.open(name, os.O_CREAT | os.O_WRONLY, 0o644, dir_fd=handle)
                os.ftruncate(file, 300_000_000 + number * 100 + episode)
                os.close(file)
            os.close(handle)


def rows(library: Path, data_dir: Path, empty: Path) -> list[Row]:
    first, _cpu = child(WORKER, {"DATA_DIR": str(data_dir)}, do="first", library=str(library))
    assert first["statistics"]["new"] == SERIES * SEASONS * EPISODES
    peak = first["peak"] / 1024**2
    found = [
        within("first scan into an empty database", 40, first["wall"], "s"),
        within("first scan, peak memory of the whole process", 250, peak, "MB"),
    ]
    if not program("find"):
        return [*found, missing("walk, parse, rescan", "find", "findutils")]
    with Idle(WORKER, data_dir) as worker:
        return [*found, walked(library, worker, empty), rescanned(library, worker, empty)]


def walked(library: Path, worker: Idle, empty: Path) -> Row:
    runs = alternately(
        {
            "find": lambda: listed(empty, str(library), "-type", "f", "-printf", "%s\n"),
            "ours": lambda: worker.run(do="walk", library=str(library)),
        }
    )
    return against("walk and parse names, with sizes", 2, "find -printf size", runs["find"].wall, runs["ours"].wall)


def rescanned(library: Path, worker: Idle, empty: Path) -> Row:
    runs = alternately(
        {
            "find": lambda: listed(empty, str(library), "-type", "f"),
            "ours": lambda: worker.run(do="again", library=str(library)),
        }
    )
    return against("rescan, nothing changed", 4, "find -type f", runs["find"].wall, runs["ours"].wall)


def listed(empty: Path, *words: str) -> Run:
    return peer("find", *words, folder=empty, least=0)
