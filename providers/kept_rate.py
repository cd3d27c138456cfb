"""Rates that all machines keep together: bytes a second, or requests a minute.

With Redis they are counted there. Without it, and while it is away, each machine keeps to its share: the rate divided
by the machines that are there. So a limit holds in any case; only what one machine leaves is then lost to the others.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
import time
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.db import DatabaseError

from aniworld.supervisor.models import Machine
from providers.rate import Rate
from providers.shared_bucket import SharedBucket

logger = logging.getLogger(__name__)

# Seconds: of rest after Redis did not answer, and between two looks at how many machines there are.
_REST = 5.0
_COUNT_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Whoever took something may go on once everything up to here has passed."""

    at: float
    of_all: bool


class _Redis:
    """Whether Redis answered lately, as this process knows."""

    away_until = 0.0
    is_known_away = False

    def is_asked(self) -> bool:
        """Whether it is worth asking."""
        return bool(settings.REDIS_URL) and time.monotonic() >= self.away_until

    def answered(self) -> None:
        self.is_known_away = False

    def failed(self, error: Exception) -> None:
        self.away_until = time.monotonic() + _REST
        if not self.is_known_away:
            logger.warning("Redis can't be reached (%s): each machine keeps to its share of the limits", error)
        self.is_known_away = True


class _Machines:
    """How many machines there are, asked for now and then."""

    def __init__(self) -> None:
        self._asked_at = -_COUNT_EVERY
        self._counts = (1, 1)

    def count(self, *, downloading: bool) -> int:
        """At least 1: those that download, or all."""
        if settings.EMBEDDED:
            return 1
        if time.monotonic() - self._asked_at > _COUNT_EVERY:
            self._asked_at = time.monotonic()
            try:
                roles = list(Machine.objects.living().values_list("workers", flat=True))
                self._counts = (max(1, len(roles)), max(1, sum(roles)))
            except DatabaseError as error:
                logger.warning("It is not known how many machines there are: %s", error)
        return self._counts[downloading]


_redis = _Redis()
_machines = _Machines()


class KeptRate:
    """One rate by name, got by `kept`. Thread-safe, and safe over processes and forks.

    `of_downloads`: only machines that download need a share of it.
    """

    def __init__(self, name: str, folder: Path, *, of_downloads: bool) -> None:
        # A provider's name may hold what no file name can.
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        self._of_downloads = of_downloads
        self._here = SharedBucket(folder / digest)
        self._of_all: Any = _through_redis().RedisBucket(settings.REDIS_URL, digest) if settings.REDIS_URL else None

    def take(self, count: float, rate: Rate, *, extra: float = 0, within: float = math.inf) -> Place | None:
        """Takes `count` and answers the place to wait for with `remaining`.

        None, and nothing is taken, when that would be longer than `within` seconds. `extra` is charged to those who
        come after.
        """
        if self._of_all and _redis.is_asked():
            try:
                at = self._of_all.take(count, rate, extra=extra, within=within)
                _redis.answered()
                return None if at is None else Place(at, of_all=True)
            except _through_redis().AWAY as error:
                _redis.failed(error)
        at = self._here.take(count, self._share(rate), extra=extra, within=within)
        return None if at is None else Place(at, of_all=False)

    def remaining(self, place: Place, rate: Rate) -> float:
        """Seconds until everything up to `place` has passed at this rate; 0 when it has.

        Also 0 when Redis went away meanwhile: whoever waits goes on, and takes the next from the share of its machine.
        """
        if not place.of_all:
            return self._here.remaining(place.at, self._share(rate))
        if not _redis.is_asked():
            return 0.0
        try:
            return float(self._of_all.remaining(place.at, rate))
        except _through_redis().AWAY as error:
            _redis.failed(error)
            return 0.0

    def wait_for(self, count: float, rate: Rate) -> float:
        """Seconds that whoever took `count` now would have to wait."""
        if self._of_all and _redis.is_asked():
            try:
                return float(self._of_all.wait_for(count, rate))
            except _through_redis().AWAY as error:
                _redis.failed(error)
        return self._here.wait_for(count, self._share(rate))

    def _share(self, rate: Rate) -> Rate:
        return rate.share(_machines.count(downloading=self._of_downloads))


@cache
def _through_redis() -> ModuleType:
    """By its name: without Redis its library is not even loaded."""
    return import_module("providers.redis_bucket")


_kept: dict[tuple[Path, str], KeptRate] = {}
_lock = threading.Lock()


def _forget_lock() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget_lock)


def kept(name: str, *, of_downloads: bool = False) -> KeptRate:
    """The rate of that name, one object per process: closing a second file would drop the lock of the first."""
    folder = Path(settings.RUN_DIR) / "rates"
    with _lock:
        if (folder, name) not in _kept:
            _kept[folder, name] = KeptRate(name, folder, of_downloads=of_downloads)
        return _kept[folder, name]
