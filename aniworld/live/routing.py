"""Where the sockets are."""

from __future__ import annotations

import re

from django.conf import settings
from django.urls import URLPattern, re_path

from aniworld.live.consumers import live_socket, refuse
from aniworld.live.identity import Verify, Vouched


def websocket_urlpatterns(verify: Verify, vouched: Vouched) -> list[URLPattern]:
    """`/ws/connect`, also under `BASE_PATH` (proxies cut the prefix off or leave it), and a refusal for the rest."""
    prefix = f"(?:{re.escape(settings.BASE_PATH)}/)?" if settings.BASE_PATH else ""
    # django-stubs knows no ASGI applications as views.
    return [
        re_path(rf"^{prefix}ws/connect/?$", live_socket(verify, vouched)),  # type: ignore[arg-type]
        re_path(r"", refuse),  # type: ignore[arg-type]
    ]
