"""Media servers, and what each of them is to be told."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Max, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.outgoing import checked_address, place_of
from integrations.receiver import Receiver, ReceiverQuerySet
from integrations.told import Told, ToldQuerySet
from library.root import configured_root

# The same folder of the same server is not told of again within it.
BETWEEN_CALLS = timedelta(minutes=1)
_WINDOWS = re.compile(r"^[A-Za-z]:|\\")


def validate_address(text: str) -> None:
    """As `checked_address`, for a column."""
    try:
        checked_address(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def key_wanted() -> str:
    """What to tell whoever names another address and no key."""
    return gettext("Enter the key as well: the one that is stored was entered for another server.")


class MediaServer(Receiver):
    """A media server. `secret` is its API key, token or password, and is never shown again."""

    READER = "media servers"

    class Kind(models.TextChoices):
        JELLYFIN = "jellyfin", "Jellyfin"
        EMBY = "emby", "Emby"
        PLEX = "plex", "Plex"
        KODI = "kodi", "Kodi"

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    address = models.CharField(
        _("address"),
        max_length=500,
        validators=[validate_address],
        help_text=_("Such as http://192.168.1.5:8096. One in a private network has to be in ALLOWED_PRIVATE_HOSTS."),
    )
    username = models.CharField(_("user name"), max_length=200, blank=True, help_text=_("Of Kodi only."))
    secret = models.CharField(
        _("API key, token or password"),
        max_length=500,
        blank=True,
        help_text=_("Jellyfin and Emby: an API key. Plex: the X-Plex-Token. Kodi: the password of its web server."),
    )
    library_folder = models.CharField(
        _("library folder there"),
        max_length=1000,
        blank=True,
        help_text=_("What our library folder is called on that server. Empty: the same as here."),
    )

    objects = ReceiverQuerySet.as_manager()

    class Meta(Receiver.Meta):
        verbose_name = _("media server")
        verbose_name_plural = _("media servers")

    def would_hand_out_key(self, address: str) -> bool:
        """Whether the stored key would go to another server than the one that it was entered for."""
        kept, wanted = ((one.partition(":")[0].lower(), place_of(one)) for one in (self.address, address))
        return bool(self.pk and self.secret) and kept != wanted

    def path_of(self, folder: str) -> str:
        """A folder of ours as this server knows it; "" is the whole library. `folder` is relative, with `/`."""
        root = self.library_folder or str(configured_root())
        separator = "\\" if _WINDOWS.search(root) and "/" not in root else "/"
        root = root.rstrip("/\\") or separator
        return root if not folder else root.rstrip(separator) + separator + folder.replace("/", separator)


class NoticeQuerySet(ToldQuerySet["Notice"]):
    """Writing them down."""

    def note(self, server: MediaServer, folder: str, change: str, now: datetime) -> None:
        """One more thing to tell `server` of `folder`: with what it has not been told of it yet, or a minute after.

        Only one process notes at a time: whoever holds the place in the event log.
        """
        of = self.filter(receiver=server, folder=folder)
        free = Q(lease_until=None) | Q(lease_until__lte=now)
        waiting = of.filter(free, state=Notice.State.WAITING).first()
        # What is claimed after this moment is sent after the change: it tells of it, too.
        if waiting is not None and waiting.join(change):
            return
        last = of.aggregate(sent=Max("sent_at"))["sent"]
        is_being_sent = of.filter(state=Notice.State.WAITING, lease_until__gt=now).exists()
        earliest = now if is_being_sent else last
        due = now if earliest is None else max(now, earliest + BETWEEN_CALLS)
        self.create(receiver=server, folder=folder, change=change, next_attempt_at=due)


class Notice(Told):
    """Something changed in a folder, and a server is to be told: waiting → sent | failed."""

    class Change(models.TextChoices):
        CREATED = "created", _("something came")
        MODIFIED = "modified", _("something changed")
        DELETED = "deleted", _("something went")

    PAUSES = (
        timedelta(minutes=1),
        timedelta(minutes=5),
        timedelta(minutes=15),
        timedelta(hours=1),
        timedelta(hours=3),
        timedelta(hours=6),
        timedelta(hours=12),
    )

    receiver = models.ForeignKey(
        MediaServer, on_delete=models.CASCADE, related_name="notices", verbose_name=_("media server")
    )
    folder = models.CharField(
        _("folder"), max_length=1000, blank=True, help_text=_("Below the library. Empty: the whole library.")
    )
    change = models.CharField(_("change"), max_length=16, choices=Change)

    objects = NoticeQuerySet.as_manager()

    class Meta(Told.Meta):
        verbose_name = _("call of a media server")
        verbose_name_plural = _("calls of media servers")
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="notice_due"),
            models.Index(fields=["receiver", "folder"], name="notice_of_folder"),
        ]

    def __str__(self) -> str:
        return self.folder or "/"

    def join(self, change: str) -> bool:
        """Tells of one more change of the folder. False when it is not waiting any more."""
        both = change if change == self.change else self.Change.MODIFIED
        return self._move(change=both)
