"""What a webhook may be told of, and the facts of one such occurrence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from aniworld.live.message import clean, zulu

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

Facts = dict[str, Any]

# Types of events that are worth a message, and what each says.
EVENTS: dict[str, _StrPromise] = {
    "download_complete": _("An episode arrived"),
    "download_failed": _("A download failed for good"),
    "download_cancelled": _("A download was cancelled"),
    "download_series_completed": _("Everything queued of a series has arrived"),
    "series_added": _("A series was added"),
    "series_updated": _("A series changed, or its files"),
    "series_removed": _("A series was removed"),
    "scan_complete": _("A scan of the library ended"),
    "scan_failed": _("A scan of the library failed"),
    "scheduled_rescan_failed": _("A scheduled rescan failed"),
    "auto_download_completed": _("Missing episodes were queued after a rescan"),
    "provider_down": _("A provider is down"),
    "provider_recovered": _("A provider is back"),
    "system_warning": _("A warning"),
    "system_error": _("An error"),
}
# Besides these, of a test.
TEST = "test"
USUAL = ("download_complete", "download_failed", "series_added", "provider_down", "provider_recovered")
LONGEST_TEXT = 2000
_MOST_VALUES = 50
_DEEPEST = 4


def facts(id_: int | None, type_: str, moment: datetime, data: Mapping[str, Any], site: str) -> Facts:
    """What is sent of an event: its id, type and time, the series, episode and file where it is about one, and the rest
    as it is in the log, within bounds."""
    return {
        "id": id_,
        "event": type_,
        "time": zulu(moment),
        "site": _bounded(site),
        "series": _series(data),
        "episode": _episode(data),
        "file": _file(data),
        "data": _bounded(data),
    }


def _series(data: Mapping[str, Any]) -> Facts | None:
    key, name = data.get("key"), data.get("name")
    return {"key": _bounded(key), "name": _bounded(name)} if key else None


def _episode(data: Mapping[str, Any]) -> Facts | None:
    season, number = data.get("season"), data.get("episode")
    if not isinstance(season, int) or not isinstance(number, int):
        return None
    return {"season": season, "episode": number, "code": f"S{season:02d}E{number:02d}"}


def _file(data: Mapping[str, Any]) -> Facts | None:
    path = data.get("file")
    if not isinstance(path, str) or not path:
        return None
    return {"path": _bounded(path), "language": data.get("language"), "size": data.get("total_bytes")}


def _bounded(value: Any, depth: int = 0) -> Any:
    """Neither a title nor a list makes a message without end."""
    if isinstance(value, str):
        value = clean(value)
        return value if len(value) <= LONGEST_TEXT else f"{value[: LONGEST_TEXT - 1]}…"
    if isinstance(value, Mapping):
        some = list(value.items())[:_MOST_VALUES] if depth < _DEEPEST else []
        return {str(name)[:100]: _bounded(one, depth + 1) for name, one in some}
    if isinstance(value, list | tuple):
        return [_bounded(one, depth + 1) for one in list(value)[:_MOST_VALUES]] if depth < _DEEPEST else []
    return value
