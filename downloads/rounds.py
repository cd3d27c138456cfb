"""One round over the sources of an item: which one is tried next, which have to wait and for how long, and how it ends.

A source is tried once in a round and `max_retries` times in all, with a growing pause between its tries. One whose host
rests, is rate limited or has no free place has not been tried: its own time is waited for. A less wanted language is
only taken when no source of a better one is to be had soon.
"""

from __future__ import annotations

import random
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.configuration import store
from downloads import short_words
from downloads.control import Control
from downloads.models import Attempt, QueueItem
from downloads.places import host_limit
from providers.contracts import Source
from providers.exceptions import Blocked, RateLimited
from providers.models import Provider, ProviderStatus

# Seconds
LONGEST_PAUSE = 3600.0
RATE_LIMITED_AGAIN = 60.0
PLACE_AGAIN = 15.0
LOOK_FOR_PLACE = 1.0
# How long a source of a better language is worth waiting for.
WORTH_WAITING = 900.0


@dataclass(frozen=True, slots=True)
class Left:
    """A source that brings nothing now, in few words why. `seconds`: when it may be tried; None: it had all its tries.

    `is_awaited`: it did not fail, and is better waited for than replaced by one of a less wanted language.
    """

    source: Source
    words: str
    seconds: float | None
    is_blocked: bool = False
    is_full: bool = False
    is_awaited: bool = False


class Round:
    """Hands out the sources of an item one by one, with a place at their host taken."""

    def __init__(self, item: QueueItem, control: Control, sources: Sequence[Source]) -> None:
        self._item = item
        self._control = control
        self._sources = list(sources)
        self._ahead = deque(self._sources)
        self._left: list[Left] = []
        self._most = store.current().downloads.max_retries
        self._tries = _Tries(item, self._sources)
        self._wait_until = time.monotonic() + PLACE_AGAIN
        self.has_tried = False

    def next(self) -> Source | None:
        """The next source to try, its host occupied; waits a while for a place. None: the round is over.

        Raises what ended the work meanwhile.
        """
        while (source := self._next_with_place()) is None and self._may_wait():
            self._wait_for_place()
        if source:
            self._item.say("")
        return source

    def failed(self, source: Source, error: Exception) -> None:
        """It was tried and brought nothing."""
        self.has_tried = True
        self._tries.add(source, error)
        if isinstance(error, RateLimited):
            seconds = error.retry_after or RATE_LIMITED_AGAIN
            left = Left(source, short_words.of_error(error), seconds, is_awaited=seconds <= WORTH_WAITING)
        else:
            has_more = self._tries.of(source) < self._most
            pause = self._tries.pause(source) if has_more else None
            left = Left(source, short_words.of_error(error), pause, is_blocked=isinstance(error, Blocked))
        self._left.append(left)

    @property
    def is_blocked(self) -> bool:
        """Whether every source was blocked, now or when it was last asked."""
        return bool(self._left) and not self._ahead and all(left.is_blocked for left in self._left)

    @property
    def is_hopeless(self) -> bool:
        """Whether every source has had all its tries."""
        return not self._ahead and all(left.seconds is None for left in self._left)

    @property
    def delay(self) -> float:
        """Seconds until a source may be tried again, with some chance in it so that not all items come at once."""
        waits = [left.seconds for left in self._left if left.seconds is not None]
        return min([*waits, LONGEST_PAUSE]) * random.uniform(1, 1.25) + random.uniform(0, 1)  # noqa: S311 - no secret

    @property
    def message(self) -> str:
        """Every host of the round, and why it brought nothing, in one short line; each source stands in its attempt."""
        told = _told(self._left)
        has_failed = bool(self._left) and (self.has_tried or self.is_blocked or self.is_hopeless)
        return _("No host works: %s") % told if has_failed else told

    def _next_with_place(self) -> Source | None:
        while self._ahead:
            source = self._ahead[0]
            if self._better_soon(source):
                return None
            self._ahead.popleft()
            left = self._why_not(source)
            if left is None:
                return source
            self._left.append(left)
        return None

    def _better_soon(self, source: Source) -> bool:
        return any(left.is_awaited and left.source.language != source.language for left in self._left)

    def _wait_for_place(self) -> None:
        full = [left for left in self._left if left.is_full]
        self._item.say(_told(full))
        self._control.alive()
        self._control.pause(LOOK_FOR_PLACE)
        self._left = [left for left in self._left if not left.is_full]
        self._ahead.extendleft(left.source for left in reversed(full))

    def _may_wait(self) -> bool:
        return any(left.is_full for left in self._left) and time.monotonic() < self._wait_until

    def _why_not(self, source: Source) -> Left | None:
        if self._tries.of(source) >= self._most:
            return Left(source, self._tries.words(source), None, is_blocked=self._tries.was_blocked(source))
        row = Provider.known().get(source.host)
        resting = rest(row) if row else None
        if row and resting is not None:
            return _resting(source, row, resting)
        pause = self._tries.pause(source)
        if pause > 0:
            return Left(source, self._tries.words(source), pause, is_blocked=self._tries.was_blocked(source))
        limit = host_limit(source.host)
        if limit is not None and not self._item.occupy(source.host, limit):
            reason = _("no free place, it allows %d at once") % limit
            return Left(source, reason, PLACE_AGAIN, is_full=True, is_awaited=True)
        return None


class _Tries:
    """How often each source was tried since the item was last retried, and how its last try ended."""

    def __init__(self, item: QueueItem, sources: Sequence[Source]) -> None:
        self._links = Counter((source.host, source.language.value) for source in sources)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last: dict[tuple[str, str], tuple[float, str, bool]] = {}
        now = clock.now()
        for attempt in Attempt.objects.of_this_run(item):
            ended = time.monotonic() - (now - (attempt.ended_at or now)).total_seconds()
            blocked = attempt.outcome == Attempt.Outcome.BLOCKED
            words = short_words.of(attempt.outcome, attempt.error_code)
            self._note((attempt.provider, attempt.language), ended, words, blocked=blocked)
        known = [self._last.get(key) for key in self._links]
        if all(last and last[2] for last in known):
            # What is blocked everywhere waits until somebody solves it, and has not failed.
            self._counts.clear()

    def add(self, source: Source, error: Exception) -> None:
        if not isinstance(error, RateLimited):
            words = short_words.of_error(error)
            self._note(_key(source), time.monotonic(), words, blocked=isinstance(error, Blocked))

    def of(self, source: Source) -> int:
        """A host may have several links of one language: they are counted together, and share the number."""
        return self._counts[_key(source)] // self._links[_key(source)]

    def words(self, source: Source) -> str:
        return self._last[_key(source)][1] if _key(source) in self._last else ""

    def was_blocked(self, source: Source) -> bool:
        return _key(source) in self._last and self._last[_key(source)][2]

    def pause(self, source: Source) -> float:
        """Seconds until it may be tried again: longer after each try, 0 when it may be tried now."""
        count = self.of(source)
        if not count:
            return 0.0
        pause = min(LONGEST_PAUSE, store.current().providers.retry_delay * float(4 ** min(count - 1, 10)))
        return max(0.0, self._last[_key(source)][0] + pause - time.monotonic())

    def _note(self, key: tuple[str, str], ended: float, words: str, *, blocked: bool) -> None:
        self._counts[key] += 1
        self._last[key] = (ended, words, blocked)


def rest(row: Provider) -> float | None:
    """Seconds until a host that rests lets somebody through, as the last resort at least; None when that is now."""
    record: ProviderStatus | None = getattr(row, "status_record", None)
    if record is None or not record.is_open:
        return None
    return record.seconds_to_probe(last_resort=True) or None


def everything_rests() -> float | None:
    """Seconds until the first host may be asked; None when one may be asked now, or there is none at all."""
    hosts = [row for row in Provider.known().values() if row.kind == Provider.Kind.HOST and row.enabled]
    rests = [rest(row) for row in hosts]
    waits = [seconds for seconds in rests if seconds is not None]
    return min(waits) if waits and len(waits) == len(hosts) else None


def _resting(source: Source, row: Provider, seconds: float) -> Left:
    record: ProviderStatus = row.status_record
    again = timezone.localtime() + timedelta(seconds=seconds)
    reason = _("rests, and is asked again at %s") % f"{again:%H:%M %Z}"
    is_blocked = record.known_status == ProviderStatus.Status.BLOCKED and not record.is_pause
    is_short = record.seconds_to_probe() <= WORTH_WAITING
    return Left(source, reason, seconds, is_blocked=is_blocked, is_awaited=is_short and not is_blocked)


def _told(left: Sequence[Left]) -> str:
    return short_words.line(short_words.Said(one.source.host, one.words) for one in left)


def _key(source: Source) -> tuple[str, str]:
    return source.host, source.language.value
