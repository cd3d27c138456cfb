"""One message on its way to one webhook, and what came of each try."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live.message import zulu
from integrations.outgoing import Outcome
from integrations.told import Told, ToldQuerySet
from integrations.webhooks.models.webhook import Webhook
from integrations.webhooks.occurrences import Facts

TRIED_FOR = timedelta(days=1)
# Tries that are remembered, the latest.
_REMEMBERED = 12


class DeliveryQuerySet(ToldQuerySet["Delivery"]):
    """Writing them down."""

    def note(self, webhooks: list[Webhook], event: str, facts: Facts, moment: datetime) -> None:
        """One for each webhook; an event that was noted before is not noted twice."""
        rows = [
            Delivery(receiver=webhook, event_id=facts["id"], event=event, facts=facts, happened_at=moment)
            for webhook in webhooks
        ]
        self.bulk_create(rows, ignore_conflicts=True)


class Delivery(Told):
    """waiting → sent | failed; a failed or sent one can go again. `tries` tell what was answered, the last one last."""

    # Growing, and a day in all.
    PAUSES = (
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(minutes=30),
        timedelta(hours=1),
        timedelta(hours=2),
        timedelta(hours=4),
        timedelta(hours=8),
        timedelta(hours=8),
    )

    receiver = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    key = models.UUIDField(_("id"), default=uuid.uuid4, unique=True, editable=False)
    event_id = models.BigIntegerField(null=True, blank=True, help_text=_("Its number in the event log."))
    event = models.CharField(_("event"), max_length=64)
    happened_at = models.DateTimeField(_("when"))
    facts = models.JSONField(_("message"), default=dict)
    begun_at = models.DateTimeField(default=clock.now)
    tries = models.JSONField(_("tries"), default=list, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta(Told.Meta):
        verbose_name = _("delivery to a webhook")
        verbose_name_plural = _("deliveries to webhooks")
        constraints = [models.UniqueConstraint(fields=["receiver", "event_id"], name="event_once_a_webhook")]
        indexes = [models.Index(fields=["state", "next_attempt_at"], name="webhook_due")]

    def __str__(self) -> str:
        return f"{self.event} {self.key}"

    def pause(self) -> timedelta | None:
        """As `PAUSES` say, and none any more that would end after a day."""
        pause = super().pause()
        if pause is None or clock.now() + pause > self.begun_at + TRIED_FOR:
            return None
        return pause

    def arrived(self, outcome: Outcome) -> bool:
        """The webhook took it."""
        return self.arrive(tries=self._with(outcome))

    def refused(self, outcome: Outcome) -> bool:
        """It did not; another try later, not before it asked for, or none any more."""
        return self.fail(outcome.reason, for_good=outcome.status == 410, tries=self._with(outcome))

    def send_again(self) -> bool:
        """Has it sent now, and tried for a day. False while it is being sent."""
        now = clock.now()
        idle = Delivery.objects.filter(pk=self.pk).filter(models.Q(lease_until=None) | models.Q(lease_until__lte=now))
        anew = {"attempts": 0, "next_attempt_at": now, "begun_at": now, "lease_until": None, "reason": ""}
        return bool(idle.update(state=self.State.WAITING, **anew))

    def _with(self, outcome: Outcome) -> list[dict[str, Any]]:
        told = {
            "at": zulu(clock.now()),
            "status": outcome.status,
            "milliseconds": outcome.milliseconds,
            "reason": outcome.reason,
            "answer": outcome.answer,
        }
        return [*self.tries, told][-_REMEMBERED:]
