"""What was tried."""

from __future__ import annotations

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld import clock
from aniworld.live.publish import publish
from aniworld.records import Record, RecordQuerySet
from downloads.interruptions import LeaseLost
from downloads.models.queue_item import QueueItem
from providers.models import Provider

# As workers write how a try went on (`AttemptQuerySet.goes_on`), in English whatever people read.
_WHAT_CAME = ("Went on", "Began anew")


class AttemptQuerySet(RecordQuerySet["Attempt"]):
    """The one way to begin an attempt, and what an item's attempts tell."""

    def begin(self, item: QueueItem, provider: str, language: str) -> Attempt:
        """An open attempt; what a lost worker left open is closed before. Raises `LeaseLost`."""
        with transaction.atomic():
            if not item.hold():
                raise LeaseLost("The item was cancelled, stopped or taken over.")
            now = clock.now()
            self.filter(item=item, ended_at__isnull=True).update(ended_at=now, outcome=Attempt.Outcome.PARKED)
            self.filter(item=item, followed_by="").update(followed_by=provider)
            return self.create(item=item, provider=provider, language=language, started_at=now)

    def of_this_run(self, item: QueueItem) -> AttemptQuerySet:
        """Those that failed since the item was queued or last retried, in order."""
        since = item.started_at or clock.now()
        return self.filter(item=item, started_at__gte=since, outcome__in=Attempt.FAILURES).order_by("id")

    def plan(self, item: QueueItem, next_step: str) -> None:
        """Says at the item's last attempt what is done next, now that it is known."""
        last = self.filter(item=item, ended_at__isnull=False).order_by("-id").values("pk")[:1]
        self.filter(pk__in=list(last.values_list("pk", flat=True))).update(next_step=next_step)

    def goes_on(self, item: QueueItem, how: str, *, elsewhere: bool = False) -> None:
        """Says at the item's last attempt how the next one takes it up: if it was put away, or that is `elsewhere`, or
        its worker died before it could say what is next.
        """
        last = self.filter(item=item, ended_at__isnull=False).order_by("-id").first()
        if last and (elsewhere or last.outcome == Attempt.Outcome.PARKED or not last.next_step):
            self.filter(pk=last.pk).update(next_step=how)


class Attempt(Record):
    """One try of one queue item at one host, with how it ended and what was done next.

    It ends by `end`, or together with the item's own change of state.
    """

    class Outcome(models.TextChoices):
        COMPLETED = "completed", _("completed")
        FAILED = "failed", _("failed")
        STALLED = "stalled", _("stalled")
        SLOW = "slow", _("too slow")
        BLOCKED = "blocked", _("blocked")
        RATE_LIMITED = "rate_limited", _("rate limited")
        EXPIRED = "expired", _("address expired")
        WRONG_CONTENT = "wrong_content", _("wrong content")
        TRUTH_FAILED = "truth_failed", _("failed its check")
        CANCELLED = "cancelled", _("cancelled")
        PARKED = "parked", _("parked")

    # The source was tried and brought nothing. One that was rate limited is tried later, and has not failed.
    FAILURES = (
        Outcome.FAILED,
        Outcome.STALLED,
        Outcome.SLOW,
        Outcome.BLOCKED,
        Outcome.EXPIRED,
        Outcome.WRONG_CONTENT,
        Outcome.TRUTH_FAILED,
    )

    item = models.ForeignKey(QueueItem, on_delete=models.CASCADE, related_name="attempts")
    provider = models.CharField(max_length=64)
    language = models.CharField(max_length=32)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    bytes = models.BigIntegerField(default=0)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True, help_text=_("Empty while it runs."))
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=32, blank=True, editable=False, help_text=_("What kind of error it was."))
    next_step = models.TextField(blank=True)
    followed_by = models.CharField(max_length=64, blank=True, editable=False, help_text=_("The host tried after it."))

    objects = AttemptQuerySet.as_manager()

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ["id"]
        indexes = [models.Index(fields=["started_at", "provider"], name="attempt_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=models.Q(ended_at__isnull=True), name="attempt_one_open_an_item"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.outcome or 'running'}"

    @property
    def tells_what_came(self) -> bool:
        """Whether `next_step` says how the next try took it up. Else it is what was planned, and true until that."""
        return self.next_step.startswith(_WHAT_CAME)

    def end(self, outcome: str, error: str, *, size: int, code: str = "") -> None:
        """Records how it ended; what is done next is said by `hand_over`, or by `AttemptQuerySet.plan`.

        `code` is that of the provider's error, empty for one of the transfer.
        """
        Attempt.objects.filter(pk=self.pk, ended_at__isnull=True).update(
            ended_at=clock.now(), outcome=outcome, error=error, error_code=code, bytes=size
        )
        self.outcome, self.error = outcome, error

    def turned_out(self, language: str) -> None:
        """In which language it brought the file, where nothing had told that before."""
        if language != self.language:
            Attempt.objects.filter(pk=self.pk).update(language=language)
            self.language = language

    def hand_over(self, following: str) -> None:
        """Says that the host named `following` takes over, and tells of it."""
        row = Provider.known().get(following)
        shown = row.display_name if row else following
        with transaction.atomic():
            Attempt.objects.filter(pk=self.pk).update(next_step=gettext("Tries %s next.") % shown)
            data = {"item_id": self.item_id, "from": self.provider, "to": following}
            publish("failover", {**data, "outcome": self.outcome, "error": self.error})
