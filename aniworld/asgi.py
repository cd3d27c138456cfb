"""The ASGI application: pages and API by Django, sockets by Channels."""

import os
from collections.abc import Awaitable, Callable
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
pages = get_asgi_application()

# What knows models can be imported only after Django was set up above.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - see above

from aniworld import log_level  # noqa: E402 - see above
from aniworld.accounts import proxied, tokens  # noqa: E402 - see above
from aniworld.live.routing import websocket_urlpatterns  # noqa: E402 - see above

if os.environ.get("ANIWORLD_WEB"):
    log_level.keep_fresh()
_sockets = URLRouter(websocket_urlpatterns(tokens.verify, proxied.on_socket))
_protocols = ProtocolTypeRouter({"http": pages, "websocket": _sockets})


async def application(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Everything that daphne serves.

    Daphne takes `root_path` from a header of the client; ours is `BASE_PATH` and nothing else.
    """
    await _protocols({**scope, "root_path": ""}, receive, send)
