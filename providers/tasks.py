"""What workers do for the providers."""

from __future__ import annotations

from providers import checking, rollups


def check_all() -> str:
    """Checks every provider, as at the start."""
    return checking.check_all()


def check_due() -> str:
    """Checks the providers whose interval is over."""
    return checking.check_due()


def roll_up() -> str:
    """Adds up the hours that are over."""
    return rollups.roll_up()


def prune() -> str:
    """Deletes requests and hours that are older than they are kept."""
    return rollups.prune()
