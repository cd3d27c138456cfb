"""What workers do for the library. Each task is a bell: the rows say what to do."""

from __future__ import annotations

from library import loading


def load_pending() -> str:
    """Begins to load the series that wait for it; the worker is free again at once."""
    return f"{loading.take_on()} series taken on"
