"""The engine beside curl, aria2c, yt-dlp, ffmpeg and cp, on a RAM disk and on the real one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import media, servers
from benchmarks.rows import Row, Table, against, missing, show, within
from benchmarks.timing import ROOT, Idle, Run, alternately, peer, program

GIB = 1024**3
# Bytes of what is made of the playlist, at least, and of a file from a slow host.
STREAM, SMALL, SMALLER = 230 * media.MIB, 120 * media.MIB, 32 * media.MIB
PACKAGES = {"curl": "curl", "aria2c": "aria2", "ffmpeg": "ffmpeg", "nginx": "nginx-light", "openssl": "openssl"}
WORKER = "benchmarks.fetching"
RAM = Path("/dev/shm")


@dataclass(frozen=True)
class Place:
    """A folder on the file system that is written to, and an idle worker that has its database there."""

    folder: Path
    worker: Idle

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def ours(self, kind: str, url: str, least: int, **values: object) -> Callable[[], Run]:
        return partial(self.worker.run, kind=kind, url=url, least=least, **values)

    def peer(self, least: int, *command: str | Path) -> Callable[[], Run]:
        return partial(peer, *command, folder=self.out, least=least)


@contextmanager
def place(parent: Path | None) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="aniworld-bench-", dir=parent) as folder:
        data = Path(folder, "data")
        command = [sys.executable, "manage.py", "migrate", "--skip-checks", "-v0"]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "DATA_DIR": str(data), "DEMO": "off"}, check=True)
        with Idle(WORKER, data) as worker:
            yield Place(Path(folder), worker)


def measure() -> list[Table]:
    absent = [missing("engine", name, PACKAGES[name]) for name in ("nginx", "openssl") if not program(name)]
    if absent:
        return [Table("Engine", absent)]
    with place(RAM if RAM.is_dir() else None) as ram:
        source = ram.folder / "source"
        source.mkdir()
        media.big_file(source / "big.mp4", GIB)
        media.playlist(source / "hls")
        with servers.nginx(source, ram.folder / "nginx") as host:
            rows = [*files(ram, host.plain, source), *tls(ram, host), *hls(ram, host.plain)]
            disk_rows = on_disk(host.plain, source)
        rows += [*latency(ram, source), *limited(ram, source), *one_lame(ram, source)]
        (source / "big.mp4").unlink()
        rows += truth_check(ram, media.episode(source / "episode.mp4"))
    return [Table("Engine, RAM disk", rows), Table("Engine, real disk", disk_rows)]


def available(commands: dict[str, list[str | Path]], at: Place, least: int) -> dict[str, Callable[[], Run]]:
    """The peers that are installed; of the others it is said what to install."""
    found = {}
    for label, command in commands.items():
        name = str(command[0])
        path = program(name)
        if path:
            found[label] = at.peer(least, path, *command[1:])
        else:
            missing(label, name, PACKAGES.get(name, name))
    return found


def file_peers(url: str, at: Place) -> dict[str, Callable[[], Run]]:
    commands: dict[str, list[str | Path]] = {
        "curl": ["curl", "-sS", "-o", "out", url],
        "aria2c -x8": ["aria2c", "-q", "-x8", "-s8", "--file-allocation=none", "-o", "out", url],
        "yt-dlp": ["yt-dlp", "-q", "--no-progress", "-o", "out", url],
    }
    return available(commands, at, GIB)


def files(at: Place, host: str, source: Path) -> list[Row]:
    url, work = f"{host}/big.mp4", "1 GiB file"
    runs = {"ours": at.ours("file", url, GIB), **file_peers(url, at)}
    runs["cp"] = at.peer(GIB, "cp", source / "big.mp4", "out")
    taken = alternately(runs)
    rows = compared(work, taken, {"curl": 0.80})
    rows.append(within("processor time per GiB, file", 1.2, taken["ours"].cpu, "s", detail=_cpu_of_curl(taken)))
    rows.append(within("peak memory of one file over the idle worker", 40, taken["ours"].peak / 1e6, "MB"))
    return rows


def _cpu_of_curl(taken: dict[str, Run]) -> str:
    return f"curl {taken['curl'].cpu:.2f} s" if "curl" in taken else ""


def compared(work: str, taken: dict[str, Run], goals: dict[str, float]) -> list[Row]:
    """Ours beside each: with a goal where there is one, else for information."""
    mine, rows = taken["ours"].wall, []
    for label, run in taken.items():
        if label in goals:
            rows.append(against(work, goals[label], label, run.wall, mine))
        elif label != "ours":
            told = f"{label} {run.wall:.2f} s"
            rows.append(show(Row(work, "", told, f"{mine:.2f} s", f"{mine / run.wall:.2f}")))
    return rows


def tls(at: Place, host: servers.Nginx) -> list[Row]:
    url, trusted = f"{host.tls}/big.mp4", str(host.authority)
    commands: dict[str, list[str | Path]] = {
        "curl": ["curl", "-sS", "--cacert", trusted, "-o", "out", url],
        "aria2c -x8": ["aria2c", "-q", "-x8", "-s8", f"--ca-certificate={trusted}", "-o", "out", url],
    }
    commands["aria2c -x8"].insert(1, "--file-allocation=none")
    taken = alternately({"ours": at.ours("file", url, GIB, authority=trusted), **available(commands, at, GIB)})
    return compared("1 GiB file over TLS 1.3", taken, {"curl": 1.0})


def hls(at: Place, host: str) -> list[Row]:
    url, work = f"{host}/hls/list.m3u8", "HLS, 240 segments of 1 MiB, to MP4"
    commands: dict[str, list[str | Path]] = {
        "yt-dlp -N 8": ["yt-dlp", "-q", "--no-progress", "-N", "8", "-o", "out.mp4", url],
        "ffmpeg": ["ffmpeg", "-v", "error", "-i", url, "-c", "copy", "out.mp4"],
    }
    taken = alternately({"ours": at.ours("hls", url, STREAM), **available(commands, at, STREAM)})
    rows = compared(work, taken, {"yt-dlp -N 8": 0.35, "ffmpeg": 1.2})
    return [*rows, within("peak memory of one HLS download over the idle worker", 40, taken["ours"].peak / 1e6, "MB")]


def latency(at: Place, source: Path) -> list[Row]:
    with servers.slow(source, delay=0.1) as host:
        url = f"{host}/hls/list.m3u8"
        command: list[str | Path] = ["yt-dlp", "-q", "--no-progress", "-N", "16", "-o", "out.mp4", url]
        mine = at.ours("hls", url, STREAM, connections=16)
        taken = alternately({"ours": mine, **available({"yt-dlp -N 16": command}, at, STREAM)})
    return compared("HLS with 100 ms latency per request, 16 connections", taken, {"yt-dlp -N 16": 0.5})


def limited(at: Place, source: Path) -> list[Row]:
    media.big_file(source / "limited.mp4", SMALL)
    with servers.slow(source, speed=2e6) as host:
        url = f"{host}/limited.mp4"
        command: list[str | Path] = ["aria2c", "-q", "-x16", "-s16", "-k1M", "--file-allocation=none", "-o", "out", url]
        mine = at.ours("file", url, SMALL, connections=16)
        taken = alternately({"ours": mine, **available({"aria2c -x16 -k1M": command}, at, SMALL)})
    return compared("120 MiB, 2 MB/s per connection", taken, {"aria2c -x16 -k1M": 1.0})


def one_lame(at: Place, source: Path) -> list[Row]:
    """The third of the connections is slow; a host of its own for each run, as it counts them."""
    media.big_file(source / "lame.mp4", SMALLER)
    aria: list[str | Path] = ["aria2c", "-q", "-x8", "-s8", "--file-allocation=none", "-o", "out"]

    def on_its_own(label: str) -> Run:
        with servers.slow(source, speed=16e6, lame=3) as host:
            url = f"{host}/lame.mp4"
            mine = at.ours("file", url, SMALLER)
            peers = {"aria2c -x8": [*aria, url], "aria2c -x8 -k1M": [*aria, "-k1M", url]}
            return {"ours": mine, **available(peers, at, SMALLER)}[label]()

    labels = ["ours", *(["aria2c -x8", "aria2c -x8 -k1M"] if program("aria2c") else [])]
    taken = alternately({label: partial(on_its_own, label) for label in labels})
    work = "32 MiB, 16 MB/s per connection, one of eight ten times slower"
    return compared(work, taken, {"aria2c -x8": 0.8})


def on_disk(host: str, source: Path) -> list[Row]:
    """The same file to the real disk, where the kernel and the device set the pace."""
    parent = Path("/var/tmp")
    with place(parent) as disk:
        url = f"{host}/big.mp4"
        runs = {"ours": disk.ours("file", url, GIB), **file_peers(url, disk)}
        # It writes as curl does, and takes twice its time.
        runs.pop("yt-dlp", None)
        runs["cp, then sync"] = disk.peer(GIB, "sh", "-c", f"cp {source / 'big.mp4'} out && sync out")
        return compared("1 GiB file", alternately(runs), {})


def truth_check(at: Place, episode: Path) -> list[Row]:
    size = episode.stat().st_size
    runs = alternately({"ours": partial(at.worker.run, kind="truth", path=str(episode), least=size)})
    share = 100 * runs["ours"].wall / (size / 50e6)
    row = within("truth check of a 500 MB file, share of its download at 50 MB/s", 5, share, "%")
    return [row]
