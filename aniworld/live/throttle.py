"""How often an operation reports: often enough to look alive, seldom enough to cost nothing. Pure."""

from __future__ import annotations

STEP_PERCENT = 1.0
LONGEST_SILENCE = 1.0
SHORTEST_PAUSE = 0.25


class Throttle:
    """Due when it moved by 1 % or a second has passed, and at most 4 times a second."""

    def __init__(self) -> None:
        self._reported_at: float | None = None
        self._percent: float | None = None

    def due(self, percent: float | None, now: float) -> bool:
        """Whether to report at `now` (monotonic seconds). A yes counts as reported.

        `percent` is None where the whole is unknown; then only time counts.
        """
        if self._reported_at is not None and not self._worth_it(percent, now - self._reported_at):
            return False
        self._reported_at, self._percent = now, percent
        return True

    def _worth_it(self, percent: float | None, pause: float) -> bool:
        if pause < SHORTEST_PAUSE:
            return False
        return pause >= LONGEST_SILENCE or self._moved(percent)

    def _moved(self, percent: float | None) -> bool:
        if percent is None or self._percent is None:
            return percent is not self._percent
        return abs(percent - self._percent) >= STEP_PERCENT
