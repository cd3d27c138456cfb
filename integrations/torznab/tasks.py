"""What workers do for the indexer. Each task is a bell: the rows say what to do."""

from __future__ import annotations

from integrations.torznab import lookups


def look_up() -> str:
    """Asks the catalogues for what was looked for."""
    return f"{lookups.run_due()} look-ups"


def prune() -> str:
    """Deletes what nobody has asked for in a long time."""
    return f"{lookups.prune()} look-ups and series deleted"
