"""Keeps the log level of this process at what is configured, and the configured secrets out of its lines.

Whoever reads the configuration sets both at once. Each process reads it by itself: `up` every two seconds, a worker
before each task and all the time while it downloads, the web server by a thread of its own.
"""

from __future__ import annotations

import logging
import threading
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django_q.signals import pre_execute

from aniworld.configuration import store
from aniworld.configuration.sections import Settings
from aniworld.logs import hide
from aniworld.supervisor import instance
from aniworld.supervisor.tasks import tick

EVERY_SECONDS = 2.0


def apply(configured: Settings) -> None:
    """The level and the secrets of these settings, from now on."""
    logging.getLogger().setLevel(configured.logging.level)
    hide(configured.metadata.tmdb_api_key, *(target["address"] for target in configured.notifications.targets))


def refresh() -> None:
    """Reads what is configured, if this process has not done so for a second."""
    try:
        store.current()
    except DatabaseError:
        # What was in force stays so.
        close_old_connections()


def _refresh_for(func: object, **_about: object) -> None:
    # That one logs nothing, and a worker that does nothing else shall not need a connection.
    if func is not tick:
        refresh()


def keep_fresh() -> None:
    """Has a thread of this process do so, until the process ends."""
    threading.Thread(target=_keep_fresh, name="log-level", daemon=True).start()


def _keep_fresh() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY_SECONDS):
        refresh()
        # To make one to SQLite anew takes longer than what is asked of it.
        if connection.vendor != "sqlite":
            close_old_connections()


def _of_environment() -> list[str]:
    """What the environment holds that must never be read in a log."""
    database = str(settings.DATABASES["default"].get("PASSWORD") or "")
    redis = urlsplit(settings.REDIS_URL).password or ""
    return [settings.SECRET_KEY, settings.TMDB_API_KEY or "", database, redis]


store.follow(apply)
hide(*_of_environment())
if instance.is_of_workers():
    pre_execute.connect(_refresh_for)
