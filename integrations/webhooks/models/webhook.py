"""Somebody who wants to be sent what happens."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from integrations.outgoing import checked_address, place_of
from integrations.receiver import Receiver, ReceiverQuerySet
from integrations.webhooks.occurrences import EVENTS, USUAL

# One that has failed for so long, and so often, is switched off.
GIVEN_UP_AFTER = timedelta(days=3)
GIVEN_UP_TRIES = 10


def validate_address(text: str) -> None:
    """An address to post to."""
    try:
        checked_address(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def validate_events(value: object) -> None:
    """A list of types that may be asked for, at least one."""
    if not isinstance(value, list) or not value:
        raise ValidationError(gettext("Choose at least one event."))
    unknown = [str(one)[:50] for one in value if one not in EVENTS]
    if unknown:
        raise ValidationError(gettext("There is no event of this name: %s") % ", ".join(unknown[:5]))


def usual_events() -> list[str]:
    """What most people want to know."""
    return list(USUAL)


class Webhook(Receiver):
    """A webhook. Its address may hold a token, and `secret` signs: neither is ever shown again."""

    READER = "webhooks"

    class Format(models.TextChoices):
        JSON = "json", _("plain JSON")
        DISCORD = "discord", "Discord"
        SLACK = "slack", _("Slack and its like (Mattermost, Rocket.Chat)")

    address = models.CharField(_("address"), max_length=2000, validators=[validate_address])
    format = models.CharField(_("format"), max_length=16, choices=Format, default=Format.JSON)
    secret = models.CharField(
        _("secret"), max_length=200, blank=True, help_text=_("Signs each message (HMAC-SHA256); the receiver knows it.")
    )
    events = models.JSONField(_("events"), default=usual_events, validators=[validate_events])

    objects = ReceiverQuerySet.as_manager()

    class Meta(Receiver.Meta):
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")

    @property
    def place(self) -> str:
        """Host and port of its address: the rest may be a secret."""
        return place_of(self.address)

    def give_up(self) -> bool:
        """Switches it off when it has failed for too long; True for whoever did that."""
        since = clock.now() - GIVEN_UP_AFTER
        lost = Webhook.objects.filter(pk=self.pk, enabled=True, failing_since__lte=since, failures__gte=GIVEN_UP_TRIES)
        return bool(lost.update(enabled=False))
