"""The web server: daphne with limits of its own, on a socket that `up` holds open. Forked by the fork server."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from channels.routing import get_default_application
from daphne import server
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from aniworld.supervisor import linux
from aniworld.supervisor.request_limits import BoundedFactory
from aniworld.supervisor.socket_frames import DirectFactory

Scope = dict[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]

# Nobody sends more than a few hundred bytes; the socket's own rules allow 8 KiB and answer politely.
LARGEST_FRAME = 64 * 1024


def below(base_path: str, application: Application) -> Application:
    """The application as seen below `base_path`, whether or not the reverse proxy strips it from the path.

    Daphne takes the root path from a header of the client if there is one; here the configured one is put back.
    """
    root = f"/{base_path}" if base_path else ""

    async def rooted(scope: Scope, receive: Any, send: Any) -> None:
        if "path" in scope:
            path = scope["path"]
            inside = path == root or path.startswith(f"{root}/")
            scope = {**scope, "root_path": root, "path": path if inside else root + path}
        await application(scope, receive, send)

    return rooted


def serve(application: Application, descriptor: int, base_path: str) -> None:
    """Serves on an open, listening socket until SIGTERM."""
    # Daphne asks nobody which factories to use.
    server.HTTPFactory, server.WebSocketFactory = BoundedFactory, DirectFactory
    server.Server(
        application=below(base_path, application),
        endpoints=[f"fd:fileno={descriptor}"],
        http_timeout=None,
        websocket_max_message_size=LARGEST_FRAME,
        websocket_max_frame_size=LARGEST_FRAME,
        root_path="",
        verbosity=0,
        server_name="aniworld",
    ).run()


def run(descriptor: int) -> None:
    """Makes this process the web server on that listening socket."""
    linux.call_itself("web")
    os.environ["ANIWORLD_WEB"] = "on"
    _use_pool()
    serve(get_default_application(), descriptor, settings.BASE_PATH)


def _use_pool() -> None:
    # Django was set up for workers, and has no connection now.
    connections.settings[DEFAULT_DB_ALIAS].update(settings.WEB_DATABASE)
    with suppress(AttributeError):
        del connections[DEFAULT_DB_ALIAS]
