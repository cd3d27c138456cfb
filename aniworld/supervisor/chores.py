"""What `up` does besides keeping its parts alive: small regular work, in one thread, each piece isolated.

It is a thread of its own because a chore may wait for the database for seconds, and stopping must not wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import close_old_connections, connections

logger = logging.getLogger(__name__)

BETWEEN_ROUNDS = 0.25
# A chore that fails is tried again as before, but says so only this often, in seconds.
COMPLAIN_EVERY = 60.0


@dataclass
class Chore:
    """A piece of regular work. `every` is in seconds, from the end of one run to the next."""

    name: str
    work: Callable[[], object]
    every: float
    due_at: float = 0.0
    complained_at: float = -COMPLAIN_EVERY

    def run(self) -> None:
        """Does it once; an error is logged and never leaves here."""
        try:
            self.work()
        except Exception:  # whatever one chore trips over, the others go on
            close_old_connections()
            if time.monotonic() - self.complained_at >= COMPLAIN_EVERY:
                self.complained_at = time.monotonic()
                logger.exception("%s failed", self.name)
        self.due_at = time.monotonic() + self.every


class Chores:
    """Runs chores until `stop`, then `last`, once."""

    def __init__(self, chores: list[Chore], last: Callable[[], object]) -> None:
        self._chores = chores
        self._last = Chore("Tidying up", last, 0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Asks it to end; answers at once."""
        self._stopping.set()

    def join(self, seconds: float) -> None:
        """Waits for its end, at most so long."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping.wait(BETWEEN_ROUNDS):
            for chore in self._chores:
                if time.monotonic() >= chore.due_at and not self._stopping.is_set():
                    chore.run()
        self._last.run()
        connections.close_all()
