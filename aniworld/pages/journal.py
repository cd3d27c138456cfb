"""What an event of the log says to a person: one line of the journal each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.live.models import Event
from aniworld.recorded import as_told
from downloads.models import QueueItem
from providers.models import Provider

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """Headline and, below it, the reason or the figures; `tone` is success, danger, warning, info or "" (calm)."""

    headline: str
    detail: str = ""
    tone: str = ""
    icon: str = "info"
    address: str = ""


@dataclass(frozen=True)
class Entry:
    """A line with its moment."""

    id: int
    moment: datetime
    line: Line


@dataclass(frozen=True)
class Names:
    """What ids in events are called: items, and providers by name."""

    items: Mapping[int, str]
    providers: Mapping[str, str]

    @classmethod
    def of(cls, events: Sequence[Event]) -> Names:
        """Two queries, however many events."""
        ids = [item for event in events if isinstance(item := event.data.get("item_id"), int)]
        items = QueueItem.objects.filter(pk__in=ids).select_related("series", "episode")
        return cls({item.pk: str(item) for item in items}, dict(Provider.objects.values_list("name", "display_name")))

    def provider(self, name: object) -> str:
        """As people know it."""
        return self.providers.get(str(name), str(name))


def entries(events: Sequence[Event]) -> list[Entry]:
    """One entry each, in the same order."""
    names = Names.of(events)
    return [Entry(event.pk, event.timestamp, _WORDS[event.type](event.data, names)) for event in events]


def _text(data: Data, key: str) -> str:
    value = data.get(key)
    return str(value) if value else ""


def _episode(data: Data) -> str:
    season, number = data.get("season"), data.get("episode")
    if not isinstance(season, int) or not isinstance(number, int):
        return _text(data, "name")
    return f"{_text(data, 'name')} S{season:02}E{number:02}"


def _of_item(data: Data) -> str:
    item = data.get("item_id")
    return reverse("queue-one", args=[item]) if isinstance(item, int) and item > 0 else ""


def _of_series(data: Data) -> str:
    key = _text(data, "key")
    return reverse("series", args=[key]) if key and "/" not in key else ""


def _arrived(data: Data, names: Names) -> Line:
    host = _("from %s") % names.provider(data.get("provider")) if data.get("provider") else ""
    return Line(_("%s arrived") % _episode(data), host, "success", "circle-check", _of_item(data))


def _failed(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
    return Line(_("%s failed") % _episode(data), as_told(_text(data, "error")), "danger", "circle-x", _of_item(data))


def _cancelled(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
    return Line(_("%s was taken out of the queue") % _episode(data), "", "", "x", _of_item(data))


def _complete(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
    words = _("Everything queued of %s has arrived") % _text(data, "name")
    return Line(words, "", "success", "sparkles", _of_series(data))


def _failover(data: Data, names: Names) -> Line:
    item = names.items.get(data.get("item_id", 0), _("A download"))
    words = _("%(item)s goes on at %(host)s") % {"item": item, "host": names.provider(data.get("to"))}
    left = _("%s failed") % names.provider(data.get("from"))
    detail = f"{left}: {as_told(error)}" if (error := _text(data, "error")) else left
    return Line(words, detail, "warning", "arrow-right", _of_item(data))


def _added(data: Data, names: Names) -> Line:
    catalogue = _("from %s") % names.provider(data.get("provider")) if data.get("provider") else _("found on disk")
    return Line(_("%s was added") % _text(data, "name"), catalogue, "info", "plus", _of_series(data))


def _removed(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
    return Line(_("%s was removed") % _text(data, "name"), "", "", "x")


def _scanned(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
    figures = data.get("statistics") if isinstance(data.get("statistics"), Mapping) else data
    new, files = (_figure(figures, "new"), _figure(figures, "files"))
    found = ngettext("%d new file", "%d new files", new) % new
    seen = ngettext("%d file looked at", "%d files looked at", files) % files
    return Line(_("The library was scanned"), f"{found}, {seen}", "", "folder-open", reverse("library"))


def _figure(figures: Any, key: str) -> int:
    value = figures.get(key) if isinstance(figures, Mapping) else None
    return value if isinstance(value, int) else 0


def _down(data: Data, names: Names) -> Line:
    name = names.provider(data.get("provider_id"))
    return Line(
        _("%s is down") % name, as_told(_text(data, "error_message")), "danger", "wifi-off", reverse("providers")
    )


def _recovered(data: Data, names: Names) -> Line:
    return Line(_("%s is back") % names.provider(data.get("provider_id")), "", "success", "wifi", reverse("providers"))


def _plain(words: Callable[[], str], tone: str = "", icon: str = "info") -> Callable[[Data, Names], Line]:
    """A type whose sentence is always the same, with whatever the event says about it below."""

    def line(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
        detail = _text(data, "error") or _text(data, "message")
        return Line(words(), as_told(detail), tone, icon)

    return line


def _system(tone: str, icon: str) -> Callable[[Data, Names], Line]:
    def line(data: Data, names: Names) -> Line:  # noqa: ARG001 - one of _WORDS
        title, message = _text(data, "title"), _text(data, "message")
        return Line(title or message or _("Something happened"), message if title else "", tone, icon)

    return line


_WORDS: dict[str, Callable[[Data, Names], Line]] = {
    "download_complete": _arrived,
    "download_failed": _failed,
    "download_cancelled": _cancelled,
    "download_series_completed": _complete,
    "failover": _failover,
    "queue_started": _plain(lambda: _("The queue was started"), icon="play"),
    "queue_stopped": _plain(lambda: _("The queue was stopped"), "warning", "square"),
    "queue_paused": _plain(lambda: _("The queue was paused"), "warning", "pause"),
    "queue_resumed": _plain(lambda: _("The queue goes on"), icon="play"),
    "series_added": _added,
    "series_removed": _removed,
    "scan_complete": _scanned,
    "scan_failed": _plain(lambda: _("The scan of the library failed"), "danger", "circle-x"),
    "scan_cancelled": _plain(lambda: _("The scan of the library was cancelled"), "", "x"),
    "scheduled_rescan_failed": _plain(lambda: _("The scheduled rescan failed"), "danger", "circle-x"),
    "auto_download_completed": _plain(lambda: _("New episodes were queued"), "info", "zap"),
    "auto_download_failed": _plain(lambda: _("New episodes could not be queued"), "danger", "circle-x"),
    "provider_down": _down,
    "provider_recovered": _recovered,
    "system_info": _system("info", "info"),
    "system_warning": _system("warning", "circle-alert"),
    "system_error": _system("danger", "circle-x"),
}
TYPES = tuple(_WORDS)
