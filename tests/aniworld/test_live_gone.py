"""A client that goes while something is sent to it is nothing to complain about."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autobahn.exception import Disconnected

from aniworld.live.consumers import live_socket


@pytest.mark.django_db
@pytest.mark.parametrize("error", [Disconnected("Attempt to send on a closed protocol"), ConnectionResetError()])
@pytest.mark.parametrize("lasting", [1, 2])
def test_a_send_to_a_closed_socket_is_no_error(
    error: Exception, lasting: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The accept and the greeting: `lasting` says from which message on the socket is closed."""
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        if sent:
            await asyncio.Event().wait()
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])
        if len(sent) >= lasting:
            raise error

    async def talk() -> None:
        await asyncio.wait_for(live_socket(lambda _text: None, lambda _scope: None)({"headers": []}, receive, send), 4)

    asyncio.run(talk())
    assert sent[0] == "websocket.accept"
    assert "websocket.close" not in sent
    assert caplog.records == []
