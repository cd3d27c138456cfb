"""The integrations over HTTP, below `/api/integrations`, and the widget."""

from integrations.api.feeds import router as feeds_router
from integrations.api.media_servers import router as media_servers_router
from integrations.api.webhooks import router as webhooks_router
from integrations.api.widget import router as widget_router

__all__ = ["feeds_router", "media_servers_router", "webhooks_router", "widget_router"]
