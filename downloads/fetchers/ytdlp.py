"""Fetches what only yt-dlp knows, in a child process that reaches the outside through our filtering proxy alone."""

from __future__ import annotations

import json
import subprocess
import threading
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from downloads import diskplan
from downloads.control import Transfer
from downloads.fetchers.base import Fetched, Job
from providers import ytdlp_listing
from providers.exceptions import WrongContent
from providers.http.address_guard import AddressGuard
from providers.http.filtering_proxy import filtering_proxy

_PROGRESS = "progress|%(progress.downloaded_bytes)s|%(progress.total_bytes)s|%(progress.total_bytes_estimate)s"
# Lines; the reason is among the last ones.
_MOST_ERRORS = 200
EXTRACTION_SECONDS = 300
ROOM_EVERY = 32 * 1024 * 1024


def fetch(job: Job) -> Fetched:
    """The whole file as yt-dlp leaves it. It resumes its own partial file when there is one."""
    done = _finished(job.folder)
    if done:
        return Fetched(done)
    transfer = Transfer(0, None)
    # Until the first byte it looks at pages, which may take its time.
    job.control.alive(EXTRACTION_SECONDS)
    try:
        with filtering_proxy(AddressGuard(job.client.policy.allowed_private_hosts), job.pace) as proxy:
            _run(job, proxy, transfer)
        done = _finished(job.folder)
        if done is None:
            raise WrongContent("yt-dlp ended without a file.")
        # Its last line of progress need not be the last byte.
        transfer.place(done.stat().st_size, done.stat().st_size)
        job.control.begin(transfer)
        job.control.report_now()
    finally:
        job.control.end()
    return Fetched(done)


def _command(job: Job) -> list[str]:
    return [
        *ytdlp_listing.COMMAND,
        *ytdlp_listing.OPTIONS,
        "--no-playlist",
        "--newline",
        "--progress",
        f"--progress-template=download:{_PROGRESS}",
        f"--socket-timeout={job.client.policy.timeout:g}",
        "--retries=3",
        f"--concurrent-fragments={job.connections}",
        # No ffmpeg: it would open foreign playlists itself, past the proxy.
        "--ffmpeg-location=/nonexistent",
        "--downloader=native",
        "--format=best[protocol^=http]/best[protocol^=m3u8]/best",
        *_preferred(job.quality),
        # A folder's name may hold what yt-dlp takes for a field.
        f"--output={str(job.folder).replace('%', '%%')}/fetched.%(ext)s",
    ]


def _preferred(quality: str) -> list[str]:
    """As for a playlist of our own: the best at or below a height such as 720p, else the smallest above."""
    height = quality.removesuffix("p")
    return [f"--format-sort=res:{height}"] if height.isdecimal() else []


def _secrets(job: Job, proxy: str) -> str:
    """What every user of the machine could read in the list of processes goes in by standard input."""
    headers = [f"--add-headers={name}:{value}" for name, value in job.stream.headers.items()]
    return json.dumps([f"--proxy={proxy}", *headers, "--", job.stream.url])


def _run(job: Job, proxy: str, transfer: Transfer) -> None:
    child = subprocess.Popen(
        _command(job),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        env=ytdlp_listing.environment(),
    )

    def kill() -> None:
        ytdlp_listing.kill_group(child.pid)

    job.control.on_interrupt(kill)
    if child.stdin:
        with suppress(BrokenPipeError), child.stdin:
            child.stdin.write(_secrets(job, proxy))
    errors: deque[str] = deque(maxlen=_MOST_ERRORS)
    reader = threading.Thread(target=lambda: errors.extend(child.stderr or ()), daemon=True)
    reader.start()
    try:
        _follow_all(job, child.stdout or (), transfer)
        code = child.wait()
    finally:
        job.control.forget(kill)
        kill()
        child.wait()
        reader.join(5)
    job.control.check()
    if code:
        raise _translated(errors, job.work_root)


def _follow_all(job: Job, lines: Iterable[str], transfer: Transfer) -> None:
    begun, roomy = False, 0
    for line in lines:
        job.control.check()
        if not line.startswith("progress|"):
            continue
        _follow(line, transfer)
        if not begun:
            begun = True
            transfer.settle()
            job.control.begin(transfer)
        if transfer.done - roomy >= ROOM_EVERY:
            roomy = transfer.done
            diskplan.require(job.work_root, ROOM_EVERY)


def _follow(line: str, transfer: Transfer) -> None:
    numbers = [int(float(part)) if part.replace(".", "", 1).isdigit() else 0 for part in line.strip().split("|")[1:]]
    done, total, estimate = (*numbers, 0, 0, 0)[:3]
    transfer.total = total or estimate or None
    transfer.done = max(transfer.done, done)


def _translated(errors: Sequence[str], work_root: Path) -> Exception:
    if any(line.startswith("ERROR:") and "No space left" in line for line in errors):
        return diskplan.full(work_root)
    return ytdlp_listing.translated(errors)


def _finished(folder: Path) -> Path | None:
    partial = {".part", ".ytdl", ".json", ".new", ".temp"}
    found = [path for path in folder.glob("fetched.*") if path.suffix not in partial and ".part" not in path.name]
    return found[0] if found else None
