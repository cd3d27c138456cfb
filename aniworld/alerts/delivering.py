"""Turns alerts into messages and messages into deliveries, and has them sent. Any number of processes may do it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from aniworld import clock
from aniworld.alerts import wishes
from aniworld.alerts.composing import compose
from aniworld.alerts.models import Alert, Delivery, Digest
from aniworld.alerts.sending import Message, Outcome, send
from aniworld.refusals import Conflict, NotThere

logger = logging.getLogger(__name__)

# What is older is forgotten.
KEPT = timedelta(days=30)
BETWEEN_BELLS = timedelta(seconds=20)
_rung_at: datetime | None = None


@dataclass(frozen=True)
class Tested:
    """How the test of one target went. `reason` says why it did not."""

    target: str
    ok: bool
    reason: str


def ring_if_due() -> None:
    """Wakes a worker when something is to be sent. One or two cheap queries; meant to be called every few seconds.

    Not again for a while: with no worker about, bells would pile up for as long as that lasts.
    """
    global _rung_at
    now = clock.now()
    if _rung_at is not None and now - _rung_at < BETWEEN_BELLS:
        return
    if Alert.objects.is_due(now) or Delivery.objects.due(now).exists():
        _rung_at = now
        async_task("aniworld.alerts.tasks.deliver", cluster="default", save=False)


def deliver() -> int:
    """Sends what is due, and answers how many messages arrived."""
    gather(clock.now())
    claimed = Delivery.objects.claim_due()
    arrived = _send(claimed) if claimed else 0
    for digest in Digest.objects.ended().prefetch_related("deliveries"):
        Alert.objects.settle(digest)
    return arrived


def gather(now: datetime) -> bool:
    """Makes one message of all alerts that wait, once the first of them has waited for the digest's window."""
    if not Alert.objects.is_due(now):
        return False
    targets, site = wishes.addresses(), wishes.site_name()
    with transaction.atomic():
        digest = Digest.objects.create()
        alerts = list(Alert.objects.gather(digest).order_by("raised_at", "pk"))
        if not alerts:
            # Another process was quicker.
            digest.delete()
            return False
        digest.address_to(targets, *compose(site, alerts))
    return True


def try_out(label: str | None = None) -> list[Tested]:
    """Sends a test message now, to every target or the one of that label. Raises `NotThere` and `Conflict`."""
    addresses = wishes.addresses()
    if label is not None and label not in addresses:
        raise NotThere(_("There is no target of this name."))
    if not addresses:
        raise Conflict(_("No target is configured. Add one in the settings first."), code="no_target")
    chosen = {label: addresses[label]} if label is not None else addresses
    title = _("%s: test") % wishes.site_name()
    outcomes = send([Message(address, title, _("Alerts arrive here.")) for address in chosen.values()])
    return [Tested(target, outcome.ok, outcome.reason) for target, outcome in zip(chosen, outcomes, strict=True)]


def prune() -> int:
    """Deletes old alerts that are over, and answers how many."""
    return Alert.objects.prune(clock.now() - KEPT)


def _send(claimed: list[Delivery]) -> int:
    addresses = wishes.addresses()
    known = [delivery for delivery in claimed if delivery.target in addresses]
    for delivery in claimed:
        if delivery.target not in addresses:
            delivery.fail(_("The target was removed."), for_good=True)
    messages = [Message(addresses[one.target], one.digest.title, one.digest.body) for one in known]
    outcomes = send(messages) if messages else []
    for delivery, outcome in zip(known, outcomes, strict=True):
        _write_down(delivery, outcome)
    return sum(outcome.ok for outcome in outcomes)


def _write_down(delivery: Delivery, outcome: Outcome) -> None:
    if outcome.ok:
        delivery.succeed()
        return
    logger.warning("The target %s was not told: %s", delivery.target, outcome.reason)
    delivery.fail(outcome.reason, for_good=outcome.is_final)
