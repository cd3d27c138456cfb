"""Fetches a file over HTTP and goes on where an earlier try ended.

A journal beside the data holds what the server said of the file. Going on is only done when the server still says the
same (If-Range, total length, validators); where it gives no validator, the last bytes on disk are fetched again and
compared, so that a file that changed starts clean instead of becoming a mixture.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from downloads import diskplan
from downloads.control import Transfer
from downloads.fetchers.base import Fetched, Job
from downloads.interruptions import Stalled
from downloads.workfolder import boot_id, read_journal, write_journal
from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    Expired,
    NotFound,
    OutOfRange,
    ProviderError,
    TimedOut,
    TooLarge,
    WrongContent,
)
from providers.http import MediaResponse

logger = logging.getLogger(__name__)

BUFFER = 1024 * 1024
OVERLAP = 64 * 1024
# What a power cut costs: this many bytes, or seconds where more come in them. Waiting for the disk more often than that
# made a fast download five times slower.
SYNC_EVERY = 32 * 1024 * 1024
SYNC_SECONDS = 2.0
# A connection that breaks is taken up again at once, as long as each one brings something.
RECONNECTS = 50
LEAST_GAIN = 256 * 1024
IDLE_RECONNECTS = 2
# Bytes; no episode comes near, and a host that promises more must not park the item for want of room.
LARGEST_FILE = 10**12


@dataclass
class _Partial:
    """What is on disk of the file, and what the server said of it then."""

    folder: Path
    size: int = 0
    total: int | None = None
    etag: str = ""
    last_modified: str = ""
    complete: bool = False

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @classmethod
    def found_in(cls, folder: Path) -> _Partial:
        partial, noted = cls(folder), read_journal(folder)
        if not noted or not partial.data.exists():
            return partial
        partial.total, partial.etag = noted.get("total"), noted.get("etag", "")
        partial.last_modified, partial.complete = noted.get("last_modified", ""), bool(noted.get("complete"))
        on_disk = partial.data.stat().st_size
        # After a start of the machine only what was flushed is sure to hold what it should.
        partial.size = on_disk if noted.get("boot") == boot_id() else min(on_disk, int(noted.get("synced", 0)))
        # Killed between its last byte and the note of it: there is nothing left to ask for.
        partial.complete |= partial.total is not None and partial.size == partial.total
        partial.complete &= on_disk == partial.size > 0
        return partial

    @property
    def validator(self) -> str:
        """What If-Range may carry: a strong ETag, else the time of the last change."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified

    def note(self, synced: int) -> None:
        write_journal(
            self.folder,
            {
                "total": self.total,
                "etag": self.etag,
                "last_modified": self.last_modified,
                "complete": self.complete,
                "synced": synced,
                "boot": boot_id(),
            },
        )

    def is_of(self, response: MediaResponse) -> bool:
        """Whether the answer is a part of the very file that is on disk.

        A part need not repeat what If-Range has settled (RFC 9110, 15.3.7), but must not say otherwise.
        """
        return (
            response.status == 206
            and (response.total or self.total) == (self.total or response.total)
            and (response.etag or self.etag) == self.etag
            and (response.last_modified or self.last_modified) == self.last_modified
        )

    def restart(self, response: MediaResponse) -> None:
        self.size, self.total = 0, response.total
        self.etag, self.last_modified = response.etag or "", response.last_modified or ""
        # A new file instead of an emptied one: a predecessor that still writes must not reach it.
        self.data.unlink(missing_ok=True)
        self.data.write_bytes(b"")
        self.note(synced=0)


def fetch(job: Job) -> Fetched:
    """The whole file, over one connection at a time."""
    partial = _Partial.found_in(job.folder)
    if partial.complete:
        return Fetched(partial.data)
    transfer = Transfer(partial.size, partial.total)
    job.control.begin(transfer)
    idle = 0
    try:
        for _connection in range(RECONNECTS):
            before = transfer.done
            try:
                _continue(job, partial, transfer)
                return Fetched(partial.data)
            except (ConnectionFailed, TimedOut) as error:
                job.control.check()
                idle = idle + 1 if transfer.done - before < LEAST_GAIN else 0
                if idle > IDLE_RECONNECTS:
                    raise Stalled(str(error)) if isinstance(error, TimedOut) else error from None
                logger.info("The connection broke at %d bytes and is taken up again", transfer.done)
        raise ConnectionFailed(f"The connection broke {RECONNECTS} times.")
    finally:
        job.control.end()


def _continue(job: Job, partial: _Partial, transfer: Transfer) -> None:
    overlap = 0 if partial.validator else min(partial.size, OVERLAP)
    offset = partial.size - overlap
    try:
        response = _open(job, offset, partial.validator)
    except OutOfRange as error:
        _forget(partial)
        raise ConnectionFailed("The file at the host is shorter than what is here; it starts anew.") from error
    with response:
        job.control.on_interrupt(response.close)
        try:
            if not (offset and _goes_on(job, partial, response, overlap)):
                partial.restart(response)
            transfer.place(partial.size, partial.total)
            _demand_room(job, partial)
            _receive(job, partial, transfer, response)
        finally:
            job.control.forget(response.close)


def _goes_on(job: Job, partial: _Partial, response: MediaResponse, overlap: int) -> bool:
    """Whether the answer continues what is on disk; False when it is the whole file again.

    Raises `ConnectionFailed`, so that it starts anew, for a part of another file.
    """
    if response.status != 206:
        return False
    if partial.is_of(response) and (not overlap or _same_bytes(job, partial, response, overlap)):
        partial.total = partial.total or response.total
        return True
    _forget(partial)
    raise ConnectionFailed("The file changed at the host; it starts anew.")


def _demand_room(job: Job, partial: _Partial) -> None:
    """Room for the rest, beside what the other downloads still need; its own need is written down for them."""
    if partial.total and partial.total > LARGEST_FILE:
        raise TooLarge(f"The host says that the file has {partial.total} bytes.")
    if partial.total:
        job.control.report_now()
        reserved = diskplan.reserved_for_others(job.control.item)
        diskplan.require(job.work_root, partial.total - partial.size, reserved=reserved)


def _demand_end(job: Job, partial: _Partial) -> None:
    """A body that never ends, or is longer than was said, must not fill the disk."""
    if partial.size > (partial.total or LARGEST_FILE):
        _forget(partial)
        raise TooLarge("The host sends more than it said, without an end.")
    diskplan.require(job.work_root, SYNC_EVERY)


def _forget(partial: _Partial) -> None:
    partial.size, partial.etag, partial.last_modified, partial.total = 0, "", "", None
    partial.data.unlink(missing_ok=True)


def _open(job: Job, offset: int, validator: str) -> MediaResponse:
    try:
        response = job.client.open(
            job.stream.url, headers=job.stream.headers, offset=offset, if_range=validator if offset else None
        )
    except (Blocked, NotFound) as error:
        # The address came from the host a moment ago: most likely it has run out.
        raise Expired(f"The stream's address is no longer good ({error})") from error
    if response.content_type.startswith(("text/html", "application/json")):
        response.close()
        raise WrongContent(f"The host sent {response.content_type} instead of a video.")
    return response


def _same_bytes(job: Job, partial: _Partial, response: MediaResponse, count: int) -> bool:
    """Whether the first `count` bytes of the answer are the last ones on disk."""
    buffer, filled = bytearray(count), 0
    while filled < count:
        received = _read(job, response, memoryview(buffer)[filled:])
        if not received:
            return False
        filled += received
    with partial.data.open("rb") as file:
        file.seek(partial.size - count)
        return file.read(count) == bytes(buffer)


def _receive(job: Job, partial: _Partial, transfer: Transfer, response: MediaResponse) -> None:
    buffer = memoryview(bytearray(BUFFER))
    looked, synced_at = partial.size, time.monotonic()
    # Without a buffer of its own: each piece goes to the system in one write, uncopied.
    with partial.data.open("r+b", buffering=0) as file:
        file.seek(partial.size)
        file.truncate()
        while received := _read(job, response, buffer):
            if not partial.size:
                _refuse_page(buffer[:received])
            _write(file, buffer[:received])
            partial.size += received
            transfer.advance(received)
            job.control.check()
            if partial.size - looked >= SYNC_EVERY:
                looked = partial.size
                _demand_end(job, partial)
                if time.monotonic() - synced_at >= SYNC_SECONDS:
                    _sync(file, partial)
                    synced_at = time.monotonic()
        _sync(file, partial)
    if partial.total is not None and partial.size != partial.total:
        raise ConnectionFailed(f"The answer ended after {partial.size} of {partial.total} bytes.")
    if not partial.size:
        raise WrongContent("The host sent an empty file.")
    partial.complete, partial.total = True, partial.size
    partial.note(synced=partial.size)


def _read(job: Job, response: MediaResponse, buffer: memoryview) -> int:
    try:
        return response.read_into(buffer)
    except (ProviderError, OSError, ValueError):
        # Closed by the watcher: its reason counts, not how the blocked read ended.
        job.control.check()
        raise


def _write(file: FileIO, data: memoryview) -> None:
    while data:
        # A disk that is nearly full takes a part first, and refuses the rest at the next call.
        data = data[file.write(data) :]


def _sync(file: FileIO, partial: _Partial) -> None:
    os.fdatasync(file.fileno())
    partial.note(synced=partial.size)


def _refuse_page(start: memoryview) -> None:
    head = bytes(start[:64]).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"{")):
        raise WrongContent("The host sent a page instead of a video.")
