"""The queue's switches."""

from __future__ import annotations

from django.db import models, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from aniworld.live.publish import publish
from aniworld.records import Record, RecordQuerySet


class QueueStateQuerySet(RecordQuerySet["QueueState"]):
    """Ways to the one row."""

    def now(self) -> QueueState:
        """The row as it is, made when it is missing."""
        return self.get_or_create(pk=1)[0]

    def locked(self) -> QueueState:
        """The row, locked until the transaction ends: whoever holds it decides alone who may start next."""
        row = self.select_for_update().filter(pk=1).first()
        if row is None:
            self.get_or_create(pk=1)
            row = self.select_for_update().get(pk=1)
        return row


class QueueState(Record):
    """The queue's switches, and the next free position. Locked by each claim, so that limits hold over all workers."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_running = models.BooleanField(default=True, help_text=_("Off: nothing runs."))
    is_paused = models.BooleanField(default=False, help_text=_("On: what runs may end, nothing new begins."))
    next_position = models.BigIntegerField(default=0, editable=False)

    objects = QueueStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("queue switch")
        verbose_name_plural = _("queue switches")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="queue_state_one_row")]

    def __str__(self) -> str:
        return "running" if self.is_running else "stopped"

    @property
    def may_start(self) -> bool:
        """Whether new downloads begin."""
        return self.is_running and not self.is_paused

    def switch(self, *, running: bool | None = None, paused: bool | None = None) -> None:
        """Sets the switches that are given and tells of those that moved."""
        with transaction.atomic():
            row = QueueState.objects.locked()
            if running is not None and running != row.is_running:
                row.is_running = running
                self._tell("queue_started" if running else "queue_stopped", row)
            if paused is not None and paused != row.is_paused:
                row.is_paused = paused
                self._tell("queue_paused" if paused else "queue_resumed", row)
            row.save(update_fields=["is_running", "is_paused", "updated_at"])
        self.refresh_from_db()

    @staticmethod
    def _tell(type_: str, row: QueueState) -> None:
        publish(type_, {"is_running": row.is_running, "is_paused": row.is_paused})

    def take_positions(self, count: int) -> int:
        """Reserves `count` positions at the end of the queue and answers the first. Call inside a transaction."""
        row = QueueState.objects.locked()
        QueueState.objects.filter(pk=1).update(next_position=F("next_position") + count)
        return row.next_position
