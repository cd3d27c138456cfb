"""The stream of events to one connection: what it missed in order, then what comes."""

from __future__ import annotations

import asyncio
import enum
from typing import Protocol

from aniworld.live.hub import Hub
from aniworld.live.membership import Membership
from aniworld.live.message import Message
from aniworld.live.outbox import Outbox
from aniworld.live.protocol import NotUnderstood
from aniworld.live.replay import read_missed
from aniworld.live.threads import in_thread

# A `resume` usually comes right behind the joins. What happens in between is held back this long, so that it comes
# out behind what was missed and not before it.
SECONDS_TO_RESUME = 0.25


class Line(Protocol):
    """What the feed needs of its connection."""

    def wake(self) -> None:
        """There may be something in the outbox."""

    def fail(self, error: BaseException) -> None:
        """The feed can't go on."""

    async def resync(self, last_id: int) -> None:
        """Tells the client to reload: the log does not go back far enough."""


class Phase(enum.Enum):
    """OPENING: joined, may resume at once. CATCHING_UP: reads behind the hub. LIVE: gets what the hub offers."""

    OPENING = enum.auto()
    CATCHING_UP = enum.auto()
    LIVE = enum.auto()


class Feed:
    """Rooms of one connection, and how far it has been served.

    Only in LIVE does it take what the hub offers. Otherwise it follows with a cursor of its own, through the hub's
    memory or the log, and turns LIVE in the very step in which the cursor has reached the hub's position: nothing
    can come in between, since both move in the loop's thread.
    """

    def __init__(self, hub: Hub, outbox: Outbox, line: Line) -> None:
        self._hub = hub
        self._outbox = outbox
        self._line = line
        self._rooms: dict[str, Membership] = {}
        self._phase = Phase.OPENING
        self._cursor = 0
        self._resuming = False
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._space = asyncio.Event()

    @property
    def rooms(self) -> list[str]:
        """The rooms joined, by name."""
        return sorted(self._rooms)

    def join(self, room: str) -> None:
        """Everything that happens in `room` from now on is owed."""
        if room in self._rooms:
            return
        self._rooms[room] = Membership(since=self._hub.position)
        if self._phase is Phase.OPENING:
            if self._timer is None:
                self._cursor = self._hub.position
            else:
                self._timer.cancel()
            self._timer = self._hub.loop.call_later(SECONDS_TO_RESUME, self._catch_up)

    def leave(self, room: str) -> None:
        """Nothing of `room` is owed any more."""
        self._rooms.pop(room, None)

    def resume(self, after: int) -> None:
        """What happened behind `after` in the joined rooms is owed too. Raises `NotUnderstood` at a bad moment."""
        if not self._rooms:
            raise NotUnderstood("Join the rooms first, then resume.")
        if self._resuming:
            raise NotUnderstood("A resume is under way already.")
        served = {Phase.OPENING: None, Phase.CATCHING_UP: self._cursor, Phase.LIVE: self._hub.position}
        for membership in self._rooms.values():
            membership.resume(after, served[self._phase])
        self._resuming = True
        self._cursor = after
        self._catch_up()

    def offer(self, messages: list[Message]) -> None:
        """New events from the hub. Raises `TooSlow`."""
        if self._phase is not Phase.LIVE:
            return
        for message in messages:
            if self._owed(message):
                self._outbox.put(message)
        self._line.wake()

    def has_space(self) -> None:
        """To be called when the outbox takes more again."""
        self._space.set()

    def close(self) -> None:
        """Stops whatever is under way."""
        for pending in (self._timer, self._task):
            if pending:
                pending.cancel()

    def _owed(self, message: Message) -> bool:
        membership = self._rooms.get(message.room)
        return membership is not None and membership.owed(message.id)

    def _catch_up(self) -> None:
        self.close()
        self._phase = Phase.CATCHING_UP
        self._task = self._hub.loop.create_task(self._run())
        self._task.add_done_callback(self._report)

    def _report(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error:
            self._line.fail(error)

    async def _run(self) -> None:
        if self._cursor > self._hub.position:
            # Another process was faster than our relay; or the id is of another database, which the log will tell.
            await self._from_log()
        while self._cursor < self._hub.position:
            if self._cursor >= self._hub.recent_after:
                await self._send(self._hub.recent(self._cursor))
            else:
                await self._from_log()
        self._phase, self._resuming = Phase.LIVE, False

    async def _from_log(self) -> None:
        missed = await in_thread(read_missed, self._cursor, self._hub.position, self.rooms)
        if missed is None:
            await self._resync()
            return
        await self._send(missed.messages)
        self._cursor = max(self._cursor, missed.reached)

    async def _resync(self) -> None:
        self._cursor = self._hub.position
        self._rooms = {room: Membership(since=self._cursor) for room in self._rooms}
        await self._line.resync(self._cursor)

    async def _send(self, messages: list[Message]) -> None:
        """Puts what is owed into the outbox, never more than it takes: a replay waits instead of dropping."""
        for message in messages:
            if self._owed(message):
                await self._until_space()
                self._outbox.put(message)
                self._line.wake()
            self._cursor = message.id

    async def _until_space(self) -> None:
        while not self._outbox.open:
            self._space.clear()
            self._line.wake()
            await self._space.wait()
