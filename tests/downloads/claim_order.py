"""Prints the first claims of all items in the order in which they came: priority and position."""

from __future__ import annotations

import json
import os

import django

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"
    django.setup()

    from downloads.models import QueueItem

    rows = QueueItem.objects.order_by("started_at").values_list("priority", "position")
    print(json.dumps(list(rows)))  # noqa: T201 - what the test reads
