"""The HTTP face of the queue: thin, the verbs are in `downloads.queue`."""

from downloads.api.calendar import router as calendar_router
from downloads.api.failover import router as failover_router
from downloads.api.files import router as files_router
from downloads.api.queue import router as queue_router
from downloads.api.series import router as series_router
from downloads.api.undo import router as undo_router
from downloads.api.why import router as why_router

__all__ = [
    "calendar_router",
    "failover_router",
    "files_router",
    "queue_router",
    "series_router",
    "undo_router",
    "why_router",
]
