"""The library over HTTP, one module per subject."""

from library.api.favorites import router as favorites_router
from library.api.metadata import router as metadata_router
from library.api.scans import router as scans_router
from library.api.series import router as series_router
from library.listing import detail
from library.schemas import DetailView

__all__ = ["DetailView", "detail", "favorites_router", "metadata_router", "scans_router", "series_router"]
