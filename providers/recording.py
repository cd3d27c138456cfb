"""Measured requests on their way into the log: kept in this process for a moment, then written many at once.

A request costs no write of its own, and none waits for the database. A process that is killed loses half a second of
measurements, nothing else.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from contextlib import suppress
from datetime import datetime
from multiprocessing import util as processes
from typing import NamedTuple

from django.db import DatabaseError, DataError, connection, connections, transaction
from django.utils import timezone

from providers.exceptions import ProviderError
from providers.models import Provider, RequestLog

log = logging.getLogger(__name__)

# Seconds from a request to its row, and between two tries while the database does not answer.
EVERY = 0.5
AGAIN = 5.0
# Rows kept while the database is away; the oldest are dropped then.
MOST = 20_000
_PIECE = 1000


class _Request(NamedTuple):
    """The columns of its row; as a model each would cost as much again."""

    provider_id: int
    action: str
    language: str
    successful: bool
    response_time_ms: float
    bytes: int
    error_code: str
    error_message: str
    created_at: datetime


class _Recorder:
    """The rows that wait, and the thread that writes them: it begins with the first row and ends when none is left."""

    def __init__(self) -> None:
        self._rows: deque[_Request] = deque(maxlen=MOST)
        self._lock = threading.Lock()
        # Two writers at once would put back what failed in the wrong order.
        self._writing = threading.RLock()
        self._thread: threading.Thread | None = None
        self._awaited = threading.Event()

    def add(self, row: _Request) -> None:
        """Takes it; answers at once."""
        with self._lock:
            self._rows.append(row)
            if self._thread is None:
                self._awaited.clear()
                self._thread = threading.Thread(target=self._run, name="request-log", daemon=True)
                self._thread.start()

    def write(self) -> None:
        """Writes what waits, with this thread's connection. Raises `DatabaseError`, and the rows wait on then."""
        with self._writing:
            while rows := self._taken():
                try:
                    _insert(rows)
                except (DataError, ValueError):
                    # No later try can help, and all that comes after them would wait for it.
                    log.exception("%d requests that no database takes are not recorded.", len(rows))
                except BaseException:
                    self._put_back(rows)
                    raise

    def discard(self) -> None:
        """Forgets what waits, and lets the thread end."""
        with self._lock:
            self._rows.clear()
        self._awaited.set()

    def _taken(self) -> list[_Request]:
        with self._lock:
            return [self._rows.popleft() for _number in range(min(_PIECE, len(self._rows)))]

    def _put_back(self, rows: list[_Request]) -> None:
        with self._lock:
            room = MOST - len(self._rows)
            self._rows.extendleft(reversed(rows[-room:] if room else []))

    def _run(self) -> None:
        try:
            self._write_all()
        finally:
            # Nobody asks for a while, and no server has to keep it.
            connections.close_all()

    def _write_all(self) -> None:
        pause = EVERY
        while True:
            self._awaited.wait(pause)
            pause = EVERY if self._written() else AGAIN
            with self._lock:
                self._awaited.clear()
                if not self._rows:
                    self._thread = None
                    return

    def _written(self) -> bool:
        try:
            self.write()
        except Exception:  # whatever it is, the next try comes, and no request has to know
            log.warning("Requests could not be recorded; tried again in a moment.", exc_info=True)
            connections.close_all()
            return False
        return True


_recorder = _Recorder()


def record(
    row: Provider, action: str, milliseconds: float, size: int, language: str, error: ProviderError | None
) -> None:
    """Keeps one request, as of now, for the log. Never fails, never waits."""
    code, message = (error.code, str(error)[:1000]) if error else ("", "")
    request = _Request(
        row.pk, str(action), str(language), error is None, milliseconds, size, code, message, timezone.now()
    )
    _recorder.add(request)


def flush() -> None:
    """Writes what this process measured so far, for whoever reads the log in it. Never fails: the rest waits on."""
    try:
        _recorder.write()
    except DatabaseError:
        log.warning("Requests could not be recorded; tried again in a moment.", exc_info=True)


def discard() -> None:
    """Forgets what was measured and not yet written."""
    _recorder.discard()


def _insert(rows: list[_Request]) -> None:
    """One write, and past the ORM: that would take as long for each row as a tenth of a request.

    A provider that is gone by now, as the demo's when it is switched off, takes its requests along.
    """
    with transaction.atomic():
        known = set(Provider.objects.filter(pk__in={row.provider_id for row in rows}).values_list("pk", flat=True))
        adapted = connection.ops.adapt_datetimefield_value
        values = [
            (*row[:-1], adapted(row.created_at), adapted(row.created_at)) for row in rows if row.provider_id in known
        ]
        if values:
            with connection.cursor() as cursor:
                cursor.executemany(_statement(), values)


def _statement() -> str:
    names = (*_Request._fields, "updated_at")
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    places = ", ".join(["%s"] * len(names))
    return f"INSERT INTO {connection.ops.quote_name(RequestLog._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours


def _begin_anew() -> None:
    """In a fork: what waits is the parent's to write, and its thread and locks are not here."""
    global _recorder
    _recorder = _Recorder()


def _at_the_end() -> None:
    # The database may have gone before.
    with suppress(Exception):
        _recorder.write()
        connections.close_all()


def _at_the_end_too(_marked: object) -> None:
    """A worker process ends without what `atexit` knows."""
    processes.Finalize(None, _at_the_end, exitpriority=10)


atexit.register(_at_the_end)
processes.register_after_fork(_at_the_end, _at_the_end_too)
os.register_at_fork(after_in_child=_begin_anew)
