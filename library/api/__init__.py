"""The library over HTTP, one module per subject."""

from library.api.favorites import router as favorites_router
from library.api.folder import router as folder_router
from library.api.metadata import router as metadata_router
from library.api.scans import router as scans_router
from library.api.series import router as series_router
from library.api.specials import router as specials_router
from library.listing import detail
from library.schemas import DetailView

__all__ = [
    "DetailView",
    "detail",
    "favorites_router",
    "folder_router",
    "metadata_router",
    "scans_router",
    "series_router",
    "specials_router",
]
