"""Why items are where they are, as a terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from downloads import why
from downloads.api import rendering
from downloads.models import QueueItem


def of(ids: Sequence[int]) -> list[dict[str, Any]]:
    """For each id what the API says of the item. Raises `CommandError` when one is unknown."""
    items = QueueItem.objects.select_related("series", "episode").in_bulk(ids)
    unknown = [str(pk) for pk in ids if pk not in items]
    if unknown:
        raise CommandError(f"There is no queue item {', '.join(unknown)}.")
    return [_told(items[pk]) for pk in dict.fromkeys(ids)]


def _told(item: QueueItem) -> dict[str, Any]:
    answer = why.of_item(item)
    kept = ("id", "provider", "language", "size", "reason", "created_at")
    return {
        **rendering.item(item),
        "language": answer.language,
        "code": item.episode.code,
        "state": answer.state,
        "reason": answer.reason,
        "next_step": answer.next_step,
        "next_at": answer.next_at,
        "tried": [rendering.attempt(row) for row in answer.tried],
        "quarantined": [{name: getattr(row, name) for name in kept} for row in answer.quarantined],
        "obstacles": [{"code": one.code, "text": one.text, "until": one.until} for one in answer.obstacles],
    }


def shown(answer: dict[str, Any]) -> RenderableType:
    """One answer: what, why, the attempts, what is in the way, and what comes next. Markup in it means nothing."""
    head = Text(f"{answer['series']['name']} {answer['code']} · {answer['language']} · {answer['state']}", style="bold")
    parts: list[RenderableType] = [head, Text(answer["reason"])]
    if answer["tried"]:
        parts.append(_tries(answer["tried"]))
    parts += [Text(f"In quarantine: {row['provider']}: {row['reason']}") for row in answer["quarantined"]]
    parts += [Text(f"In the way: {one['text']}") for one in answer["obstacles"]]
    when = f" ({answer['next_at']:%Y-%m-%d %H:%M:%S} UTC)" if answer["next_at"] else ""
    return Group(*parts, Text(f"Next: {answer['next_step']}{when}"), Text(""))


def _tries(tried: Sequence[dict[str, Any]]) -> Table:
    table = Table()
    for heading in ("began", "host", "language", "MB", "outcome", "why", "then"):
        table.add_column(heading, overflow="fold")
    for row in tried:
        megabytes, began = f"{row['bytes'] / 1e6:.1f}", f"{row['started_at']:%m-%d %H:%M:%S}"
        words = (row["provider"], row["language"], megabytes, row["outcome"] or "running", row["error"] or "")
        table.add_row(*map(Text, (began, *words, row["next_step"] or "")))
    return table
