"""What one client has been sent and not acknowledged, and what waits behind that. No clock, no socket, no database."""

from __future__ import annotations

from collections import deque

from aniworld.live.message import Message

# The only events that a client may miss: the next one of the same operation says it all again.
DROPPABLE = frozenset({"download_progress", "scan_progress", "queue_progress"})
MESSAGES_OUT = 2000
BYTES_OUT = 4 * 1024 * 1024
MESSAGES_WAITING = 1000
BYTES_WAITING = 1024 * 1024
SECONDS_WITHOUT_ACK = 30.0


class TooSlow(Exception):
    """More waits than may, and none of it can be dropped."""


class Outbox:
    """Messages in id order: first out and unacknowledged (bounded by a window), then waiting for the window.

    The server that only sends can't see a reader who stopped; what it sends would pile up in its own memory.
    """

    def __init__(self, now: float) -> None:
        self._out: deque[Message] = deque()
        self._bytes_out = 0
        self._progress: deque[Message] = deque()
        self._others: deque[Message] = deque()
        self._bytes_waiting = 0
        self._moved_at = now
        self.dropped = 0

    @property
    def waiting(self) -> int:
        """How many messages wait for the window."""
        return len(self._progress) + len(self._others)

    @property
    def open(self) -> bool:
        """Whether there is room for a message without dropping another: what may go out is about to be taken."""
        return self.waiting < MESSAGES_WAITING // 10 and self._window_open()

    def put(self, message: Message) -> None:
        """Adds a message with a higher id than all before; the oldest waiting progress makes room for it.

        Raises `TooSlow` when what may never be dropped is too much already.
        """
        (self._progress if message.type in DROPPABLE else self._others).append(message)
        self._bytes_waiting += message.size
        while self._overfull() and self._progress:
            self._bytes_waiting -= self._progress.popleft().size
            self.dropped += 1
        if self._overfull() and not self._window_open():
            raise TooSlow

    def take(self, now: float) -> Message | None:
        """The next message to send, which counts as out from `now` on; None when none waits or the window is full."""
        if not self.waiting or not self._window_open():
            return None
        message = self._next_queue().popleft()
        self._bytes_waiting -= message.size
        if not self._out:
            self._moved_at = now
        self._out.append(message)
        self._bytes_out += message.size
        return message

    def acknowledge(self, id_: int, now: float) -> None:
        """The client has handled everything up to `id_`."""
        while self._out and self._out[0].id <= id_:
            self._bytes_out -= self._out.popleft().size
            self._moved_at = now

    def overdue(self, now: float) -> bool:
        """Whether messages are out and no acknowledgement has freed any for 30 s."""
        return bool(self._out) and now - self._moved_at > SECONDS_WITHOUT_ACK

    def _window_open(self) -> bool:
        return len(self._out) < MESSAGES_OUT and self._bytes_out < BYTES_OUT

    def _overfull(self) -> bool:
        return self.waiting > MESSAGES_WAITING or self._bytes_waiting > BYTES_WAITING

    def _next_queue(self) -> deque[Message]:
        if not self._progress:
            return self._others
        if not self._others:
            return self._progress
        return min(self._progress, self._others, key=lambda queue: queue[0].id)
