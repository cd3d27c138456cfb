"""Fetches an HLS stream: segments in parallel, each kept on disk as soon as it is whole, then remuxed in order.

After a restart the segments on disk are used again when the playlist still lists the very same ones.
"""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.db import connection

from downloads import diskplan
from downloads.control import Transfer
from downloads.fetchers import remux
from downloads.fetchers.base import Fetched, Job
from downloads.fetchers.playlist import MediaPlaylist, Piece, Segment, media_playlist, variant_of
from downloads.workfolder import read_journal, write_journal
from providers.exceptions import Blocked, Expired, NotFound, ProviderError, TooLarge, WrongContent
from providers.http import KEY_LIMIT, PLAYLIST_LIMIT

SEGMENT_LIMIT = 64 * 1024 * 1024
PLAYLIST_DEPTH = 2
TRIES = 3
# Bytes a second
SLOWEST_DISK = 5_000_000


@dataclass
class _Download:
    """The state that the threads of one download share."""

    job: Job
    playlist: MediaPlaylist
    transfer: Transfer
    seconds: float = 0
    keys: dict[str, bytes] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    init_lock: threading.Lock = field(default_factory=threading.Lock)

    def path(self, name: str) -> Path:
        return self.job.folder / "segments" / name

    def finished(self, segment: Segment, size: int) -> None:
        with self.lock:
            self.seconds += segment.duration
            self.transfer.fraction = min(1.0, self.seconds / (self.playlist.duration or 1))
            self.transfer.done += size
            if self.transfer.fraction > 0.05:
                self.transfer.total = round(self.transfer.done / self.transfer.fraction)


def fetch(job: Job) -> Fetched:
    """All segments, and an MP4 made of them without re-encoding."""
    whole = job.folder / "whole.mp4"
    noted = read_journal(job.folder)
    if noted.get("remuxed") and whole.exists():
        return Fetched(whole, noted.get("duration"))
    try:
        playlist = _playlist(job)
        _keep_or_clean(job.folder, playlist)
        segments = _fetch_segments(job, playlist)
    except (Blocked, NotFound) as error:
        raise Expired(f"The stream's address is no longer good ({error})") from error
    finally:
        job.control.end()
    _remux(job, playlist, segments, whole)
    return Fetched(whole, playlist.duration)


def _playlist(job: Job) -> MediaPlaylist:
    url = job.stream.url
    for _level in range(PLAYLIST_DEPTH):
        page = job.control.patiently(partial(job.client.get, url, headers=job.stream.headers, limit=PLAYLIST_LIMIT))
        variant = variant_of(page.text, page.url, job.quality)
        if variant is None:
            return media_playlist(page.text, page.url)
        url = variant
    raise WrongContent("The playlists lead to each other without an end.")


def _keep_or_clean(folder: Path, playlist: MediaPlaylist) -> None:
    if read_journal(folder).get("identity") != playlist.identity:
        shutil.rmtree(folder / "segments", ignore_errors=True)
        write_journal(folder, {"identity": playlist.identity, "duration": playlist.duration})
    (folder / "segments").mkdir(exist_ok=True)


def _fetch_segments(job: Job, playlist: MediaPlaylist) -> list[Path]:
    download = _Download(job, playlist, Transfer(0, None))
    missing = []
    for segment in playlist.segments:
        path = download.path(f"{segment.index:05d}")
        if path.exists():
            download.finished(segment, path.stat().st_size)
        else:
            missing.append(segment)
    download.transfer.settle()
    job.control.begin(download.transfer)
    with ThreadPoolExecutor(job.connections, thread_name_prefix="segment") as pool:
        waiting = {pool.submit(_fetch_segment, download, segment): segment for segment in missing}
        try:
            for future in as_completed(waiting):
                future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            # What ended the work counts, not how the threads noticed it.
            job.control.check()
            raise
    job.control.report_now()
    return [download.path(f"{segment.index:05d}") for segment in playlist.segments]


def _fetch_segment(download: _Download, segment: Segment) -> None:
    try:
        _fetch_one(download, segment)
    finally:
        # The configuration may have been read in this thread of a pool, which nobody tidies up after.
        connection.close()


def _fetch_one(download: _Download, segment: Segment) -> None:
    job = download.job
    path = download.path(f"{segment.index:05d}")
    for attempt in range(1, TRIES + 1):
        try:
            job.control.check()
            data: bytes | bytearray = _receive(job, segment.piece)
            if segment.key_url:
                data = _decrypt(data, _key(download, segment.key_url), segment.iv)
            _fetch_init(download, segment)
            break
        except ProviderError as error:
            job.control.check()
            if attempt == TRIES or not error.retryable:
                raise
    _write(job, path, data)
    download.finished(segment, len(data))


def _fetch_init(download: _Download, segment: Segment) -> None:
    """The init section that its group shares, once."""
    if segment.init is None:
        return
    path = download.path(f"init-{segment.group:05d}")
    # The first segments of a group ask for it at the same moment.
    with download.init_lock:
        if not path.exists():
            _write(download.job, path, _receive(download.job, segment.init))


def _write(job: Job, path: Path, data: bytes | bytearray) -> None:
    diskplan.require(job.work_root, len(data))
    temporary = path.with_name(f"{path.name}.{threading.get_ident()}.part")
    try:
        temporary.write_bytes(data)
        temporary.rename(path)
    finally:
        # On a full disk every byte that is of no use counts.
        temporary.unlink(missing_ok=True)


def _receive(job: Job, piece: Piece, most: int = SEGMENT_LIMIT) -> bytearray:
    end = piece.offset + piece.length if piece.length is not None else None
    response = job.client.open(piece.url, headers=job.stream.headers, offset=piece.offset, end=end)
    with response:
        job.control.on_interrupt(response.close)
        if (response.length or 0) > most:
            raise TooLarge("A segment or key is larger than any real one.")
        try:
            # One byte more than promised: the end of the body is seen without growing, which would copy it all.
            data = bytearray((response.length or 1024 * 1024) + 1)
            filled = 0
            while received := response.read_into(memoryview(data)[filled:]):
                filled += received
                job.control.check()
                if filled > most:
                    raise TooLarge("A segment or key is larger than any real one.")
                if filled == len(data):
                    data.extend(bytes(len(data)))
        finally:
            job.control.forget(response.close)
    if response.content_type.startswith("text/html"):
        raise WrongContent("The host sent a page instead of a segment.")
    del data[filled:]
    # A host that ignores the range sends all of it.
    if piece.length is not None and response.status == 200:
        data = data[piece.offset : piece.offset + piece.length]
    if piece.length not in (None, len(data)):
        raise WrongContent(f"The host sent {len(data)} of {piece.length} bytes of a segment.")
    return data


def _key(download: _Download, url: str) -> bytes:
    with download.lock:
        known = download.keys.get(url)
    if known is None:
        known = bytes(_receive(download.job, Piece(url), KEY_LIMIT))
        if len(known) != 16:
            raise WrongContent(f"The key of the stream has {len(known)} bytes instead of 16.")
        with download.lock:
            download.keys[url] = known
    return known


def _decrypt(data: bytes | bytearray, key: bytes, iv: bytes) -> bytes:
    """AES-128-CBC with PKCS7 padding, as RFC 8216 has it."""
    try:
        decryptor = Cipher(algorithms.AES128(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        plain = decryptor.update(data) + decryptor.finalize()
        return unpadder.update(plain) + unpadder.finalize()
    except ValueError as error:
        raise WrongContent("A segment can't be decrypted with the key of the stream.") from error


def _remux(job: Job, playlist: MediaPlaylist, segments: list[Path], whole: Path) -> None:
    diskplan.require(job.work_root, sum(path.stat().st_size for path in segments))
    groups: dict[int, list[Path]] = {}
    for segment, path in zip(playlist.segments, segments, strict=True):
        init = [job.folder / "segments" / f"init-{segment.group:05d}"] if segment.init else []
        groups.setdefault(segment.group, init).append(path)
    unfinished = whole.with_suffix(".unfinished")
    # A new file: a predecessor that still writes into its own must not reach this one.
    unfinished.unlink(missing_ok=True)
    # At the end the index moves to the front, and all that was written is copied without a sign of life.
    patience = 60 + sum(path.stat().st_size for path in segments) / SLOWEST_DISK
    try:
        remux.to_mp4(list(groups.values()), unfinished, lambda: job.control.alive(patience))
        unfinished.rename(whole)
    finally:
        unfinished.unlink(missing_ok=True)
    write_journal(job.folder, {**read_journal(job.folder), "remuxed": True})
    shutil.rmtree(job.folder / "segments", ignore_errors=True)
