"""What people should know, and how far the telling has come."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.alerts import wishes
from aniworld.alerts.models.digest import Digest
from aniworld.records import Record, RecordQuerySet

LONGEST_TITLE = 200
LONGEST_BODY = 2000
LONGEST_REASON = 500


class Kind(models.TextChoices):
    """What an alert tells of; each has a switch of its name in the configuration."""

    PROVIDER_DOWN = "provider_down", _("A provider is down")
    PROVIDER_RECOVERED = "provider_recovered", _("A provider is back")
    LANGUAGE_DOWN = "language_down", _("All hosts of a language are down")
    DISK_LOW = "disk_low", _("The disk gets full")
    LIBRARY_GONE = "library_gone", _("The library folder is not there")
    BACKUP_FAILED = "backup_failed", _("A backup of the database failed")
    DOWNLOAD_FAILED = "download_failed", _("A download failed for good")
    EPISODES_ARRIVED = "episodes_arrived", _("New episodes arrived")
    INTEGRATION_FAILED = "integration_failed", _("Another system can't be told")


OPPOSITES = {Kind.PROVIDER_DOWN: Kind.PROVIDER_RECOVERED, Kind.PROVIDER_RECOVERED: Kind.PROVIDER_DOWN}


class AlertQuerySet(RecordQuerySet["Alert"]):
    """The verbs over alerts."""

    def note(self, kind: str, title: str, body: str, *, about: str = "") -> None:
        """Writes one down, unless it was told already. Raises ValueError for a kind that does not exist."""
        kind = Kind(kind)
        about = _fitting(about, LONGEST_TITLE)
        now = clock.now()
        undone = bool(about) and self._withdraw_opposite(kind, about)
        if about and not undone and self._is_repeated(kind, about, now):
            return
        state, reason = (Alert.State.WITHDRAWN, _undone()) if undone else _wanted(kind)
        self.create(
            kind=kind,
            title=_fitting(title, LONGEST_TITLE),
            body=_fitting(body, LONGEST_BODY),
            about=about,
            state=state,
            reason=reason,
            raised_at=now,
            due_at=now + wishes.window(),
        )

    def is_due(self, now: datetime) -> bool:
        """Whether some alert has waited as long as alerts are collected."""
        return self.filter(state=Alert.State.WAITING, due_at__lte=now).exists()

    def gather(self, digest: Digest) -> Self:
        """Takes all that wait into `digest`; of two processes that try, one gets each. Answers what it got."""
        self.filter(state=Alert.State.WAITING).update(state=Alert.State.SENDING, digest=digest)
        return self.filter(digest=digest)

    def settle(self, digest: Digest) -> None:
        """Ends the alerts of a digest whose deliveries all ended: sent when at least one target got it."""
        deliveries = list(digest.deliveries.all())
        failed = [f"{one.target}: {one.reason}" for one in deliveries if one.state == one.State.FAILED]
        sent = len(failed) < len(deliveries)
        reason = "; ".join(failed) if deliveries else _no_target()
        state = Alert.State.SENT if sent else Alert.State.FAILED
        sending = self.filter(digest=digest, state=Alert.State.SENDING)
        sending.update(state=state, reason=_fitting(reason, LONGEST_REASON))

    def prune(self, before: datetime) -> int:
        """Deletes those that ended and are older, with the messages that nothing belongs to any more."""
        old = self.filter(raised_at__lt=before).exclude(state__in=Alert.UNDER_WAY)
        deleted = old.delete()[1].get(self.model._meta.label, 0)
        Digest.objects.filter(alerts=None, created_at__lt=before).delete()
        return deleted

    def _withdraw_opposite(self, kind: Kind, about: str) -> bool:
        opposite = OPPOSITES.get(kind)
        waiting = self.filter(kind=opposite, about=about, state=Alert.State.WAITING)
        return opposite is not None and bool(waiting.update(state=Alert.State.WITHDRAWN, reason=_undone()))

    def _is_repeated(self, kind: Kind, about: str, now: datetime) -> bool:
        """Whether the last that was said about it is the same, and lately, or not even sent yet."""
        said = self.filter(kind__in=[kind, OPPOSITES.get(kind, kind)], about=about)
        last = said.exclude(state=Alert.State.WITHDRAWN).order_by("-raised_at", "-pk").first()
        if last is None or last.kind != kind:
            return False
        return last.state == Alert.State.WAITING or last.raised_at > now - wishes.window()


class Alert(Record):
    """Something to tell: waiting → sending → sent | failed, or withdrawn or only noted; any ended one can go again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENDING = "sending", _("being sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("failed")
        WITHDRAWN = "withdrawn", _("withdrawn")
        NOTED = "noted", _("only noted")

    UNDER_WAY = (State.WAITING, State.SENDING)

    kind = models.CharField(max_length=32, choices=Kind)
    title = models.CharField(max_length=LONGEST_TITLE)
    body = models.TextField(blank=True)
    about = models.CharField(max_length=LONGEST_TITLE, blank=True)
    state = models.CharField(max_length=16, choices=State)
    reason = models.CharField(max_length=LONGEST_REASON, blank=True)
    raised_at = models.DateTimeField(_("when"))
    due_at = models.DateTimeField()
    digest = models.ForeignKey(Digest, on_delete=models.SET_NULL, null=True, blank=True, related_name="alerts")

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-raised_at", "-id"]
        indexes = [
            models.Index(fields=["state", "due_at"], name="alert_due"),
            models.Index(fields=["about", "kind"], name="alert_about"),
            models.Index(fields=["raised_at"], name="alert_age"),
        ]

    def __str__(self) -> str:
        return self.title

    def send_again(self) -> bool:
        """Has it sent at once, whatever is switched off; False when it is still under way."""
        ended = Alert.objects.filter(pk=self.pk).exclude(state__in=self.UNDER_WAY)
        waiting = {"state": self.State.WAITING, "reason": "", "due_at": clock.now(), "digest": None}
        return bool(ended.update(**waiting))


def _wanted(kind: Kind) -> tuple[Alert.State, str]:
    """Whether it is to be sent, and why not."""
    if not wishes.is_on(kind):
        return Alert.State.NOTED, gettext("This kind of alert is switched off.")
    if not wishes.notifications().targets:
        return Alert.State.NOTED, _no_target()
    return Alert.State.WAITING, ""


def _no_target() -> str:
    return gettext("No target is configured.")


def _undone() -> str:
    return gettext("It was over before it was told.")


def _fitting(text: str, longest: int) -> str:
    """Text that every database takes: without NUL, and not longer than its column."""
    plain = text.replace("\x00", "")
    return plain if len(plain) <= longest else f"{plain[: longest - 1]}…"
