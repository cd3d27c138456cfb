"""What is done for all integrations together."""

from integrations.media_servers import telling
from integrations.webhooks import delivering


def prune() -> str:
    """Deletes what is remembered of messages to other systems beyond what is kept."""
    return f"{telling.prune()} calls of media servers and {delivering.prune()} deliveries deleted"
