"""The HTTP face of the providers, by subject; the failover chain's is in `downloads.api`, which knows the attempts."""

from providers.api.config import router as config_router
from providers.api.health import router as health_router
from providers.api.status import router as status_router

__all__ = ["config_router", "health_router", "status_router"]
