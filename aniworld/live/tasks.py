"""Bells of this app."""

from aniworld.live import pruning


def prune() -> str:
    """Deletes old events and the history of progress beyond what the configuration keeps."""
    pruned = pruning.prune(pruning.limits())
    return f"{pruned.events} events and {pruned.operations} ended operations deleted"
