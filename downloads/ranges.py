"""What of a file is there, what is missing, and which connection brings which part. Nothing but arithmetic.

A range is (start, end) in bytes, the end not included.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence

Range = tuple[int, int]

# Bytes; cuts lie on multiples of this, and less than this is not worth another request.
GRAIN = 32 * 1024
# Seconds: what takes its connection less than this is not taken over, as another request may need as long.
WORTH_TAKING = 0.1
# Seconds that a connection's speed is measured over.
WINDOW = 2.0


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same bytes as sorted ranges that neither touch nor overlap."""
    found: list[Range] = []
    for start, end in sorted(ranges):
        if end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def missing(have: Sequence[Range], total: int) -> list[Range]:
    """What of `total` bytes is not in `have`, which is merged."""
    ends = [0, *(end for _start, end in have)]
    starts = [*(start for start, _end in have), total]
    return [(end, min(start, total)) for end, start in zip(ends, starts, strict=True) if end < min(start, total)]


def length(ranges: Iterable[Range]) -> int:
    """Bytes in ranges that do not overlap."""
    return sum(end - start for start, end in ranges)


class Share:
    """A part of the file that one connection brings. `end` is None where nobody knows it, and may come nearer.

    `reach` is where it was at first, and where the connection's answer ends.
    """

    def __init__(self, start: int, end: int | None, now: float) -> None:
        self.start = start
        self.position = start
        self.end = self.reach = end
        self._marks: deque[tuple[float, int]] = deque([(now, start)])

    @property
    def rest(self) -> int:
        """Bytes still to come; 0 where nobody knows."""
        return 0 if self.end is None else self.end - self.position

    def room(self, most: int) -> int:
        """How many of `most` bytes belong to this share."""
        return most if self.end is None else max(0, min(most, self.end - self.position))

    def mark(self, now: float) -> None:
        """Notes where it stands."""
        self._marks.append((now, self.position))
        while len(self._marks) > 2 and now - self._marks[1][0] >= WINDOW:
            self._marks.popleft()

    def speed(self, now: float) -> float | None:
        """Bytes a second lately; None as long as it is too new to tell."""
        then, had = self._marks[0]
        if self.position == self.start and now - then < WINDOW:
            return None
        return (self.position - had) / max(now - then, 1e-3)


class Shares:
    """Divides a file among connections so that each byte is one's own task. May be shared by threads."""

    def __init__(self, have: Iterable[Range], total: int | None) -> None:
        self._lock = threading.Lock()
        self._have = merged(have)
        self._held: list[Share] = []
        # Of the connection that came to its end last: what another one may be expected to bring.
        self._lately = 0.0
        self.total = total
        self.worth_taking = WORTH_TAKING
        known = self._have[-1][1] if self._have else 0
        self._spare: list[tuple[int, int | None]] = (
            [(known, None)] if total is None else list(missing(self._have, total))
        )

    @property
    def have(self) -> list[Range]:
        """What was brought so far."""
        with self._lock:
            return merged([*self._have, *((share.start, share.position) for share in self._held)])

    @property
    def done(self) -> bool:
        """Whether every byte is there."""
        with self._lock:
            return not self._spare and all(share.end == share.position for share in self._held)

    def first(self, now: float) -> Share | None:
        """The missing part that lies first; None when nothing is left that nobody brings."""
        with self._lock:
            return self._hold(*self._spare.pop(0), now) if self._spare else None

    def take(self, now: float) -> Share | None:
        """The next part for a connection that has none: the largest one that nobody brings, else a part of another's.

        None when nothing is left, or only what will be there before another connection could help.
        """
        with self._lock:
            if self._spare:
                largest = max(self._spare, key=lambda part: (part[1] or 0) - part[0])
                self._spare.remove(largest)
                return self._hold(*largest, now)
            found = self._slowest(now)
            return self._taken_over(*found, now) if found else None

    def wanted(self, now: float) -> bool:
        """Whether `take` would find something."""
        with self._lock:
            return bool(self._spare) or self._slowest(now) is not None

    def advance(self, share: Share, count: int) -> int:
        """`count` more bytes of the share are in the file; answers how many of them were its own task."""
        with self._lock:
            own = share.room(count)
            share.position += own
            return own

    def give_back(self, share: Share, now: float) -> None:
        """The connection brings no more of it: what is missing is anybody's again."""
        with self._lock:
            self._held.remove(share)
            self._lately = share.speed(now) or self._lately
            self._have = merged([*self._have, (share.start, share.position)])
            if share.position != share.end and not self._handed_back(share):
                self._spare = sorted([*self._spare, (share.position, share.end)])

    def _handed_back(self, share: Share) -> bool:
        """A part of which nothing came goes back to the connection that it was taken from: its answer has it still."""
        if share.end is None or share.position != share.start:
            return False
        for other in self._held:
            if other.end == share.start and other.reach is not None and other.reach >= share.end:
                other.end = share.end
                return True
        return False

    def ends(self, share: Share) -> None:
        """The file turned out to end where the share stands."""
        with self._lock:
            share.end = self.total = share.position

    def mark(self, now: float) -> None:
        """Measures every connection's speed; to be called a few times a second."""
        with self._lock:
            for share in self._held:
                share.mark(now)

    def _hold(self, start: int, end: int | None, now: float) -> Share:
        share = Share(start, end, now)
        self._held.append(share)
        return share

    def _slowest(self, now: float) -> tuple[Share, float, float] | None:
        """The share that will take longest, with its speed and the one to expect; None if none is worth taking over."""
        speeds = {share: share.speed(now) for share in self._held}
        known = [speed for speed in speeds.values() if speed is not None]
        usual = max(sum(known) / len(known) if known else 0.0, self._lately)
        judged = [(share, usual if speed is None else speed) for share, speed in speeds.items()]
        fit = [(share, speed) for share, speed in judged if share.rest >= (2 * GRAIN if speed else 1)]
        if not fit or not usual:
            return None
        share, speed = max(fit, key=lambda one: one[0].rest / max(one[1], 1.0))
        return (share, speed, usual) if share.rest / max(speed, 1.0) > self.worth_taking else None

    def _taken_over(self, share: Share, speed: float, usual: float, now: float) -> Share:
        """So much of the rest that both come to their end at the same time."""
        end, cut = share.end, share.position + split(share.rest, speed, usual)
        share.end = cut
        return self._hold(cut, end, now)


def split(rest: int, own: float, other: float) -> int:
    """How many of `rest` bytes, at least two grains, stay with a connection of speed `own` beside an `other` one."""
    if own <= 0:
        return 0
    keeps = round(rest * own / (own + other) / GRAIN) * GRAIN
    return min(max(keeps, GRAIN), rest - GRAIN)
