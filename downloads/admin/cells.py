"""What cells of the queue's lists share."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString

from aniworld.admin_pages.links import to_row
from aniworld.templatetags.quantities import percent, speed
from downloads.models import QueueItem

COLOURS = {
    QueueItem.Status.PENDING: "primary",
    QueueItem.Status.COMPLETED: "success",
    QueueItem.Status.DOWNLOADING: "info",
    QueueItem.Status.PAUSED: "warning",
    QueueItem.Status.FAILED: "danger",
}


def progress(item: QueueItem) -> SafeString | str:
    """A bar with its percent, and the speed of what runs."""
    if item.status == QueueItem.Status.PENDING and not item.progress_percent:
        return "–"
    told = percent(item.progress_percent)
    if item.status == QueueItem.Status.DOWNLOADING:
        told = f"{told} · {speed(item.download_speed)}"
    bar = '<span class="done"><progress max="100" value="{}" aria-label="{}"></progress>{}</span>'
    return format_html(bar, f"{item.progress_percent:.1f}", told, told)


def item_link(item: QueueItem) -> SafeString:
    """To the item, by its episode."""
    return to_row("downloads_queueitem", item.pk, item)


def cut(text: str, longest: int = 160) -> SafeString:
    """A text that may be long, whole on hover."""
    shown = text if len(text) <= longest else f"{text[:longest]}…"
    return format_html('<span class="cut" title="{}">{}</span>', text[:1000], shown or "–")
