"""Several threads at the same alerts, in a process with a database of its own: prints who got how much."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable

os.environ["DJANGO_SETTINGS_MODULE"] = "aniworld.settings"

import django

django.setup()

# Only after the line above are there models to import.
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from aniworld.alerts import delivering  # noqa: E402
from aniworld.alerts.models import Alert, Delivery, Digest  # noqa: E402
from aniworld.configuration.models import Configuration  # noqa: E402

THREADS, ALERTS, DELIVERIES = 4, 30, 20


def at_once(work: Callable[[], list[object]]) -> list[object]:
    """What all threads got together, begun at the same moment."""
    start, got = threading.Barrier(THREADS), []

    def run() -> None:
        start.wait()
        got.extend(work())
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return got


def main() -> None:
    call_command("migrate", verbosity=0)
    targets = [{"label": "phone", "address": "json://127.0.0.1:9"}]
    Configuration.objects.create(pk=1, notifications={"targets": targets, "digest_minutes": 0})
    for number in range(ALERTS):
        Alert.objects.note("disk_low", f"Alert {number}", "")
    gathered = at_once(lambda: [delivering.gather(timezone.now())])
    digest = Digest.objects.get()
    Delivery.objects.all().delete()
    digest.address_to([f"target {number}" for number in range(DELIVERIES)], "", "")
    claimed = at_once(lambda: [delivery.target for delivery in Delivery.objects.claim_due()])
    told = digest.alerts.count()
    json.dump({"gathered": sum(map(bool, gathered)), "alerts": told, "claimed": claimed}, sys.stdout)


if __name__ == "__main__":
    main()
