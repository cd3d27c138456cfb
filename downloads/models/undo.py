"""What can be taken back."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.models import User
from aniworld.configuration import store
from aniworld.records import Record


def new_undo_id() -> str:
    """Unguessable, because it is all that an undo asks for."""
    return secrets.token_urlsafe(16)


class Undo(Record):
    """What takes back one removal, clearing or reorder; `state` holds what was before. Too late after `expires_at`."""

    id = models.CharField(primary_key=True, max_length=32, default=new_undo_id)
    action = models.CharField(max_length=32)
    state: models.JSONField[Any, Any] = models.JSONField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("undoable action")
        verbose_name_plural = _("undoable actions")

    def __str__(self) -> str:
        return self.action

    @classmethod
    def remember(cls, action: str, state: Any, user: User | None) -> str:
        """Notes what was before; answers the id that takes it back."""
        until = timezone.now() + timedelta(days=store.current().library.undo_days)
        return cls.objects.create(action=action, state=state, user=user, expires_at=until).pk

    def use(self) -> bool:
        """Claims it; False when it was used already or its time is over."""
        now = timezone.now()
        return bool(Undo.objects.filter(pk=self.pk, used_at__isnull=True, expires_at__gt=now).update(used_at=now))
