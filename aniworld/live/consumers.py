"""The socket: one connection from handshake to close. What it is sent is the feed's matter."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from autobahn.exception import Disconnected

from aniworld.live import protocol
from aniworld.live.feed import Feed
from aniworld.live.hub import hub
from aniworld.live.identity import Identity, Verify, Vouched, by_connection, by_token
from aniworld.live.message import Message, envelope
from aniworld.live.origin import own_origin
from aniworld.live.outbox import Outbox, TooSlow
from aniworld.live.protocol import Command, NotUnderstood
from aniworld.live.publish import ROOMS
from aniworld.live.threads import in_thread

logger = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

SECONDS_TO_AUTHENTICATE = 5.0


class Ended(Exception):
    """The conversation is over: `code` is what the socket is closed with, None when the client has gone."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


def live_socket(verify: Verify, vouched: Vouched) -> Application:
    """The ASGI application of `/ws/connect`.

    `verify` answers who a bearer token or API key belongs to, `vouched` whom a trusted proxy names.
    """

    async def connect(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await Connection(scope, receive, send, verify, vouched).run()

    return connect


async def refuse(scope: dict[str, Any], receive: Receive, send: Send) -> None:  # noqa: ARG001 - ASGI's interface
    """Closes a socket at an address where there is none: the handshake is answered with 403."""
    await receive()
    await send({"type": "websocket.close"})


class Connection:
    """One client. A task of its own listens, `run` itself sends events; both end as soon as `_finish` was called."""

    def __init__(self, scope: dict[str, Any], receive: Receive, send: Send, verify: Verify, vouched: Vouched) -> None:
        self.id = uuid.uuid4().hex
        self.identity: Identity | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._verify = verify
        self._vouched = vouched
        self._hub = hub()
        self._outbox = Outbox(self._now())
        self._feed = Feed(self._hub, self._outbox, self)
        self._pace = protocol.Pace()
        self._awake = asyncio.Event()
        self._finished = False
        self._code: int | None = None

    @property
    def room_names(self) -> list[str]:
        """The rooms it has joined."""
        return self._feed.rooms

    async def run(self) -> None:
        """From the handshake to the close."""
        await self._receive()
        await self._transmit({"type": "websocket.accept"})
        listener = self._hub.loop.create_task(self._listen())
        try:
            await self._send_events()
        finally:
            listener.cancel()
            self._feed.close()
            self._hub.leave(self)
        if self._code is not None:
            await self._transmit({"type": "websocket.close", "code": self._code})

    # What the hub and the feed call

    def offer(self, messages: list[Message]) -> None:
        """New events; whoever can't keep up with what may not be dropped is dismissed."""
        try:
            self._feed.offer(messages)
        except TooSlow:
            self.dismiss_slow()

    def overdue(self, now: float) -> bool:
        """Whether it owes an acknowledgement for too long."""
        return self._outbox.overdue(now)

    def dismiss_slow(self) -> None:
        """Ends a connection that does not keep up."""
        self._finish(protocol.TOO_SLOW)

    def dismiss_unknown(self) -> None:
        """Ends a connection whose credential is no longer good."""
        self._finish(protocol.UNAUTHENTICATED)

    def wake(self) -> None:
        """There may be something to send."""
        self._awake.set()

    def fail(self, error: BaseException) -> None:
        """What was missed can't be read just now: the client shall come again."""
        logger.warning("The event log can't be read for a client: %s", error)
        self._finish(protocol.NOT_READY)

    async def resync(self, last_id: int) -> None:
        """Tells the client to reload."""
        await self._say("resync", last_id=last_id)

    # Sending

    async def _send_events(self) -> None:
        while not self._finished:
            await self._awake.wait()
            self._awake.clear()
            while not self._finished and (message := self._outbox.take(self._now())):
                await self._transmit(message.frame)
            if self._outbox.open:
                self._feed.has_space()

    async def _say(self, type_: str, **data: Any) -> None:
        await self._transmit({"type": "websocket.send", "text": envelope(type_, data)})

    async def _transmit(self, message: dict[str, Any]) -> None:
        """Sends. A client that has gone meanwhile, which the server may tell by an error, ends it quietly."""
        try:
            await self._send(message)
        except (OSError, Disconnected):
            self._finish(None)

    def _finish(self, code: int | None) -> None:
        if not self._finished:
            self._finished, self._code = True, code
            self._awake.set()

    # Listening

    async def _listen(self) -> None:
        try:
            await self._greet()
            while True:
                await self._answer(await self._next())
        except Ended as end:
            self._finish(end.code)
        except TimeoutError:
            self._finish(protocol.NOT_READY)
        except Exception:  # one connection's failure must not stay unseen, nor leave it half alive
            logger.exception("A live connection failed")
            self._finish(protocol.BROKEN)

    async def _greet(self) -> None:
        # A foreign page's socket carries the cookie too, but may not use it.
        if own_origin(self._scope["headers"]):
            self.identity = await in_thread(by_connection, self._scope, self._vouched)
        if self.identity:
            await self._hub.enter(self)
        await self._say(
            "connected",
            connection_id=self.id,
            rooms=[],
            available_rooms=list(ROOMS),
            authenticated=self.identity is not None,
            last_id=self._hub.position if self.identity else None,
        )
        if self.identity is None:
            await self._await_credential()

    async def _await_credential(self) -> None:
        try:
            async with asyncio.timeout(SECONDS_TO_AUTHENTICATE):
                command = protocol.parse(await self._next())
        except (TimeoutError, NotUnderstood):
            raise Ended(protocol.UNAUTHENTICATED) from None
        if command.action != "authenticate" or not await self._authenticate(command.token):
            raise Ended(protocol.UNAUTHENTICATED)

    async def _next(self) -> dict[str, Any]:
        frame = await self._receive()
        if frame["type"] == "websocket.disconnect":
            raise Ended(None)
        if self._pace.exceeded(self._now()):
            raise Ended(protocol.TOO_MANY)
        if protocol.too_large(frame):
            raise Ended(protocol.TOO_LARGE)
        return frame

    async def _answer(self, frame: dict[str, Any]) -> None:
        try:
            await self._obey(protocol.parse(frame))
        except NotUnderstood as error:
            await self._say("error", message=str(error))

    async def _obey(self, command: Command) -> None:
        match command.action:
            case "ping":
                await self._say("pong")
            case "ack":
                self._outbox.acknowledge(command.id, self._now())
                self.wake()
            case "resume":
                self._feed.resume(command.id)
            case "join":
                self._feed.join(command.room)
                await self._say("joined", room=command.room, rooms=self._feed.rooms)
            case "leave":
                self._feed.leave(command.room)
                await self._say("left", room=command.room, rooms=self._feed.rooms)
            case _:
                if not await self._authenticate(command.token):
                    raise NotUnderstood("This token or key is not valid.")

    async def _authenticate(self, token: str) -> bool:
        identity = await in_thread(by_token, token, self._verify)
        if identity is None:
            return False
        if self.identity is None:
            await self._hub.enter(self)
        self.identity = identity
        await self._say("authenticated", username=identity.username, scope=identity.scope, last_id=self._hub.position)
        return True

    def _now(self) -> float:
        return self._hub.loop.time()
