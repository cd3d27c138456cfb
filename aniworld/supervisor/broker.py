"""The database as broker where it is SQLite: whoever waits for a task looks only when somebody has written."""

from __future__ import annotations

import time
from typing import Any

from django.db import models
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from aniworld.supervisor.changes import Changes

# Seconds after which it looks without a reason: a task that nobody acknowledged becomes due by time alone.
LOOK_ANYWAY = 5.0


class Watchful(ORM):  # type: ignore[misc]  # django-q2 is published without types
    """Django-q2's, which asks for tasks five times a second; that took more than all else while nothing happened."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._changes = Changes(anyway_after=LOOK_ANYWAY)

    @staticmethod
    def get_connection(list_key: str | None = None) -> models.QuerySet[OrmQ]:  # noqa: ARG004 - django-q2's interface
        """The tasks. Django-q2's lets go of the connection before each question: one over a network may have broken."""
        tasks: models.QuerySet[OrmQ] = OrmQ.objects.all()
        return tasks

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next task with its id, or None after a short sleep."""
        if not self._changes.any():
            time.sleep(Conf.POLL)
            return None
        if OrmQ.objects.filter(key=self.list_key, lock__lt=timezone.now()).exists():
            # More may wait.
            self._changes.forget()
            tasks: list[tuple[int, str]] | None = super().dequeue()
            return tasks
        return None
