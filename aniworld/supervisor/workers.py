"""What the processes of a cluster tell about themselves: a worker that it is busy, the clerk that work is done.

Whether a worker is busy stands in its process name, which the watchdog reads from the process table: it costs nothing,
works while the database is away, and is gone with the process. The heartbeat is written by the clerk, who is there for
the database anyway, when a worker has done something: so an idle worker needs no connection, which takes some 6 MB.
"""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from django.db import DatabaseError, InterfaceError, close_old_connections
from django_q.signals import post_execute, post_execute_in_worker, post_spawn, pre_execute

from aniworld.supervisor import instance, linux
from aniworld.supervisor.models import Cluster
from aniworld.supervisor.tasks import tick

logger = logging.getLogger(__name__)

BUSY = "aniworld-busy"
IDLE = "aniworld-idle"
_BEAT_SECONDS = 3.0
_beaten_at = -_BEAT_SECONDS


def listen() -> None:
    """Hears of the tasks of this process, if it is part of a cluster. These are the hooks django-q2 has for it."""
    if instance.is_of_workers():
        post_spawn.connect(_idle)
        pre_execute.connect(_busy)
        post_execute_in_worker.connect(_through)
        post_execute.connect(_beat)


def _idle(**_about: Any) -> None:
    linux.call_itself(IDLE)


def _through(func: object = None, **_about: Any) -> None:
    # That one needs no memory, and to look for what is free would touch what is shared.
    if func is not tick:
        linux.give_memory_back()
    _idle()


def _busy(**_about: Any) -> None:
    linux.call_itself(BUSY)


def _beat(**_about: Any) -> None:
    global _beaten_at
    if time.monotonic() - _beaten_at < _BEAT_SECONDS:
        return
    _beaten_at = time.monotonic()
    # With tasks that are not saved nothing else in this thread would ever let go of a connection that broke.
    close_old_connections()
    try:
        Cluster.objects.beat(instance.name(), os.environ["Q_CLUSTER_NAME"])
    except (DatabaseError, InterfaceError) as error:
        close_old_connections()
        # An error here would end the clerk. The watchdog does not judge while the database is away.
        logger.warning("The heartbeat could not be written: %s", error)
