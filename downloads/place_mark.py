"""Names a folder among those of all machines, so that a row can say on which of them the bytes lie.

The name is drawn when it is first asked for and kept in the folder itself: machines that share it find the same.
"""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

from django.conf import settings

MARKER = ".place"


def name_of(folder: Path) -> str:
    """The folder's name: the host that used it first, and what was drawn."""
    marker = folder / MARKER
    if not marker.exists():
        folder.mkdir(parents=True, exist_ok=True)
        drawn = marker.with_name(f"{MARKER}-{secrets.token_hex(4)}")
        drawn.write_text(f"{socket.gethostname()[:60]}-{secrets.token_hex(4)}", encoding="utf-8")
        try:
            _put(drawn, marker)
        finally:
            drawn.unlink(missing_ok=True)
    return marker.read_text(encoding="utf-8")


def _put(drawn: Path, marker: Path) -> None:
    """Of two processes that ask at once, the first one's name stays."""
    try:
        marker.hardlink_to(drawn)
    except FileExistsError:
        return
    except OSError:
        # The file system has no such links: of two at the very same moment the last one's name stays.
        drawn.replace(marker)


def of_work() -> str:
    """The name of the work folder that this machine downloads into; empty when it can't be read or written."""
    try:
        return name_of(Path(settings.WORK_DIR))
    except OSError:
        return ""


def host_of(place: str) -> str:
    """The host in a folder's name, as people know it."""
    return place.rpartition("-")[0] or place
