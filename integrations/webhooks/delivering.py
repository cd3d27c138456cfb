"""Sends webhooks what happens: notes it for each that asked for it, sends it, and tries out whether one answers."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils.translation import gettext as _

from aniworld import clock
from aniworld.alerts import raise_alert
from aniworld.configuration import store
from aniworld.live.following import Following
from aniworld.live.models import Event
from integrations import kept, rounds
from integrations.outgoing import Outcome, measured
from integrations.webhooks import payloads, signing
from integrations.webhooks.models import Delivery, Webhook
from integrations.webhooks.occurrences import EVENTS, TEST, facts

logger = logging.getLogger(__name__)


def _note(event: Event) -> None:
    webhooks = [webhook for webhook in Webhook.objects.enabled() if event.type in webhook.events]
    if webhooks:
        told = facts(event.pk, event.type, event.timestamp, event.data, _site())
        Delivery.objects.note(webhooks, event.type, told, event.timestamp)


_following = Following(Webhook.READER, EVENTS, _note)
_bell = rounds.Bell(Delivery, "integrations.webhooks.tasks.deliver")


def look() -> None:
    """Notes what happened since the last look, and wakes a worker for what is due. One query without any."""
    if Webhook.objects.enabled().exists():
        _following.look()
        _bell.ring_if_due()


def deliver() -> int:
    """Sends what is due, and answers how much of it arrived."""
    return rounds.deliver(Delivery, lambda row: partial(_sent, row), _write_down)


def try_out(webhook: Webhook) -> Outcome:
    """Sends a test message now, once, and notes how that went. Waits for the answer, some seconds at most."""
    told = facts(None, TEST, clock.now(), {}, _site())
    outcome = _send(webhook, TEST, told, str(uuid.uuid4()))
    if outcome.ok:
        _succeeded(webhook)
    else:
        webhook.note_failure(outcome.reason, is_away=outcome.is_away)
    return outcome


def prune() -> int:
    """Deletes old deliveries."""
    return kept.prune(Delivery)


def _site() -> str:
    return str(store.current().general.site_name)


def _sent(row: Delivery) -> Outcome:
    return _send(row.receiver, row.event, row.facts, str(row.key))


def _send(webhook: Webhook, event: str, told: dict[str, object], delivery: str) -> Outcome:
    body = payloads.body(webhook.format, told, delivery)
    headers = signing.headers(webhook.secret, event, delivery, body)
    return measured("POST", webhook.address, headers=headers, body=body)


def _write_down(row: Delivery, outcome: Outcome | None) -> bool:
    webhook = row.receiver
    if outcome is None:
        row.give_back()
    elif outcome.ok:
        if row.arrived(outcome):
            _succeeded(webhook)
        return True
    elif row.refused(outcome):
        _wait_as_asked(row, outcome)
        logger.warning("The webhook %s did not take %s: %s", webhook, row.event, outcome.reason)
        webhook.note_failure(outcome.reason, is_away=outcome.is_away)
        _give_up(webhook, outcome.reason)
    return False


def _wait_as_asked(row: Delivery, outcome: Outcome) -> None:
    """429 and 503 may say when to come again; within the day that it is tried."""
    if outcome.retry_after:
        asked = clock.now() + timedelta(seconds=min(outcome.retry_after, 86_400))
        waiting = Delivery.objects.filter(pk=row.pk, state=Delivery.State.WAITING, next_attempt_at__lt=asked)
        waiting.update(next_attempt_at=asked)


def _succeeded(webhook: Webhook) -> None:
    if webhook.note_success():
        # What was put off while nobody was there need not wait any longer.
        now = clock.now()
        webhook.deliveries.filter(state=Delivery.State.WAITING, attempts__gt=0).update(next_attempt_at=now)


def _give_up(webhook: Webhook, reason: str) -> None:
    with transaction.atomic():
        if webhook.give_up():
            title = _("The webhook %s was switched off, because it failed for days") % webhook
            raise_alert("integration_failed", title, reason, about=f"webhook {webhook}")
