"""What workers do for imports. The task is a bell: the rows say what to do."""

from __future__ import annotations

from integrations.moving import working


def work() -> str:
    """Begins an import that waits; the worker is free again at once."""
    return "Importing" if working.take_on() else "Nothing to import"
