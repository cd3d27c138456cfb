"""What workers do for the download client. Each task is a bell: the rows say what to do."""

from __future__ import annotations

from integrations.qbittorrent import handing, upkeep


def hand_over() -> str:
    """Hands over what arrived."""
    return f"{handing.run_due()} torrents handed over"


def sweep() -> str:
    """Looks whether what was handed over is still anywhere, and deletes sessions that ran out."""
    return upkeep.sweep()
