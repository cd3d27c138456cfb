"""The database as broker where it is SQLite: whoever waits for a task looks only when somebody has written."""

from __future__ import annotations

import time

from django.db import models
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from aniworld import commits

# Seconds after which it looks without a reason: a task that nobody acknowledged becomes due by time alone.
LOOK_ANYWAY = 5.0


class Watchful(ORM):  # type: ignore[misc]  # django-q2 is published without types
    """Django-q2's, which asks for tasks five times a second; that took more than all else while nothing happened."""

    _version: int | None = None
    _looked_at = 0.0

    @staticmethod
    def get_connection(list_key: str | None = None) -> models.QuerySet[OrmQ]:  # noqa: ARG004 - django-q2's interface
        """The tasks. Django-q2's lets go of the connection before each question: one over a network may have broken."""
        tasks: models.QuerySet[OrmQ] = OrmQ.objects.all()
        return tasks

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next task with its id, or None after a short sleep."""
        if self._is_quiet():
            time.sleep(Conf.POLL)
            return None
        # The version first: what is committed between the two looks is then found by the next one.
        version, self._looked_at = commits.version(), time.monotonic()
        if OrmQ.objects.filter(key=self.list_key, lock__lt=timezone.now()).exists():
            # More may wait.
            self._version = None
            tasks: list[tuple[int, str]] | None = super().dequeue()
            return tasks
        self._version = version
        return None

    def _is_quiet(self) -> bool:
        if self._version is None or time.monotonic() - self._looked_at >= LOOK_ANYWAY:
            return False
        return commits.version() == self._version
