"""Bells of this app: the rows say what is to be sent."""

from aniworld.alerts import delivering


def deliver() -> str:
    """Sends the alerts that are due."""
    return f"{delivering.deliver()} messages arrived"


def prune() -> str:
    """Deletes old alerts."""
    return f"{delivering.prune()} alerts deleted"
