"""`manage.py queue`."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.live import Live

from aniworld.management.command import OneLineErrors, WrongUse
from downloads import acceptance, queue, retries, statistics
from downloads.api import rendering
from downloads.management import explanations, listing
from downloads.models import QueueItem


class Command(OneLineErrors):
    help = "Shows the queue, and works it: list, watch, why, accept, pause, resume, start, stop, retry, clear."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = ["list", "pause", "resume", "start", "stop", "retry", "clear", "watch", "why", "accept"]
        parser.add_argument("action", nargs="?", default="list", choices=actions)
        parser.add_argument(
            "ids", nargs="*", type=int, help="items, for why, accept, retry and clear; the last two take all without"
        )
        parser.add_argument("--json", action="store_true", help="for scripts")

    def handle(self, *args: Any, **options: Any) -> None:
        action, ids = options["action"], options["ids"]
        if ids and action not in ("retry", "clear", "why", "accept"):
            raise WrongUse(f"'{action}' takes no items.")
        if action in ("why", "accept") and not ids:
            raise WrongUse(f"'{action}' needs the id of an item; 'queue list' shows them.")
        verbs: dict[str, Callable[[list[int]], dict[str, Any]]] = {"retry": _retry, "clear": _clear, "accept": _accept}
        switches = {"pause": queue.pause, "resume": queue.resume, "start": queue.start, "stop": queue.stop}
        if action in switches:
            switches[action]()
            self._say(statistics.switches(), options["json"])
        elif action in verbs:
            self._say(verbs[action](ids), options["json"])
        elif action == "why":
            self._explain(ids, options["json"])
        elif action == "watch":
            self._watch()
        elif options["json"]:
            self.stdout.write(json.dumps(_whole(), default=str))
        else:
            Console().print(listing.shown())

    def _say(self, result: dict[str, Any], as_json: bool) -> None:
        self.stdout.write(json.dumps(result, default=str) if as_json else _sentence(result))

    def _explain(self, ids: list[int], as_json: bool) -> None:
        answers = explanations.of(ids)
        if as_json:
            self.stdout.write(json.dumps(answers, default=str))
            return
        for answer in answers:
            Console().print(explanations.shown(answer))

    def _watch(self) -> None:
        with Live(listing.shown(), console=Console(), refresh_per_second=4) as live:
            while True:
                time.sleep(0.5)
                live.update(listing.shown())


def _sentence(result: dict[str, Any]) -> str:
    if result.get("is_running") is False:
        return "The queue is stopped: nothing downloads until it is started."
    if "is_paused" in result:
        return (
            "The queue is paused: what runs may end, nothing new begins." if result["is_paused"] else "The queue runs."
        )
    if "accepted" in result:
        return "\n".join(f"{item['id']}: {item['status']} {item['why']}".rstrip() for item in result["accepted"])
    if "retried_count" in result:
        left = retries.why_left(result["skipped"])
        return f"{result['retried_count']} tried again.{f' {left}' if left else ''}"
    return f"{result.get('removed', result.get('cleared_count', 0))} removed."


def _retry(ids: list[int]) -> dict[str, Any]:
    retried, skipped = queue.retry(ids) if ids else queue.retry_all()
    return {"retried_count": len(retried), "skipped": skipped}


def _clear(ids: list[int]) -> dict[str, Any]:
    if ids:
        return {"removed": queue.cancel(ids).count}
    ended = (QueueItem.Status.COMPLETED, QueueItem.Status.FAILED, QueueItem.Status.CANCELLED)
    return {"cleared_count": sum(queue.clear(status).count for status in ended)}


def _accept(ids: list[int]) -> dict[str, Any]:
    """Moves what failed its check into the library anyway, as far as it is on this machine."""
    items = [acceptance.accept_kept(pk) for pk in ids]
    return {"accepted": [{"id": item.pk, "status": item.status, "why": item.error_message} for item in items]}


def _whole() -> dict[str, Any]:
    lists = {name: [rendering.item(row) for row in rows] for name, rows in statistics.lists().items()}
    return {"status": {**statistics.switches(), **lists}, "statistics": statistics.statistics()}
