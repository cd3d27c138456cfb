"""Starts the parts of an `up`, keeps them alive, and ends them in good order."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType

from aniworld.supervisor import instance
from aniworld.supervisor.chores import Chore, Chores
from aniworld.supervisor.parts import Part

# Seconds after the first SIGTERM: what still lives then is killed. The promise is to be gone after ten.
KILL_AFTER = 8.0
# Web and demo site have nothing to put away.
KILL_WEB_AFTER = 1.5
# Between two looks at the parts: until all are ready, and then.
LOOK_EVERY, LOOK_CALMLY = 0.1, 0.3


class Supervision:
    """The life of one `up`. `say` writes one line for the person in front of it; `warn` publishes one, from a chore."""

    def __init__(
        self, parts: list[Part], chores: list[Chore], *, say: Callable[[str], None], warn: Callable[[str], None]
    ) -> None:
        self.parts = parts
        self.on_ready: Callable[[], None] = lambda: None
        self._say = say
        self._warn = warn
        self._warnings: SimpleQueue[str] = SimpleQueue()
        self._signals = 0
        self._greeted = False
        self._chores = chores

    def run(self, last: Callable[[], object]) -> None:
        """Runs until SIGTERM or SIGINT, then stops everything within ten seconds; `last` is the final chore.

        Has to be called from the main thread, whose end the children are tied to.
        """
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        own = [Chore("Asking whether all parts answer", self._probe, 0.1), Chore("Warning", self._publish, 1)]
        chores = Chores([*own, *self._chores], last)
        try:
            for part in self.parts:
                if part.is_due:
                    part.start()
            chores.start()
            while not self._signals:
                self._revive()
                self._greet()
                # Not an event's wait: a signal that strikes while that holds its lock could never set it.
                time.sleep(LOOK_CALMLY if all(part.announced for part in self.parts) else LOOK_EVERY)
        finally:
            self._end(chores)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _probe(self) -> None:
        for part in self.parts:
            if not part.ready and part.probe and part.is_running:
                part.ready = part.probe()

    def _publish(self) -> None:
        while not self._warnings.empty():
            self._warn(self._warnings.get_nowait())

    def _greet(self) -> None:
        for part in self.parts:
            if part.ready and not part.announced:
                part.announced = True
                self._say(f"{part.label} ready")
        if not self._greeted and all(part.ready for part in self.parts):
            self._greeted = True
            self.on_ready()

    def _revive(self) -> None:
        for part in self.parts:
            if part.complaint:
                self._give_up(part, part.complaint)
            elif part.exit_code is not None:
                self._give_up(part, f"ended with {_outcome(part.exit_code)}")
            elif part.is_due:
                part.start()

    def _give_up(self, part: Part, why: str) -> None:
        part.announced = False
        line = f"{part.label} {why}: starting it again in {part.start_again_later():g} s"
        self._say(line)
        self._warnings.put(line)

    def _end(self, chores: Chores) -> None:
        deadline = time.monotonic() + KILL_AFTER
        self._say("Stopping")
        chores.stop()
        workers = [part for part in self.parts if part.stops_first]
        others = [part for part in self.parts if not part.stops_first]
        # Workers first, while web and database still serve them.
        self._stop_parts(workers, deadline - KILL_WEB_AFTER)
        # The web server before what it is a fork of.
        for part in reversed(others):
            self._stop_parts([part], min(deadline, time.monotonic() + KILL_WEB_AFTER))
        instance.reap([instance.name()])
        chores.join(max(0.5, deadline - time.monotonic()))
        self._say("Stopped")

    def _stop_parts(self, parts: list[Part], deadline: float) -> None:
        for part in parts:
            part.ask_to_stop()
        # A second signal means: at once.
        while self._signals < 2 and time.monotonic() < deadline and not all(part.is_gone() for part in parts):
            time.sleep(0.05)
        for part in parts:
            part.kill()


def _outcome(exit_code: int) -> str:
    return f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
