"""One of the connections that bring a file: it asks for its share, writes it in place, and takes the next."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from django.db import connection as database

from downloads.control import Transfer
from downloads.fetchers.base import Job
from downloads.fetchers.growth import Growth
from downloads.fetchers.partial_file import PartialFile
from downloads.ranges import Share, Shares
from providers.exceptions import ConnectionFailed, ProviderError, TimedOut, TooLarge, WrongContent
from providers.http import MediaResponse

BUFFER = 1024 * 1024
# Bytes that a kill may cost a connection.
NOTE_EVERY = 256 * 1024
# Bytes; no episode comes near, and a host that promises more must not park the item for want of room.
LARGEST_FILE = 10**12


class Together(Protocol):
    """What the connections of one file share."""

    job: Job
    partial: PartialFile
    transfer: Transfer
    shares: Shares
    growth: Growth
    parallel: bool

    def admits(self, connection: Connection, share: Share, response: MediaResponse) -> bool:
        """Sets it to work with this answer, unless the work is over."""

    def may_go_on(self) -> bool:
        """Whether a connection that has brought its share may take another."""

    def left(self, connection: Connection) -> None:
        """It has come to its end."""


class Connection:
    """Works in a thread of its own until nothing is left to take, or it fails."""

    def __init__(self, together: Together, share: Share) -> None:
        self._together = together
        self._share: Share | None = share
        self._buffer = memoryview(bytearray(BUFFER))
        self._thread = threading.Thread(target=self._run, name="file", daemon=True)
        # Set and read at one go, as the thread that watches looks at it as well.
        self.work: tuple[Share, MediaResponse] | None = None
        self.gained = 0
        self.error: Exception | None = None
        self.failed_opening = False

    def start(self, response: MediaResponse | None = None) -> None:
        """Begins, with an answer that is open already if there is one."""
        if self._share and response:
            self.work = (self._share, response)
        self._thread.start()

    def stop(self) -> None:
        """Waits until nothing more is written. One that only waits for an answer is left to its own end."""
        work = self.work
        if work:
            work[1].close()
            self._thread.join()

    def release(self) -> None:
        """Ends its waiting for bytes that another one has taken over."""
        work = self.work
        if work and work[0].position == work[0].end:
            work[1].close()

    def _run(self) -> None:
        try:
            while self._share:
                self._bring(self._share)
                self._share = self._next()
        except Exception as error:
            self.error = error
        finally:
            # Limits and configuration may have been read in this thread, which nobody tidies up after.
            database.close()
            self._together.left(self)

    def _next(self) -> Share | None:
        together = self._together
        return together.shares.take(time.monotonic()) if together.parallel and together.may_go_on() else None

    def _bring(self, share: Share) -> None:
        try:
            if self.work is None:
                self._open(share)
            if self.work:
                with self.work[1] as response:
                    self._receive(share, response)
        except (ConnectionFailed, TimedOut):
            # What it was still to bring another one took over.
            if share.position != share.end:
                raise
        finally:
            self.work = None
            self._together.shares.give_back(share, time.monotonic())

    def _open(self, share: Share) -> None:
        began = time.monotonic()
        try:
            response = ask(self._together.job, self._together.partial, share.start, share.end)
            if not self._together.partial.is_of(response):
                response.close()
                raise ConnectionFailed("The host answered a further connection with another file.")
        except ProviderError:
            self.failed_opening = True
            raise
        self._together.growth.answered(time.monotonic() - began)
        if not self._together.admits(self, share, response):
            response.close()

    def _receive(self, share: Share, response: MediaResponse) -> None:
        job, began = self._together.job, share.position
        noted = began
        job.control.on_interrupt(response.close)
        try:
            while (room := share.room(min(BUFFER, job.pace.piece))) and self._piece(share, response, room):
                if share.position - noted >= NOTE_EVERY:
                    self._together.partial.note(noted, share.position)
                    noted = share.position
        finally:
            self._together.partial.note(noted, share.position)
            job.control.forget(response.close)
        if share.end is None:
            self._together.shares.ends(share)
        elif share.position == began < share.end:
            raise ConnectionFailed("The host answered with nothing.")

    def _piece(self, share: Share, response: MediaResponse, most: int) -> int:
        """One read and what follows from it; 0 at the end of the answer."""
        together, view = self._together, self._buffer[:most]
        if share.position:
            count = response.pour_into(together.partial.file, share.position, view)
        else:
            count = response.read_into(view)
            refuse_page(view[:count])
            together.partial.write(view[:count], 0)
        own = together.shares.advance(share, count)
        self.gained += own
        together.transfer.advance(own)
        if share.position > LARGEST_FILE:
            raise TooLarge("The host sends more than it said, without an end.")
        together.job.pace.took(count)
        together.job.control.check()
        return count


def ask(job: Job, partial: PartialFile, start: int, end: int | None) -> MediaResponse:
    """Opens a part of the file; `end` None asks for all that follows. Raises `ProviderError`."""
    offset = start - partial.overlap(start)
    response = job.client.open(
        job.stream.url,
        headers=job.stream.headers,
        offset=offset,
        end=None if end == partial.head.total else end,
        if_range=(partial.validator or None) if partial.have or offset else None,
        as_part=True,
    )
    if response.content_type.startswith(("text/html", "application/json")):
        response.close()
        raise WrongContent(f"The host sent {response.content_type} instead of a video.")
    return response


def refuse_page(start: memoryview) -> None:
    """Raises `WrongContent` where a file begins like a page."""
    head = bytes(start[:64]).lstrip().lower()
    if head.startswith((b"<!doctype", b"<html", b"<?xml", b"{")):
        raise WrongContent("The host sent a page instead of a video.")
