"""Keeps transfers within the bandwidth that the operator allows: in all, and per provider."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from downloads import window
from providers.kept_rate import KeptRate, Place, kept
from providers.models import Provider
from providers.rate import Rate

if TYPE_CHECKING:
    from downloads.control import Control

# Bytes read at most at once while nothing limits the speed.
UNLIMITED_PIECE = 1024 * 1024
# Under a limit, a piece is what may come in so many seconds, within these bounds.
_PIECE_SECONDS = 0.02
_SMALLEST, _LARGEST = 1024, 256 * 1024
# What a host has ready at once when it is not what holds the transfer back.
_READY = 32 * 1024
# Saved up for the moments in which nobody reads; seconds.
_SAVED_SECONDS = 0.1
# How long is waited at most before the rate in force is looked at again.
_LONGEST_WAIT = 0.25
_BYTES_PER_MEGABIT = 125_000


class Pace(Protocol):
    """What a fetcher keeps to while it reads. Shared by all threads of one download."""

    @property
    def piece(self) -> int:
        """The most bytes to read at once now: smaller under a tight limit, so that the flow stays even."""

    def took(self, count: int) -> None:
        """Accounts for so many bytes just read, and waits until the next may be read.

        Raises what ended the work meanwhile, as `Control.check` does.
        """


class Unlimited:
    """No limit at all."""

    piece = UNLIMITED_PIECE

    def took(self, count: int) -> None:
        """Waits for nothing."""


@dataclass(slots=True)
class _Lately:
    """What the reading threads did since the watcher last asked: bytes, those of whole pieces, and seconds."""

    size: int = 0
    at_once: int = 0
    read_seconds: float = 0
    paced_seconds: float = 0


class Shared:
    """The limits in force for downloads from one host, kept together with every other process of every machine.

    Asked again at each look of the watcher, so that the reading threads need neither clock nor database; they read an
    attribute when nothing limits them.
    """

    def __init__(self, control: Control, host: str) -> None:
        self.piece = UNLIMITED_PIECE
        self._control = control
        self._host = host
        self._limits: tuple[tuple[KeptRate, Rate], ...] = ()
        self._lock = threading.Lock()
        self._thread = threading.local()
        self._waiting = 0
        self._lately = _Lately()
        self.look()
        control.keep_to(self)

    def look(self) -> None:
        """Takes in the limits that are in force now."""
        row = Provider.known().get(self._host)
        allowed = {"bandwidth": window.bandwidth_limit()}
        if row:
            allowed[f"bandwidth of {row.name}"] = row.rules().bandwidth_limit_mbps
        limits = [
            (kept(name, of_downloads=True), limit * _BYTES_PER_MEGABIT) for name, limit in allowed.items() if limit
        ]
        self._limits = tuple((bucket, Rate(each, each * _SAVED_SECONDS)) for bucket, each in limits)
        tightest = min((each for _bucket, each in limits), default=None)
        self.piece = UNLIMITED_PIECE if tightest is None else _piece(tightest)

    def took(self, count: int) -> None:
        """Accounts for so many bytes just read, and waits until the next may be read.

        Raises what ended the work meanwhile, as `Control.check` does.
        """
        limits = self._limits
        if not limits:
            return
        began = time.monotonic()
        with self._lock:
            self._waiting += 1
            self._lately.size += count
            self._lately.at_once += count if count >= min(self.piece, _READY) else 0
            self._lately.read_seconds += began - getattr(self._thread, "back_at", began)
        try:
            places = [(bucket, bucket.take(count, rate)) for bucket, rate in limits]
            while (seconds := self._remaining(places)) > 0:
                self._control.pause(min(seconds, _LONGEST_WAIT))
        finally:
            self._thread.back_at = time.monotonic()
            with self._lock:
                self._waiting -= 1
                self._lately.paced_seconds += self._thread.back_at - began

    def held_back(self) -> bool:
        """Whether since the last call the limit, and not the host, decided how fast bytes came.

        A reader that comes back from its wait finds a whole piece ready, and at once, when the host sends at least its
        share of what is allowed; one that finds less, or waits for it, waits for the host.
        """
        with self._lock:
            lately, self._lately = self._lately, _Lately()
            if not lately.size:
                return self._waiting > 0
        return 2 * lately.at_once >= lately.size and lately.paced_seconds > lately.read_seconds

    def _remaining(self, places: list[tuple[KeptRate, Place | None]]) -> float:
        """Seconds until everything taken has passed under the limits in force now; a limit that was lifted is over."""
        rates = dict(self._limits)
        waits = [bucket.remaining(place, rates[bucket]) for bucket, place in places if place and bucket in rates]
        return max(waits, default=0)


def _piece(bytes_per_second: float) -> int:
    return int(min(max(bytes_per_second * _PIECE_SECONDS, _SMALLEST), _LARGEST))
