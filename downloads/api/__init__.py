"""The HTTP face of the queue: thin, the verbs are in `downloads.queue`."""

from downloads.api.queue import router as queue_router
from downloads.api.series import router as series_router
from downloads.api.undo import router as undo_router

__all__ = ["queue_router", "series_router", "undo_router"]
