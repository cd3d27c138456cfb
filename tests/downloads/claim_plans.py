"""Claims a few items of PostgreSQL's, then prints what its plans read a whole table or sort for, and keep doing so."""

from __future__ import annotations

import json
import os

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

    from django.db import connection, transaction

    from downloads.models import QueueItem
    from tests.downloads.claimer import seed

    # After five times a plan is kept for any parameters; for so few rows the server would rather read all of them.
    seed(12)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("ANALYZE")
        for _time in range(12):
            item = QueueItem.objects.claim_next("one:1", limit=99, own_limit=99)
            assert item
            assert item.fail("over")
        plans = []
        for call in connection.connection.plans.values():
            cursor.execute(f"EXPLAIN {call}", [None] * call.count("%s"))
            plans.append("\n".join(row[0] for row in cursor.fetchall()))
    costly = ("Seq Scan on downloads_queueitem", "Seq Scan on library_", "Sort")
    print(json.dumps([len(plans), [plan for plan in plans if any(word in plan for word in costly)]]))  # noqa: T201
