"""Pages and lists of the API with many rows, in a process of its own, on what `benchmarks.administering` made.

    python -m benchmarks.paging '{"times": 5}'

Answers with JSON: of each address the seconds it took, and how many queries.
"""

from __future__ import annotations

import gc
import json
import math
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from django.conf import settings
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.utils import timezone

import benchmarks.ready  # noqa: F401  # before the models
from aniworld.accounts.models import User
from aniworld.api import api
from benchmarks.administering import LONG
from downloads.models import QueueItem

# What is too large for one page is asked for in full.
PAGES = {
    "library: grid": "/?view=grid",
    "library: table": "/?view=table",
    "library: last page": "/?view=table&page=100000",
    "library: search": "/?q=Series+04",
    "library: missing": "/?missing_only=on",
    "library: rows": "/parts/library/rows?page=20",
    "series with 1,500 episodes": f"/anime/{LONG}",
    "why of an episode": f"/anime/{LONG}/episodes/1/7",
    "names of 1,500 files": f"/anime/{LONG}/rename",
    "queue": "/queue",
    "queue: active part": "/parts/activity",
    "queue: part": "/parts/queue",
    "activity": "/activity",
    "activity: errors": "/activity?outcome=failed",
    "calendar": "/calendar",
    "favourites": "/favorites",
    "favourites: search": "/favorites?q=Series+04",
    "findings": "/findings",
    "providers": "/providers",
    "wallboard": "/wallboard",
    "settings": "/settings",
    "settings: backups": "/settings/backups",
}
# Draws the description of the API, or says that no workers run: no lists.
OTHER = ("/openapi.json", "/docs", "/health")


def main() -> None:
    values: dict[str, Any] = json.loads(sys.argv[1])
    print(json.dumps(measured(**values)))


def measured(times: int) -> dict[str, tuple[list[float], int]]:
    """Seconds of each address, after it was opened once, and the most queries that it took."""
    settings.ALLOWED_HOSTS = ["testserver"]
    # As the process of which the web server is a fork: what is loaded is not looked through for garbage each time.
    gc.collect()
    gc.freeze()
    client = Client()
    client.force_login(User.objects.get(username="admin"))
    return {name: _one(client, name, address, times) for name, address in addresses()}


def _one(client: Client, name: str, address: str, times: int) -> tuple[list[float], int]:
    answer = client.get(address)
    if answer.status_code != 200:
        print(f"{name}: {answer.status_code} {answer.content[:300]!r}", file=sys.stderr)
        # Longer than any limit.
        return [math.inf], 0
    runs = [_timed(client, address) for _ in range(times)]
    return [seconds for seconds, _queries in runs], max(queries for _seconds, queries in runs)


def _timed(client: Client, address: str) -> tuple[float, int]:
    """Seconds and queries, counted below the connections: a view may run in a thread with one of its own."""
    count, execute = 0, CursorWrapper.execute

    def counting(*arguments: Any, **named: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*arguments, **named)

    with patch.object(CursorWrapper, "execute", counting):
        began = time.perf_counter()
        client.get(address)
        return time.perf_counter() - began, count


def addresses() -> Iterator[tuple[str, str]]:
    """Name and address: the pages, and every GET of the API that names nothing, or a series or an item."""
    yield "an item of the queue", f"/queue/{QueueItem.objects.values_list('pk', flat=True).first()}"
    yield from PAGES.items()
    today = timezone.localdate()
    named = {"key": LONG, "season": 1, "episode": 7, "item_id": QueueItem.objects.values_list("pk", flat=True).last()}
    for path, operations in api.get_openapi_schema(path_prefix="")["paths"].items():
        try:
            address = path.format(**named)
        except KeyError:
            continue
        if "get" in operations and not path.endswith(OTHER) and "metadata" not in path:
            yield (
                f"GET /api{path}",
                f"/api{address}"
                + (f"?from={today - timedelta(days=30)}&to={today + timedelta(days=30)}" if "calendar" in path else ""),
            )
    yield "GET /api/anime, limit 200, last page", "/api/anime?limit=200&page=25"
    yield "GET /api/queue/items, limit 200, page 300", "/api/queue/items?limit=200&page=300"
    yield "GET /api/favorites, limit 200", "/api/favorites/?limit=200"


if __name__ == "__main__":
    main()
