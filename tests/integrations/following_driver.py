"""Writers whose events become visible out of order, and readers that are killed: run as a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from django.db import connection, connections, transaction  # noqa: E402  # settings are there from here on
from django.utils import timezone  # noqa: E402

from aniworld.live import following  # noqa: E402
from aniworld.live.models import Event, LogReader  # noqa: E402
from aniworld.live.publish import publish  # noqa: E402
from aniworld.live.tail import newest_id  # noqa: E402
from integrations.webhooks.models import Delivery, Webhook  # noqa: E402

WRITERS, EVENTS = 4, 25
# Forked, because a start costs more than all the rest.
processes = multiprocessing.get_context("fork")
READER = "driver"


def read() -> None:
    """Each event becomes a row, whose column would refuse a second one."""
    webhook = Webhook.objects.get()

    def keep(event: Event) -> None:
        Delivery.objects.create(receiver=webhook, event_id=event.pk, event=event.type, happened_at=timezone.now())

    reader = following.Following(READER, ("scan_complete",), keep)
    while True:
        reader.look()
        time.sleep(0.005)


def write(number: int) -> None:
    """On PostgreSQL a transaction that stays open holds an id back while higher ones are seen."""
    chance = random.Random(number)
    for _ in range(EVENTS):
        with transaction.atomic():
            publish("scan_complete", {"writer": number})
            publish("scan_progress", {"writer": number})
            if connection.vendor == "postgresql" and chance.random() < 0.3:
                time.sleep(chance.random() * 0.05)
            if chance.random() < 0.1:
                transaction.set_rollback(True)
        time.sleep(chance.random() * 0.005)


def judge() -> None:
    """Starts everybody, kills a reader every now and then, and compares."""
    Webhook.objects.create(name="x", address="http://127.0.0.1:9/", enabled=False)
    following.begin(READER)
    # A connection can't be shared with a fork.
    connections.close_all()
    writers = [started(write, number) for number in range(WRITERS)]
    readers = [started(read) for _ in range(2)]
    try:
        while any(writer.is_alive() for writer in writers):
            time.sleep(0.1)
            end(readers[0])
            readers[0] = started(read)
        wait_for_the_end()
    finally:
        for reader in readers:
            end(reader)
    assert all(writer.exitcode == 0 for writer in writers)
    wanted = set(Event.objects.filter(type="scan_complete").values_list("pk", flat=True))
    found = [row.event_id or 0 for row in Delivery.objects.all()]
    assert len(wanted) > WRITERS * EVENTS / 2
    assert len(found) == len(set(found))
    assert set(found) == wanted, f"lost {sorted(wanted - set(found))[:10]}, invented {sorted(set(found) - wanted)[:10]}"


def started(work: Callable[..., None], *arguments: object) -> Any:
    process = processes.Process(target=work, args=arguments)
    process.start()
    return process


def end(process: Any) -> None:
    process.kill()
    process.join()


def wait_for_the_end() -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        behind = LogReader.objects.get().position < newest_id()
        # No connection is open while a reader is forked.
        connections.close_all()
        if not behind:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    judge()
