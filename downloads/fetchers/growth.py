"""How many connections one file gets: more only while more of them bring more, and as many as the host allows."""

from __future__ import annotations

from providers.exceptions import RateLimited

# From one connection to four to sixteen: each step is measured before the next.
STEP = 4
# Bytes a second that take a good part of a processor, over TLS above all: many connections would wait for it as well.
FAST, STEP_WHEN_FAST = 100_000_000, 2
# More connections must bring this much more, or the step is taken back.
HELPS = 1.2
# Seconds. What is over sooner is left to the connections that there are.
WORTH_GROWING = 1.0
SHORTEST_LOOK = 0.04
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 120.0


class Growth:
    """Decides from what is measured; knows no clock and no connection. Bytes and seconds."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.wanted = 1
        self.latency = 0.0
        self._since: tuple[float, int] | None = None
        # Connections and their speed before the last step.
        self._before: tuple[int, float] | None = None
        self._was_refused = False
        self._grows_at = 0.0
        self._pause = FIRST_PAUSE

    @property
    def grows(self) -> bool:
        """Whether it is still on its way up for the first time."""
        return self.wanted < self.most and not self._grows_at

    def answered(self, seconds: float) -> None:
        """So long it took until a connection was answered: how it does is not seen sooner."""
        self.latency = max(self.latency, min(seconds, 1.0))

    def refused(self, flowing: int, error: Exception, now: float) -> None:
        """The host turned down another connection beside those that bring bytes: there are no more for now."""
        self.wanted, self._before, self._since = max(1, flowing), None, None
        self._was_refused = True
        asked = (error.retry_after or 0) if isinstance(error, RateLimited) else 0
        self._rest(now, asked)

    def look(self, now: float, done: int, rest: int, *, flowing: int) -> None:
        """Measures, and wants more or fewer. `flowing`: connections that bring bytes; `done`, `rest`: of the file."""
        if self._was_refused:
            # Another one may have been on its way then, and was let in.
            self.wanted = min(self.most, max(self.wanted, flowing))
        if flowing < self.wanted or self._since is None:
            self._since = (now, done)
            return
        then, had = self._since
        if now - then < max(SHORTEST_LOOK, 2 * self.latency) or done <= had:
            return
        self._since = (now, done)
        speed = (done - had) / (now - then)
        if self._before and speed < HELPS * self._before[1]:
            self.wanted, self._before = self._before[0], None
            self._rest(now)
        elif rest > WORTH_GROWING * speed and now >= self._grows_at:
            self._before, self._was_refused = (self.wanted, speed), False
            step = STEP if speed < FAST else STEP_WHEN_FAST
            self.wanted = min(self.most, step * self.wanted)
            self._before = self._before if self.wanted > self._before[0] else None
        else:
            self._before = None

    def _rest(self, now: float, seconds: float = 0) -> None:
        self._grows_at = now + max(self._pause, seconds)
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)
