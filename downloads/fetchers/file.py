"""Fetches a file over HTTP, over several connections at once where that helps, and goes on where an earlier try ended.

The first connection is the probe as well: its answer tells size, validators and whether ranges work. Others follow as
long as they bring more and the host allows them. A journal beside the data holds what is there and what the server
said of the file. Going on is only done when the server still says the same (If-Range, total length, validators);
where it gives no validator, one connection at a time brings the file, and the last bytes on disk are fetched again and
compared, so that a file that changed starts clean instead of becoming a mixture.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial as bound

from django.db import Error as AnyDatabaseError

from downloads import diskplan
from downloads.control import Transfer, went_without
from downloads.fetchers.base import Fetched, Job
from downloads.fetchers.file_connection import LARGEST_FILE, Connection, ask
from downloads.fetchers.growth import Growth
from downloads.fetchers.partial_file import PartialFile
from downloads.interruptions import Stalled
from downloads.ranges import WORTH_TAKING, Share, Shares
from downloads.workfolder import flush
from providers.exceptions import (
    Blocked,
    ConnectionFailed,
    Expired,
    NotFound,
    OutOfRange,
    TimedOut,
    TooLarge,
    WrongContent,
    WrongPart,
)
from providers.http import MediaResponse

logger = logging.getLogger(__name__)

# Seconds between two looks at how the connections do, at first and later.
TICK, CALM_TICK = 0.02, 0.1
# What a power cut costs: this many bytes, or seconds where more come in them. Waiting for the disk more often than that
# made a fast download five times slower.
SYNC_EVERY = 32 * 1024 * 1024
SYNC_SECONDS = 2.0
# A connection that breaks is taken up again at once, as long as each one brings something.
RECONNECTS = 50
LEAST_GAIN = 256 * 1024
IDLE_RECONNECTS = 2


def fetch(job: Job) -> Fetched:
    """The whole file, over `job.connections` connections at most."""
    partial = PartialFile(job.folder)
    if partial.complete:
        if not partial.on_disk:
            flush(partial.data)
        return Fetched(partial.data)
    transfer = Transfer(partial.size, partial.head.total)
    job.control.begin(transfer)
    try:
        _fetch(job, partial, transfer)
        # The last look of the watcher need not have seen the last byte.
        job.control.report_now()
    finally:
        partial.close()
        job.control.end()
    return Fetched(partial.data)


def _fetch(job: Job, partial: PartialFile, transfer: Transfer) -> None:
    growth, idle = Growth(job.connections), 0
    for _round in range(RECONNECTS):
        before = transfer.done
        try:
            _continue(job, partial, transfer, growth)
            return
        except (ConnectionFailed, TimedOut) as error:
            job.control.check()
            idle = idle + 1 if transfer.done - before < LEAST_GAIN else 0
            if idle > IDLE_RECONNECTS:
                raise Stalled(str(error)) if isinstance(error, TimedOut) else error from None
            logger.info("The connection broke at %d bytes and is taken up again", transfer.done)
    raise ConnectionFailed(f"The connection broke {RECONNECTS} times.")


def _continue(job: Job, partial: PartialFile, transfer: Transfer, growth: Growth) -> None:
    """From the probe's answer to the end of the file, or until no connection is left."""
    partial.close()
    began = time.monotonic()
    response = _probe(job, partial, growth)
    growth.answered(time.monotonic() - began)
    try:
        job.control.on_interrupt(response.close)
        _place(partial, response)
        transfer.place(partial.size, partial.head.total)
        _demand_room(job, partial)
        job.control.forget(response.close)
    except BaseException:
        response.close()
        raise
    Download(job, partial, transfer, growth, parallel=response.status == 206 and bool(partial.validator)).run(response)


def _probe(job: Job, partial: PartialFile, growth: Growth) -> MediaResponse:
    """The first missing part, asked for in a way that a cancel can end."""
    start, end = partial.gap
    try:
        return job.control.patiently(bound(ask, job, partial, start, end), job.client.policy.timeout)
    except (Blocked, NotFound) as error:
        # The address came from the host a moment ago: most likely it has run out.
        raise Expired(f"The stream's address is no longer good ({error})") from error
    except OutOfRange as error:
        if not start:
            raise WrongContent("The host sent an empty file.") from error
        partial.forget()
        raise ConnectionFailed("The file at the host is shorter than what is here; it starts anew.") from error
    except WrongPart as error:
        if not start or growth.most == 1:
            raise
        # Other hosts would have been asked for no part at all but for the further connections.
        growth.most = growth.wanted = 1
        partial.forget()
        raise ConnectionFailed("The parts that the host sends are not what they say; it starts anew.") from error


def _place(partial: PartialFile, response: MediaResponse) -> None:
    """Goes on with what is there, or begins anew with the answer.

    Raises `ConnectionFailed`, so that it starts anew, for a part from the midst of another file.
    """
    if (response.total or 0) > LARGEST_FILE:
        raise TooLarge(f"The host says that the file has {response.total} bytes.")
    if partial.have and partial.is_of(response) and _is_proven(partial, response):
        partial.go_on(response)
    elif response.offset == 0:
        partial.restart(response)
    else:
        partial.forget()
        raise ConnectionFailed("The file changed at the host; it starts anew.")


def _is_proven(partial: PartialFile, response: MediaResponse) -> bool:
    """Whether a validator, or the bytes that are on disk already, say that it is the same file."""
    start, _end = partial.gap
    found = memoryview(bytearray(start - response.offset))
    filled = 0
    while filled < len(found):
        received = response.read_into(found[filled:])
        if not received:
            return False
        filled += received
    return bool(partial.validator) or (bool(found) and partial.same_bytes(response.offset, found))


def _demand_room(job: Job, partial: PartialFile) -> None:
    """Room for the rest, beside what the other downloads still need; its own need is written down for them."""
    total = partial.head.total
    if not total:
        return
    job.control.report_now()
    try:
        diskplan.demand_rest(job.control.item, total, partial.size)
    except AnyDatabaseError as error:
        # What others need was judged when it began; the floor is looked at all the time.
        went_without(error)


class Download:
    """The connections of one file, and the thread that watches over them: it alone starts them and judges their end."""

    def __init__(self, job: Job, partial: PartialFile, transfer: Transfer, growth: Growth, *, parallel: bool) -> None:
        self.job = job
        self.partial = partial
        self.transfer = transfer
        self.growth = growth
        self.parallel = parallel
        self.shares = Shares(partial.have, partial.head.total)
        self._live: list[Connection] = []
        self._ended: list[Connection] = []
        self._lock = threading.Lock()
        self._news = threading.Event()
        self._over = False
        self._error: Exception | None = None
        self._room_at = transfer.done
        self._synced_at = time.monotonic()

    def run(self, response: MediaResponse) -> None:
        """Until all is there. Raises what ended the last connection when something is missing."""
        share = self.shares.first(time.monotonic())
        if share is None:
            response.close()
        else:
            self._begin(share, response)
        try:
            while self._live and not self.shares.done:
                self._news.wait(TICK if self.parallel and self.growth.grows else CALM_TICK)
                self._news.clear()
                self._look(time.monotonic())
        finally:
            self._stop()
            self.partial.have = self.shares.have
        self._judge(time.monotonic())
        if not self.shares.done:
            raise self._error or ConnectionFailed("The answer ended before the file did.")
        self.partial.end(self.shares.have, self.shares.total or 0)

    def admits(self, connection: Connection, share: Share, response: MediaResponse) -> bool:
        """Sets it to work with this answer, unless the work is over."""
        with self._lock:
            connection.work = None if self._over else (share, response)
            return not self._over

    def may_go_on(self) -> bool:
        """Whether a connection that has brought its share may take another."""
        return not self._over and len(self._live) <= self.growth.wanted

    def left(self, connection: Connection) -> None:
        """It has come to its end."""
        with self._lock:
            self._live.remove(connection)
            self._ended.append(connection)
        self._news.set()

    def _look(self, now: float) -> None:
        self.job.control.check()
        self._judge(now)
        self.shares.mark(now)
        for connection in list(self._live):
            connection.release()
        self._keep(now)
        if self.parallel:
            self._grow(now)

    def _judge(self, now: float) -> None:
        """What the end of a connection means for the others. Raises what no other connection could do better."""
        with self._lock:
            ended, self._ended = self._ended, []
            live = len(self._live)
        for connection in ended:
            error = connection.error
            if error is None:
                continue
            if not (connection.failed_opening or isinstance(error, ConnectionFailed | TimedOut)):
                # What ended the work counts, not how the threads noticed it.
                self.job.control.check()
                raise error
            if live and connection.gained < LEAST_GAIN:
                flowing = self._flowing()
                logger.info("Beside %d connections no further one: %s", flowing, error)
                self.growth.refused(flowing, error, now)
            if not connection.failed_opening:
                self._error = error

    def _grow(self, now: float) -> None:
        self.shares.worth_taking = max(WORTH_TAKING, 3 * self.growth.latency)
        total, done = self.shares.total or 0, self.transfer.done
        self.growth.look(now, done, total - done, flowing=self._flowing())
        while 0 < len(self._live) < self.growth.wanted and (share := self.shares.take(now)):
            self._begin(share)

    def _flowing(self) -> int:
        with self._lock:
            return sum(1 for connection in self._live if connection.gained)

    def _keep(self, now: float) -> None:
        """The floor of free space is kept, and what was written is flushed now and then."""
        done = self.transfer.done
        if done - self._room_at < SYNC_EVERY:
            return
        self._room_at = done
        diskplan.require(self.job.work_root, SYNC_EVERY)
        if now - self._synced_at >= SYNC_SECONDS:
            self.partial.sync(self.shares.have)
            self._synced_at = time.monotonic()

    def _begin(self, share: Share, response: MediaResponse | None = None) -> None:
        connection = Connection(self, share)
        with self._lock:
            self._live.append(connection)
        connection.start(response)

    def _stop(self) -> None:
        """No thread writes any more when this returns."""
        with self._lock:
            self._over = True
            live = list(self._live)
        for connection in live:
            connection.stop()
