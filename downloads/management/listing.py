"""The queue as a terminal shows it: a line of numbers, then one line for each item, whatever the width."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aniworld.logs import one_line
from downloads import expected_language, statistics
from downloads.models import QueueItem

# From this many columns on there is room for bars and for the host beside the reason.
_WIDE = 120


def shown() -> RenderableType:
    """The head and the items, or where nothing is queued a sentence. What an item says is no markup."""
    items = _items()
    return Group(Text(_head()), _Rows(items) if items else Text("The queue is empty."))


class _Rows:
    """The items as a table that is as wide as what it is shown on."""

    def __init__(self, items: Sequence[QueueItem]) -> None:
        self._items = items
        self._tried = expected_language.tried_last(items)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_wide = options.max_width >= _WIDE
        table = Table(box=None, padding=(0, 2 if is_wide else 1, 0, 0), header_style="bold")
        # Only series, host and reason give way: a number or a code that is cut tells nothing.
        last = ("progress", "host", "why") if is_wide else ("done", "why")
        for heading in ("id", "series", "episode", "language", "status", *last):
            table.add_column(heading, no_wrap=heading not in ("series", "host", "why"))
        for item in self._items:
            table.add_row(*self._cells(item, is_wide=is_wide))
        yield table

    def _cells(self, item: QueueItem, *, is_wide: bool) -> list[RenderableType]:
        why = one_line(item.error_message)
        cells: list[RenderableType] = [
            Text(str(item.pk)),
            _cut(item.series.name),
            Text(item.episode.code),
            Text(expected_language.of(item, self._tried.get(item.pk, ""))),
            Text(str(item.get_status_display())),
        ]
        if is_wide:
            bar = ProgressBar(total=100, completed=item.progress_percent, width=20)
            return [*cells, bar, _cut(item.provider), _cut(why)]
        return [*cells, Text(f"{item.progress_percent:.0f} %"), _cut(why or item.provider)]


def _cut(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")


def _head() -> str:
    numbers, switches = statistics.statistics(), statistics.switches()
    state = "stopped" if not switches["is_running"] else "paused" if switches["is_paused"] else "running"
    if switches["window_opens_at"]:
        state += f", window closed until {switches['window_opens_at']:%H:%M}"
    counts = f"{numbers['pending']} pending, {numbers['failed']} failed, {numbers['completed']} done"
    return f"Queue {state}, {numbers['current_speed'] / 1e6:.1f} MB/s, {counts}"


def _items() -> list[QueueItem]:
    lists = statistics.lists()
    return [*lists["active_downloads"], *_paused(), *lists["pending_queue"], *lists["failed_downloads"]]


def _paused() -> list[QueueItem]:
    rows = QueueItem.objects.filter(status=QueueItem.Status.PAUSED).select_related("series", "episode")
    return list(rows[: statistics.MOST_IN_A_LIST])
