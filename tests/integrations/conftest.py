"""Receivers that this process may reach, and rows that tell them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from integrations.media_servers.models import MediaServer
from integrations.webhooks.models import Webhook
from tests.aniworld.people import Api, signed_in, user
from tests.integrations.receiving import Receiver, receiver
from tests.library.conftest import running_site, site

__all__ = ["running_site", "site"]


@pytest.fixture
def other(settings: Any) -> Iterator[Receiver]:
    """One receiver, in a private network that the operator lets be reached."""
    with receiver() as server:
        settings.ALLOWED_PRIVATE_HOSTS = [server.host]
        yield server


@pytest.fixture
def receivers(settings: Any) -> Iterator[Callable[[], Receiver]]:
    """As many as are wanted."""
    with ExitStack() as stack:

        def one() -> Receiver:
            server = stack.enter_context(receiver())
            settings.ALLOWED_PRIVATE_HOSTS = [*settings.ALLOWED_PRIVATE_HOSTS, server.host]
            return server

        yield one


@pytest.fixture
def admin(db: None) -> Api:
    return signed_in(user())


def media_server(server: Receiver, kind: str = "jellyfin", **values: Any) -> MediaServer:
    facts = {"name": kind, "kind": kind, "address": server.url, "secret": "key", "library_folder": "/media/series"}
    return MediaServer.objects.create(**{**facts, **values})


def webhook(server: Receiver, **values: Any) -> Webhook:
    facts = {"name": "hook", "address": f"{server.url}/in", "secret": "s3cret", "events": ["download_complete"]}
    return Webhook.objects.create(**{**facts, **values})
