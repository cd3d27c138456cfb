"""Keeps the last file of an item that failed its check, with the reason beside it, for whoever wants to look."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from downloads.models import QueueItem

logger = logging.getLogger(__name__)

_DONE = (QueueItem.Status.COMPLETED, QueueItem.Status.CANCELLED)


def _folder(item: QueueItem) -> Path:
    return Path(settings.DATA_DIR) / "quarantine" / str(item.pk)


def keep(item: QueueItem, provider: str, file: Path, reason: str) -> None:
    """Moves the file out of the way, so that the next try at this source starts clean."""
    folder = _folder(item)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file.rename(folder / f"{provider}{file.suffix or '.bin'}")
    noted = {"provider": provider, "reason": reason, "time": timezone.now().isoformat(), "episode": str(item)}
    (folder / "reason.json").write_text(json.dumps(noted, indent=1), encoding="utf-8")
    # The journal and what else stood beside the file speak of it as finished.
    shutil.rmtree(file.parent, ignore_errors=True)
    logger.warning("Kept in quarantine: %s", reason)


def discard(item: QueueItem) -> None:
    """Removes what was kept of an item."""
    shutil.rmtree(_folder(item), ignore_errors=True)


def prune(before: float) -> int:
    """Deletes what was kept before that time (seconds since 1970) or belongs to no failed or live item."""
    root, count = Path(settings.DATA_DIR) / "quarantine", 0
    for folder in root.iterdir() if root.is_dir() else ():
        rows = QueueItem.objects.listed().filter(pk=int(folder.name)) if folder.name.isdecimal() else None
        wanted = rows is not None and rows.exclude(status__in=_DONE).exists()
        if not wanted or folder.stat().st_mtime < before:
            shutil.rmtree(folder, ignore_errors=True)
            count += 1
    return count
