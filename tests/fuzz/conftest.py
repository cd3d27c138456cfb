"""A whole product in this process: a seeded database, three kinds of callers, and nothing that leaves the machine."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from pytest_django import DjangoDbBlocker

from aniworld.accounts import tokens
from aniworld.accounts.models import Token
from aniworld.configuration import store
from downloads import queue
from downloads.models import QueueItem
from library.models import Series
from providers import recording, score
from providers.models import Provider
from tests.browser import seed


class World:
    """The product's rows, as they are before every single call."""

    def __init__(self) -> None:
        admin = seed.everything()
        member = seed.user("member", staff=False)
        self.tokens = {person.username: tokens.issue(person, "127.0.0.1", "fuzz")[1] for person in (admin, member)}
        keys = list(Series.objects.values_list("key", flat=True))
        names = list(Provider.objects.values_list("name", flat=True))
        items = list(QueueItem.objects.values_list("pk", flat=True))
        undos = [queue.cancel(items[-1:], admin).undo_id, queue.clear(QueueItem.Status.FAILED, admin).undo_id]
        # What there is to be named, by where an operation names it.
        self.known: dict[str, list[Any]] = {
            "key": keys,
            "keys": [keys[:2]],
            "name": names,
            "names": [names],
            "provider": names,
            "item_id": items,
            "item_ids": [items[:2], items[-2:]],
            "undo_id": undos,
            "season": [1],
            "episode": [1, 2],
            "id": list(Token.objects.values_list("pk", flat=True)),
        }

    def aim(self, values: Any) -> Any:
        """Half of the generated names become names of something that is there; which half, the values decide."""
        if not isinstance(values, dict):
            return values
        return {name: self._aimed(str(name), value) for name, value in values.items()}

    def _aimed(self, name: str, value: Any) -> Any:
        chance, known = zlib.crc32(repr(value).encode("utf-8", "replace")), self.known.get(name)
        return known[chance // 2 % len(known)] if known and chance % 2 else value

    def headers(self, identity: str) -> dict[str, str]:
        """The credentials of a caller."""
        plain = {"Accept-Encoding": "identity"}
        return plain | ({"Authorization": f"Bearer {self.tokens[identity]}"} if identity in self.tokens else {})

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever a call changes is taken back after it."""
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
        for forget in (store.forget, Provider.forget, recording.discard, score.forget):
            forget()


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """One for all calls of a module; its rows are gone after."""
    patch = pytest.MonkeyPatch()
    library: Path = tmp_path_factory.mktemp("library")
    patch.setattr(settings, "LIBRARY_DIR", library)
    patch.setattr(socket, "getaddrinfo", _nobody)
    for signal in (request_started, request_finished):
        # A request that ends would close the connection, and with it what is to be taken back.
        signal.disconnect(close_old_connections)
    with django_db_blocker.unblock(), transaction.atomic():
        store.forget()
        store.change({"library": {"directory": str(library)}})
        yield World()
        transaction.set_rollback(True)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    patch.undo()
    store.forget()


def _nobody(host: object, *_arguments: object, **_options: object) -> list[Any]:
    raise socket.gaierror(socket.EAI_NONAME, f"no name leaves this test: {host!r}")
