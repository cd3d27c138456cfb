"""Watches one item while a worker is at it: renews its lease, tells how far it is, and ends the work when it must.

The threads that work only bump counters here. One watcher thread looks twice a second: it writes the row and the event
when something moved, learns by a lost lease that the item was cancelled, stopped or taken over, sees stalls, and closes
what the working threads are blocked in. It renews the lease only while the work itself shows signs of life, so that a
hung worker loses its item instead of holding it for ever.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from types import TracebackType
from typing import NamedTuple, Protocol, Self, TypeVar

from django.db import Error as AnyDatabaseError
from django.db import close_old_connections, connection
from django.utils.translation import gettext as _

from aniworld.configuration import store
from aniworld.configuration.sections import Downloads
from aniworld.live.progress import Throttle
from downloads.interruptions import Interrupted, LeaseLost, ShuttingDown, Stalled, TooSlow, TransferFailed
from downloads.models import QueueItem
from downloads.models.queue_item import LEASE
from downloads.places import Place
from providers.exceptions import TimedOut
from providers.time_limit import awaited

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Set by SIGTERM for the whole process.
shutdown = threading.Event()
# What a worker process does about work that hangs for good: a worker has itself replaced.
on_hang: list[Callable[[], None]] = []

LOOK_SECONDS = 0.5
HANGING_SECONDS = 10.0
# What is asked for at once may take several requests, one after the other; seconds, and how many at their time limit.
PATIENCE, REQUESTS = 180.0, 4
RENEW_SECONDS = LEASE.total_seconds() / 3


class Gained(NamedTuple):
    """Looking back on a transfer: the seconds looked at, the bytes in them, and for how long our limit held it back."""

    seconds: float
    size: int
    held: float


class Paced(Protocol):
    """A limit of the bandwidth that the work keeps to."""

    def look(self) -> None:
        """Takes in what is in force now."""

    def held_back(self) -> bool:
        """Whether since the last call the limit, and not the host, decided how fast bytes came."""


class Transfer:
    """Counters of one transfer, in bytes. Thread-safe; `advance` is the only call on the hot path."""

    def __init__(self, had: int, total: int | None) -> None:
        self.done = had
        self.total = total
        self.fraction: float | None = None
        self._lock = threading.Lock()
        # Time, bytes, and the seconds so far in which our own limit held it back.
        self._marks: list[tuple[float, int, float]] = [(time.monotonic(), had, 0.0)]
        self._held = 0.0

    def advance(self, count: int) -> None:
        """`count` more bytes are on disk."""
        with self._lock:
            self.done += count

    def settle(self) -> None:
        """What is there already was not gained just now."""
        with self._lock:
            self._marks = [(time.monotonic(), self.done, self._held)]

    def place(self, had: int, total: int | None) -> None:
        """Stands at `had` bytes of `total`. Going back to an earlier place is no lack of speed."""
        behind = had < self.done
        self.done, self.total = had, total
        if behind:
            self.settle()

    def mark(self, now: float, window: float, *, held_back: bool = False) -> Gained:
        """Notes where it stands, and whether our own limit held it back since the last mark; looks back on `window`."""
        with self._lock:
            if held_back:
                self._held += now - self._marks[-1][0]
            self._marks.append((now, self.done, self._held))
            while len(self._marks) > 2 and now - self._marks[1][0] >= window:
                self._marks.pop(0)
            then, had, held = self._marks[0]
            return Gained(now - then, self.done - had, self._held - held)

    @property
    def percent(self) -> float:
        """0 to 100, from `fraction` where bytes do not tell."""
        if self.fraction is not None:
            return 100 * self.fraction
        return min(100.0, 100 * self.done / self.total) if self.total else 0.0


class Control:
    """Used as a context around the work at one item. `at_once`: neither the window nor the number at once counts."""

    def __init__(self, item: QueueItem, *, at_once: bool = False) -> None:
        self.item = item
        self._place = None if at_once else Place(item)
        self._paced: Paced | None = None
        self._told = threading.Event()
        self._error: Exception | None = None
        self._ended = threading.Event()
        self._transfer: Transfer | None = None
        self._closers: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._alive_until = time.monotonic() + 60
        self._renewed_at = time.monotonic()
        self._given_up = False
        # As they were when the database answered last.
        self._rules = store.current().downloads
        self._throttle = Throttle()
        self._watcher = threading.Thread(
            target=contextvars.copy_context().run, args=(self._watch,), name=f"watch-{item.pk}", daemon=True
        )

    def __enter__(self) -> Self:
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._watcher.join()

    def alive(self, seconds: float = 60) -> None:
        """The work got on, and the next sign of life comes within `seconds`. Raises when it has to end."""
        self._alive_until = time.monotonic() + seconds
        self.check()

    def check(self) -> None:
        """Raises what ended the work, or the transfer at hand, if anything did."""
        if self._error:
            raise self._error

    def pause(self, seconds: float) -> None:
        """Waits, at most so long. Raises what ended the work, or the transfer at hand, as soon as anything does."""
        self._told.wait(seconds)
        self.check()

    def check_item(self) -> None:
        """Raises what ended the work at the item as a whole; a mere stall of one transfer does not."""
        if isinstance(self._error, Interrupted):
            raise self._error

    def begin(self, transfer: Transfer) -> None:
        """From now on this transfer is what is reported, and watched for stalls."""
        with self._lock:
            self._transfer = transfer
        self.alive()

    def end(self) -> None:
        """No transfer runs: what comes next is not expected to move bytes, and how the last one failed is past."""
        with self._lock:
            self._transfer = None
            self._closers.clear()
            if isinstance(self._error, TransferFailed):
                self._error = None
                self._told.clear()

    def keep_to(self, paced: Paced) -> None:
        """From now on the work keeps to this limit, which is looked at as often as everything else."""
        self._paced = paced

    def patiently(self, ask: Callable[[], T], time_limit: float) -> T:
        """What `ask` answers. It can't be interrupted itself, so it runs in a thread of its own.

        `time_limit`: seconds that one of its requests may take. Raises at once when the work has to end, and `TimedOut`
        when all its requests together take far longer; the thread is left to come to its own end then.
        """
        seconds = max(PATIENCE, REQUESTS * time_limit)
        self.alive(seconds + HANGING_SECONDS)
        answer: Future[T] = Future()
        given_up, context = threading.Event(), contextvars.copy_context()
        threading.Thread(target=context.run, args=(_answer, answer, ask, given_up), name="patient", daemon=True).start()
        until = time.monotonic() + seconds
        try:
            while not wait([answer], timeout=LOOK_SECONDS / 2).done:
                self.check()
                if time.monotonic() > until:
                    raise TimedOut(_("No answer came within %d seconds.") % seconds)
        finally:
            given_up.set()
        self.alive()
        return answer.result()

    def on_interrupt(self, close: Callable[[], None]) -> None:
        """`close` is called from the watcher's thread when the work must end, so that a blocked read returns."""
        with self._lock:
            self._closers.append(close)
        if self._error:
            close()

    def forget(self, close: Callable[[], None]) -> None:
        """What `close` would close is closed already."""
        with self._lock:
            if close in self._closers:
                self._closers.remove(close)

    def report_now(self) -> None:
        """Writes how far it is at once, unless the database is away. Raises when the item is no longer ours."""
        try:
            if self._transfer:
                self._write(self._transfer, 0)
        except AnyDatabaseError as error:
            went_without(error)
        self.check()

    def _watch(self) -> None:
        try:
            while not self._ended.wait(LOOK_SECONDS):
                self._look()
        finally:
            connection.close()

    def _look(self) -> None:
        """One look. Whatever goes wrong in it, the next one follows: without a watcher the lease would run out."""
        try:
            if shutdown.is_set():
                self._interrupt(ShuttingDown("This worker is shutting down."))
            elif self._transfer:
                self._watch_transfer(self._transfer)
            else:
                self._stay()
        except AnyDatabaseError as error:
            # Nobody can claim the item either while the database is away, and every later write names the token.
            went_without(error)
        except Exception:
            logger.exception("An error of this program while it watched the work; it goes on")

    def _stay(self) -> bool:
        """Whether the item is still ours. What the operator changed, or the time of day did, reaches the work then."""
        if not self._still_ours():
            self._interrupt(LeaseLost("The item was cancelled, stopped or taken over."))
            return False
        self._rules = store.current().downloads
        if self._place and (lost := self._place.lost()):
            self._interrupt(lost)
        if self._paced:
            self._paced.look()
        return True

    def _still_ours(self) -> bool:
        now = time.monotonic()
        if now > self._alive_until:
            return self._outlived(now)
        self._given_up = False
        if now - self._renewed_at < RENEW_SECONDS:
            return self.item.is_leased()
        if not self.item.renew():
            return False
        # Only now: a renewal that failed is tried again at the next look.
        self._renewed_at = now
        return True

    def _outlived(self, now: float) -> bool:
        """The lease of work without a sign of life runs out, and somebody else may take the item."""
        if not self._given_up:
            self._given_up = True
            logger.error("The work shows no sign of life; its lease is left to run out")
        late = now - self._alive_until - 2 * LEASE.total_seconds()
        if late > HANGING_SECONDS:
            # It was told to end, and what it was blocked in was closed: only its process can still be ended.
            logger.critical("The work hangs for good; its process ends, so that another one takes its place")
            for end in on_hang:
                end()
        return late < 0 and self.item.is_leased()

    def _watch_transfer(self, transfer: Transfer) -> None:
        held_back = self._paced is not None and self._paced.held_back()
        gained = transfer.mark(time.monotonic(), self._rules.stall_seconds, held_back=held_back)
        if self._error is None:
            # Whether a transfer lives is what is judged here, and before the database is asked: while it is away, what
            # receives lives on. One that does not even end when told to is left.
            self._alive_until = max(self._alive_until, time.monotonic() + 60)
        try:
            is_ours = self._stay()
        finally:
            if failure := _failure(gained, self._rules):
                self._interrupt(failure, transfer)
        if is_ours and self._throttle.due(transfer.percent, time.monotonic()):
            self._write(transfer, gained.size / gained.seconds if gained.seconds else 0)

    def _write(self, transfer: Transfer, speed: float) -> None:
        done, total, percent = transfer.done, transfer.total, transfer.percent
        if not self.item.report(downloaded=done, total=total, speed=round(speed), percent=percent):
            self._interrupt(LeaseLost("The item was cancelled, stopped or taken over."))
        self._renewed_at = time.monotonic()

    def _interrupt(self, error: Exception, transfer: Transfer | None = None) -> None:
        """Ends the work, or only `transfer`, unless that has ended by itself meanwhile."""
        with self._lock:
            if transfer is not None and transfer is not self._transfer:
                return
            # That the item is no longer ours outweighs how its last transfer went.
            if self._error is None or (isinstance(error, Interrupted) and not isinstance(self._error, Interrupted)):
                self._error = error
            self._told.set()
            closers, self._closers = self._closers, []
        for close in closers:
            try:
                close()
            except Exception:
                # The others still have to be closed.
                logger.exception("What the work waits for could not be closed")


def went_without(error: AnyDatabaseError) -> None:
    """What was to be written or asked is left for now; the next try has a new connection."""
    logger.warning("The database did not answer: %s", error)
    close_old_connections()


def _failure(gained: Gained, rules: Downloads) -> TransferFailed | None:
    """A stall, or too little for too long. Time in which our own limit held the transfer back is not the host's."""
    seconds = gained.seconds - gained.held
    # Judged on half of the time at least, so that a limit that comes and goes hides no slow host.
    if gained.seconds < rules.stall_seconds or seconds < rules.stall_seconds / 2:
        return None
    if not gained.size:
        return Stalled(_("Not one byte came for %d seconds.") % rules.stall_seconds)
    speed = gained.size / seconds / 1000
    if speed >= rules.minimum_speed_kbps:
        return None
    facts = {"speed": round(speed), "asked": rules.minimum_speed_kbps}
    return TooSlow(_("%(speed)d kB/s, and at least %(asked)d are asked for.") % facts)


def _answer(answer: Future[T], ask: Callable[[], T], given_up: threading.Event) -> None:
    try:
        with awaited(given_up):
            answer.set_result(ask())
    except Exception as error:
        answer.set_exception(error)
    finally:
        connection.close()
