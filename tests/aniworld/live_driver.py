"""A process of its own that publishes for the live tests: one JSON command a line, one JSON answer a line."""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "aniworld.settings")
django.setup()

from importlib import import_module  # noqa: E402  # after django.setup(), as all below

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.db import transaction  # noqa: E402

from aniworld.accounts import tokens  # noqa: E402
from aniworld.accounts.models import Token, User  # noqa: E402
from aniworld.live import pruning  # noqa: E402
from aniworld.live.publish import publish, subscribe, unsubscribe  # noqa: E402
from aniworld.live.tail import newest_id  # noqa: E402

TYPES = ("download_progress", "download_started", "queue_status", "scan_progress", "series_added")


def user(name: str, *, staff: bool = False) -> str:
    """A new user; answers a bearer token."""
    made = User.objects.create_user(name, password="correct horse battery", is_staff=staff)
    return tokens.issue(made, None, "")[1]


def key(name: str) -> str:
    return tokens.create_key(User.objects.get(username=name), f"{name}'s", "read")[1]


def revoke(token: str) -> int:
    return Token.objects.filter(hash=tokens.hash_of(token)).update(is_active=False)


def deactivate(name: str) -> int:
    return User.objects.filter(username=name).update(is_active=False)


def session(name: str) -> str:
    """Signs the user in as a browser would be; answers the session's key."""
    found = User.objects.get(username=name)
    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store[SESSION_KEY] = str(found.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = found.get_session_auth_hash()
    store.save()
    return str(store.session_key)


def end_session(key: str) -> None:
    import_module(settings.SESSION_ENGINE).SessionStore(key).delete()


def send(type: str, **data: Any) -> int:
    return publish(type, {"sent": time.time(), **data}).pk


def burst(count: int, pause: float = 0.0, types: tuple[str, ...] = TYPES, size: int = 0) -> list[int]:
    """Publishes `count` events of random types, all at once or one after another; answers their ids."""
    ids = []
    with nullcontext() if pause else transaction.atomic():
        for number in range(count):
            ids.append(publish(random.choice(types), {"n": number, "sent": time.time(), "fill": "x" * size}).pk)
            time.sleep(pause)
    return ids


def rolled_back() -> None:
    with transaction.atomic():
        publish("queue_status", {"n": -1})
        transaction.set_rollback(True)


def listeners() -> list[Any]:
    """What two listeners hear of one event in a transaction, of which the first one fails."""
    heard: list[Any] = []

    def bad(event: Any) -> None:
        raise ValueError(event)

    subscribe("bad", bad)
    subscribe("good", lambda event: heard.append(event.type))
    with transaction.atomic():
        publish("queue_started", {})
        early = list(heard)
    unsubscribe("bad")
    unsubscribe("good")
    publish("queue_started", {})
    return [early, heard]


def prune(rows: int) -> int:
    return pruning.prune_events(365, rows)


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (user, key, revoke, deactivate, session, end_session, send, burst, rolled_back, listeners, prune)
} | {"newest": newest_id}


def main() -> None:
    """Obeys until the input ends."""
    for line in sys.stdin:
        name, values = json.loads(line)
        sys.stdout.write(json.dumps(COMMANDS[name](**values)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
