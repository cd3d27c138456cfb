"""Whether anything was written to the database since the last look, so that a look can be spared where nothing was."""

from __future__ import annotations

import math
import time

from django.db import connection

from aniworld import commits


class Changes:
    """What one looker knows of the database. Belongs to one thread and its connection."""

    def __init__(self, anyway_after: float = math.inf) -> None:
        """After so many seconds it looks also without a change: for what time alone makes due."""
        self._anyway_after = anyway_after
        self._known: tuple[object, int, int] | None = None
        self._true_at = -math.inf

    def any(self) -> bool:
        """Whether there may be something new since this was asked before: by others, or on this very connection.

        To be asked before the look: what is committed between the two is then found by the next one. On PostgreSQL
        there is no such cheap answer, and it is always true.
        """
        if connection.vendor != "sqlite":
            return True
        version = commits.version()
        before, self._known = self._known, (connection.connection, version, connection.connection.total_changes)
        # A version means something only beside another one of the same connection.
        is_same = before is not None and before[0] is self._known[0] and before[1:] == self._known[1:]
        if is_same and time.monotonic() - self._true_at < self._anyway_after:
            return False
        self._true_at = time.monotonic()
        return True

    def forget(self) -> None:
        """The look failed, or there is more than it took: the next one has to be made."""
        self._known = None
