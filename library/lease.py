"""Keeps the leases of the series that are being loaded in this process, however long one request takes."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

from django.db import DatabaseError, connections

from aniworld import clock
from library.models import Series
from library.models.loading_state import LEASE

log = logging.getLogger(__name__)

# Seconds without a sign of life after which the lease of a series is left to run out, for somebody else to take over.
PATIENCE = 15 * 60.0


class LeaseKeeper:
    """One thread that renews leases at a third of their time. It lives while there are any to keep.

    A series whose loader has written nothing for `PATIENCE` seconds is given up: its thread is stuck where nobody can
    end it, and should it go on after all, its next write tells it that the lease is lost.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Series] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to keep any more."""
        return not self._kept

    def keep(self, series: Series) -> str:
        """Renews the lease that `series` holds now, from here on. Answers what `release` wants."""
        token = series.loading_token
        with self._changed:
            self._kept[token] = series
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
                self._thread.start()
        return token

    def release(self, token: str) -> None:
        """Stops renewing it."""
        with self._changed:
            self._kept.pop(token, None)
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Returns when something was released, at the latest after so long."""
        with self._changed:
            if self._kept:
                self._changed.wait(seconds)

    def _run(self) -> None:
        pause = LEASE.total_seconds() / 3
        next_at = time.monotonic() + pause
        try:
            while self._goes_on(next_at):
                if time.monotonic() >= next_at:
                    self._renew()
                    next_at = time.monotonic() + pause
        finally:
            connections.close_all()

    def _goes_on(self, until: float) -> bool:
        """Waits until then or a change. False when nothing is left: the next `keep` starts another thread."""
        with self._changed:
            if self._kept:
                self._changed.wait(max(0.0, until - time.monotonic()))
            if not self._kept:
                self._thread = None
            return bool(self._kept)

    def _renew(self) -> None:
        with self._changed:
            for token, series in list(self._kept.items()):
                if series.quiet_for() > PATIENCE:
                    log.error("%s has not got on for %s: giving it up", series, timedelta(seconds=PATIENCE))
                    del self._kept[token]
                    self._changed.notify_all()
            tokens = sorted(self._kept)
        try:
            Series.objects.filter(loading_token__in=tokens).update(loading_lease_until=clock.now() + LEASE)
        except DatabaseError:
            log.warning("The leases of %d series could not be renewed; trying again", len(tokens), exc_info=True)
