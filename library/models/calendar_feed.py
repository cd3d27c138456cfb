"""What lets a calendar program read a user's feed, and nothing else."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.accounts.tokens import SHOWN, hash_of, new_secret
from aniworld.records import Record, RecordQuerySet

MARK = "awf_"
_WRITE_EVERY = timedelta(hours=1)


class CalendarFeedQuerySet(RecordQuerySet["CalendarFeed"]):
    """The feeds of all users; each has one at most."""

    def renew(self, user: AbstractBaseUser) -> tuple[CalendarFeed, str]:
        """A new token in place of the one before; answers its text, which nothing can tell again."""
        text = new_secret(MARK)
        values = {"hash": hash_of(text), "prefix": text[:SHOWN], "made_at": timezone.now(), "last_used": None}
        feed, _is_new = self.update_or_create(user_id=user.pk, defaults=values)
        return feed, text

    def opened_by(self, text: str) -> CalendarFeed | None:
        """The feed that a token opens; None for a wrong one. One hash and one query, whatever the text is."""
        feed = self.filter(hash=hash_of(text), user__is_active=True).select_related("user").first()
        now = timezone.now()
        if feed is not None and (feed.last_used is None or feed.last_used < now - _WRITE_EVERY):
            self.filter(pk=feed.pk).update(last_used=now)
        return feed

    def revoke(self, user: AbstractBaseUser) -> bool:
        """Whether there was one."""
        return bool(self.filter(user_id=user.pk).delete()[0])


class CalendarFeed(Record):
    """A user's calendar feed. Of its token only the SHA-256 is kept; `prefix` is what a person recognises it by."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feed")
    hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    made_at = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")

    def __str__(self) -> str:
        return f"{self.prefix}…"
