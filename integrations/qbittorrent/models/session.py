"""Who signed in to the download client with an API key. Of passwords there are the tokens of `accounts`."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.models import ApiKey
from aniworld.accounts.tokens import Principal, hash_of, new_secret, session_lifetime
from aniworld.records import Record, RecordQuerySet

MARK = "aws_"
_WRITE_EVERY = timedelta(minutes=1)


class ClientSessionQuerySet(RecordQuerySet["ClientSession"]):
    """Many of them."""

    def begin(self, key: ApiKey) -> str:
        """A new session of that key; answers its text, which nothing can tell again."""
        text, now = new_secret(MARK), timezone.now()
        self.create(hash=hash_of(text), api_key=key, last_activity=now, expires_at=now + session_lifetime())
        return text

    def holder(self, text: str) -> Principal | None:
        """Whom a session belongs to; None when it ended, or its key or user did."""
        now = timezone.now()
        unexpired = Q(api_key__expires_at__isnull=True) | Q(api_key__expires_at__gt=now)
        live = self.filter(unexpired, hash=hash_of(text), expires_at__gt=now, api_key__user__is_active=True)
        row = live.select_related("api_key__user").first()
        if row is None:
            return None
        if row.last_activity < now - _WRITE_EVERY:
            self.filter(pk=row.pk).update(last_activity=now)
        return Principal(row.api_key.user, scope=row.api_key.scope, api_key=row.api_key)

    def end(self, text: str) -> None:
        """Nobody acts by it any more."""
        self.filter(hash=hash_of(text)).delete()

    def prune(self) -> int:
        """Deletes those that ran out; answers how many."""
        return self.filter(expires_at__lt=timezone.now()).delete()[0]


class ClientSession(Record):
    """The cookie of a client that signed in with an API key. It ends with the key."""

    hash = models.CharField(max_length=64, unique=True, editable=False)
    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    last_activity = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = ClientSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session of the download client")
        verbose_name_plural = _("sessions of the download client")
        ordering = ["-last_activity"]

    def __str__(self) -> str:
        return str(self.api_key.name)
