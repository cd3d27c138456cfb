"""Prints how the database at hand would carry out the lists that are short parts of long ones, in a process of its own.

With `enable_sort` off PostgreSQL sorts only what no index gives in order, however few rows the table has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import django

django.setup()

from django.db import connection  # noqa: E402  # the models exist only from here on
from django.db.models import QuerySet  # noqa: E402  # likewise

from downloads.api import queue, rendering  # noqa: E402  # likewise
from downloads.models import QueueItem  # noqa: E402  # likewise
from library import listing  # noqa: E402  # likewise


def lists() -> Iterator[tuple[str, QuerySet]]:  # type: ignore[type-arg]
    for status, order in queue.ORDERS.items():
        yield status, rendering.reads(QueueItem.objects.listed()).filter(status=status).order_by(*order)[:100]
    yield "newest", rendering.reads(QueueItem.objects.listed()).order_by(*queue.NEWEST)[:100]
    yield "series", listing.matching(listing.Filter(), None)[:20]


def plan(rows: QuerySet) -> str:  # type: ignore[type-arg]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET enable_sort = off; SET enable_incremental_sort = off; SET enable_seqscan = off")
    return rows.explain()


sys.stdout.write(json.dumps({name: plan(rows) for name, rows in lists()}))
