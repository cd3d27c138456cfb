"""Which folders of the library an event says something came to, went from or changed in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aniworld.live.models import Event
from integrations.media_servers.models import Notice
from library.models import Series

Change = Notice.Change
TYPES = ("download_complete", "series_updated", "scan_complete")
_WHOLE = ""
# A scan that found more than this tells of the whole library: it no longer names each series.
_MOST_OF_A_SCAN = 50
_OF_A_SCAN = ("new", "moved", "changed", "vanished")
_CHANGES = {"delete": Change.DELETED}


def changed_folders(event: Event) -> Iterator[tuple[str, str]]:
    """Each with what happened in it. Folders are relative to the library, "" is the whole of it."""
    data = event.data
    if event.type == "download_complete":
        yield from ((folder, Change.CREATED) for folder in _of_file(data))
    elif event.type == "series_updated" and "files" in _listed(data.get("changed")):
        change = _CHANGES.get(str(data.get("why")), Change.MODIFIED)
        named = [str(folder) for folder in _listed(data.get("folders"))] or list(_of_series(data))
        yield from ((folder, change) for folder in named if folder)
    elif event.type == "scan_complete" and _found(data) > _MOST_OF_A_SCAN:
        yield _WHOLE, Change.MODIFIED


def _of_file(data: dict[str, Any]) -> Iterator[str]:
    folder, slash, _name = str(data.get("file") or "").partition("/")
    if slash:
        yield folder
    else:
        yield from _of_series(data)


def _of_series(data: dict[str, Any]) -> Iterator[str]:
    yield from Series.objects.filter(key=str(data.get("key"))).values_list("folder", flat=True)


def _found(data: dict[str, Any]) -> int:
    statistics = data.get("statistics")
    found = statistics if isinstance(statistics, dict) else {}
    return sum(int(found.get(name) or 0) for name in _OF_A_SCAN)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
