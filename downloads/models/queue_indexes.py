"""The indexes of the queue's table. Each write of a worker keeps those of the columns that it changes."""

from __future__ import annotations

from django.db import models

INDEXES = [
    models.Index(fields=["status", "-priority", "position", "id"], name="queue_order"),
    # PostgreSQL takes "IS NULL" of a column for no fixed value: an index that begins with it gives no order.
    models.Index(
        fields=["status", "-completed_at", "-id"],
        condition=models.Q(cleared_at__isnull=True),
        name="queue_ended",
    ),
    models.Index(fields=["status", "cleared_at", "downloaded_bytes"], name="queue_statistics"),
    # With the status, though it is always the same: SQLite prefers an index of which it knows a fixed value.
    models.Index(fields=["status", "completed_at"], condition=models.Q(status="completed"), name="queue_arrived"),
    models.Index(fields=["series", "status"], name="queue_of_series"),
    models.Index(fields=["work_place"], condition=models.Q(status="pending", work_place__gt=""), name="queue_begun"),
    models.Index(fields=["upgrade"], condition=models.Q(upgrade__in=["wanted", "replacing"]), name="queue_upgrades"),
]
