"""The one way to the outside: guarded addresses, own redirects, limits on size and time, errors in our words."""

from providers.http.client import (
    IMAGE_LIMIT,
    KEY_LIMIT,
    PAGE_LIMIT,
    PLAYLIST_LIMIT,
    USER_AGENT,
    Answer,
    Client,
    MediaResponse,
    Page,
    Policy,
)

__all__ = [
    "IMAGE_LIMIT",
    "KEY_LIMIT",
    "PAGE_LIMIT",
    "PLAYLIST_LIMIT",
    "USER_AGENT",
    "Answer",
    "Client",
    "MediaResponse",
    "Page",
    "Policy",
]
