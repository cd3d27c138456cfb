"""Bells of this app: the rows say what is to be sent."""

from integrations.webhooks import delivering


def deliver() -> str:
    """Sends webhooks what is due."""
    return f"{delivering.deliver()} deliveries arrived"
