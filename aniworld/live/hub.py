"""Who is connected to this web process, and what the relay has brought. All of it runs in the loop's thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter, deque
from typing import Any, Protocol

from aniworld.live.identity import Identity, still_valid
from aniworld.live.message import Message
from aniworld.live.relay import Relay
from aniworld.live.threads import in_thread

_RECENT = 1000
# The relay outlives its last client a little: a page that loads another one is back at once.
_SECONDS_ALONE = 10
_SECONDS_BETWEEN_CHECKS = 5.0
# With very many different credentials the checks take longer turns instead of more of the processor.
_SECONDS_PER_CREDENTIAL = 0.01
_SECONDS_TO_START = 10.0


class Client(Protocol):
    """What the hub knows of a connection."""

    identity: Identity | None

    @property
    def room_names(self) -> list[str]:
        """The rooms it has joined."""

    def offer(self, messages: list[Message]) -> None:
        """New events, to be taken without blocking."""

    def overdue(self, now: float) -> bool:
        """Whether it owes an acknowledgement for too long."""

    def dismiss_slow(self) -> None:
        """Ends a connection that does not keep up."""

    def dismiss_unknown(self) -> None:
        """Ends a connection whose credential is no longer good."""


class Hub:
    """The connections of one event loop, its relay, and the latest events in memory.

    `position` is the id up to which everything has been offered to the connections; it never goes back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.position = 0
        # Every event with a higher id than this one, up to `position`, is in `_recent`.
        self.recent_after = 0
        self._recent: deque[Message] = deque()
        self._clients: set[Client] = set()
        self._relay: Relay | None = None
        self._ready = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def enter(self, client: Client) -> None:
        """From now on `client` is offered every new event. Raises TimeoutError when the log can't be read."""
        self._clients.add(client)
        if self._relay is None:
            self._ready.clear()
            self._relay = Relay(self.loop, self._start, self._deliver)
            self._relay.start()
            self._watch = self.loop.create_task(self._keep_watch())
        await asyncio.wait_for(self._ready.wait(), _SECONDS_TO_START)

    def leave(self, client: Client) -> None:
        """Forgets `client`."""
        self._clients.discard(client)

    def recent(self, after: int) -> list[Message]:
        """The events behind `after`, which must not be below `recent_after`."""
        return [message for message in self._recent if message.id > after]

    def status(self) -> dict[str, Any]:
        """Connections and rooms with counts. Callable from any thread: it works on a copy."""
        clients = list(self._clients)
        rooms = Counter(room for client in clients for room in client.room_names)
        return {"connections": len(clients), "rooms": dict(sorted(rooms.items())), "last_id": self.position}

    def _start(self, position: int) -> None:
        self.position = self.recent_after = position
        self._recent.clear()
        self._ready.set()

    def _deliver(self, messages: list[Message]) -> None:
        self._recent.extend(messages)
        while len(self._recent) > _RECENT:
            self.recent_after = self._recent.popleft().id
        self.position = messages[-1].id
        for client in tuple(self._clients):
            client.offer(messages)

    async def _keep_watch(self) -> None:
        """Every second: who is too slow, and now and then whose credential was revoked. Ends when all have gone."""
        alone, next_check = 0, self.loop.time() + _SECONDS_BETWEEN_CHECKS
        while alone < _SECONDS_ALONE:
            await asyncio.sleep(1)
            alone = 0 if self._clients else alone + 1
            now = self.loop.time()
            for client in [client for client in self._clients if client.overdue(now)]:
                client.dismiss_slow()
            if now >= next_check:
                credentials = await self._check_credentials()
                pause = max(_SECONDS_BETWEEN_CHECKS, credentials * _SECONDS_PER_CREDENTIAL)
                next_check = self.loop.time() + pause
        self._retire()

    async def _check_credentials(self) -> int:
        """Ends the connections whose credential is no longer good; answers how many credentials there are."""
        identities = {client.identity for client in self._clients if client.identity}
        for identity in identities:
            # A database that can't be asked revokes nobody.
            with contextlib.suppress(Exception):
                if await in_thread(still_valid, identity):
                    continue
                for client in [client for client in self._clients if client.identity == identity]:
                    client.dismiss_unknown()
        return len(identities)

    def _retire(self) -> None:
        if self._relay:
            self._relay.stop()
        self._relay = self._watch = None


_hubs: dict[int, Hub] = {}
_lock = threading.Lock()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    with _lock:
        for key in [key for key, known in _hubs.items() if known.loop.is_closed()]:
            del _hubs[key]
        return _hubs.setdefault(id(loop), Hub(loop))


def status() -> dict[str, Any]:
    """Connections and rooms of this process, over all its loops (a web process has one)."""
    with _lock:
        states = [known.status() for known in _hubs.values()]
    rooms: Counter[str] = Counter()
    for state in states:
        rooms.update(state["rooms"])
    return {
        "connections": sum(state["connections"] for state in states),
        "rooms": dict(sorted(rooms.items())),
        "last_id": max((state["last_id"] for state in states), default=0),
    }
