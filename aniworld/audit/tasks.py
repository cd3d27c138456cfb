"""Bells of this app."""

from aniworld.audit import models


def prune() -> str:
    """Deletes what was changed more than a year ago from the log."""
    return f"{models.prune()} changes deleted"
