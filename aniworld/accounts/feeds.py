"""What lets a program read one feed of a user, and nothing else: a token of its own, of which only a digest is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.db import models
from django.http import HttpResponse
from django.utils import timezone

from aniworld.accounts.tokens import SHOWN, hash_of, new_secret
from aniworld.records import Record, RecordQuerySet

_WRITE_EVERY = timedelta(hours=1)
_PASS_LASTS = timedelta(minutes=1)

F = TypeVar("F", bound="Feed", covariant=True)


class FeedQuerySet(RecordQuerySet[F]):
    """The feeds of all users; each has one of a kind at most."""

    def renew(self, user: AbstractBaseUser) -> tuple[F, str]:
        """A new token in place of the one before; answers its text, which nothing can tell again."""
        text = new_secret(self.model.MARK)
        values = {"hash": hash_of(text), "prefix": text[:SHOWN], "made_at": timezone.now(), "last_used": None}
        feed, _is_new = self.update_or_create(user_id=user.pk, defaults=values)
        return feed, text

    def opened_by(self, text: str) -> F | None:
        """The feed that a token opens; None for a wrong one. One hash and one query, whatever the text is.

        A pass opens one that is not stored.
        """
        feed = self.filter(hash=hash_of(text), user__is_active=True).select_related("user").first()
        if feed is None:
            return self._passed(text)
        now = timezone.now()
        if feed.last_used is None or feed.last_used < now - _WRITE_EVERY:
            self.filter(pk=feed.pk).update(last_used=now)
        return feed

    def _passed(self, text: str) -> F | None:
        try:
            pk = _signer(self.model).unsign(text, max_age=_PASS_LASTS)
        except signing.BadSignature:
            return None
        user = get_user_model()._default_manager.filter(pk=pk, is_active=True).first()
        return self.model(user=user) if user else None

    def revoke(self, user: AbstractBaseUser) -> bool:
        """Whether there was one."""
        return bool(self.filter(user_id=user.pk).delete()[0])


class Feed(Record):
    """A user's feed; a subclass adds its `user`. `prefix` is what a person recognises the token by."""

    # What its tokens begin with.
    MARK: ClassVar[str]

    hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    made_at = models.DateTimeField()
    last_used = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.prefix}…"


def pass_for(kind: type[Feed], user: AbstractBaseUser) -> str:
    """What opens the user's feed of that kind for a minute, for whoever tries it out."""
    return _signer(kind).sign(str(user.pk))


def _signer(kind: type[Feed]) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"pass for {kind.MARK}")


# Of what is read with such a token: nobody else's to keep, nor anybody's to be told where it was.
HEADERS = {"Cache-Control": "private, no-cache", "Referrer-Policy": "no-referrer"}


def closed(text: str) -> HttpResponse:
    """What a wrong token is answered with: a sentence."""
    headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=401, headers=headers)


def shown(feed: Feed | None) -> dict[str, Any]:
    """A user's feed as the API tells of it."""
    names = ("prefix", "made_at", "last_used")
    return {"active": feed is not None, **{name: getattr(feed, name, None) for name in names}}
