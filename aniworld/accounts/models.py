"""Users, what lets them in (sessions aside), what keeps guessers out, and what they prefer."""

from __future__ import annotations

import secrets
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record, RecordQuerySet


class User(AbstractUser):
    """Who signs in. `is_staff` is what the API calls admin."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's; a new password, and being deactivated, end every token and every browser session."""
        # Django keeps the text until it is saved, and drops it when only the way of hashing changes.
        has_new_password = self.pk is not None and getattr(self, "_password", None) is not None
        with transaction.atomic():
            super().save(*args, **kwargs)
            if has_new_password or not self.is_active:
                self.sign_out_everywhere()

    def activate(self) -> bool:
        """Lets the user sign in again; False when they may already."""
        return self._set_active(True)

    def deactivate(self) -> bool:
        """Ends every token and session, and lets the user begin none; False when it is so already."""
        return self._set_active(False)

    def _set_active(self, active: bool) -> bool:
        with transaction.atomic():
            turned = User.objects.filter(pk=self.pk).exclude(is_active=active).update(is_active=active)
            if turned and not active:
                self.sign_out_everywhere()
        self.is_active = active
        return bool(turned)

    def sign_out_everywhere(self) -> None:
        """Ends every token and browser session; open sockets notice within seconds. API keys are something else."""
        Token.objects.filter(user=self, is_active=True).update(is_active=False)
        BrowserSession.objects.filter(user=self).delete()


class Token(Record):
    """A bearer token, of which only the SHA-256 is kept. `prefix` is what a person recognises it by."""

    hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField()
    last_activity = models.DateTimeField()
    is_active = models.BooleanField(default=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in (token)")
        verbose_name_plural = _("sign-ins (tokens)")
        ordering = ["-last_activity"]
        indexes = [models.Index(fields=["expires_at"], name="token_expiry")]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def revoke(self) -> bool:
        """Refused from now on, on every process. False when it was revoked before."""
        return bool(Token.objects.filter(pk=self.pk, is_active=True).update(is_active=False))

    def keep(self) -> None:
        """Open again, when all of a user's were ended but this one."""
        Token.objects.filter(pk=self.pk).update(is_active=True)


def new_handle() -> str:
    """A random name."""
    return secrets.token_hex(8)


class BrowserSession(AbstractBaseSession):
    """A session of Django's, with whose it is and where it was begun, so that it can be listed and ended."""

    # What a page names it by: the key itself opens the session.
    handle = models.CharField(max_length=40, db_index=True, default=new_handle, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_activity = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("browser session")
        verbose_name_plural = _("browser sessions")

    def __str__(self) -> str:
        return f"{self.user}: {self.user_agent[:50]}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        """The engine that `settings.SESSION_ENGINE` names."""
        return import_module(settings.SESSION_ENGINE).SessionStore


class ApiKey(Record):
    """A key for programs. It acts as the user who made it, narrowed by its scope."""

    class Scope(models.TextChoices):
        READ = "read", _("read")
        QUEUE = "queue", _("queue")
        ADMIN = "admin", _("admin")

    name = models.CharField(max_length=100, unique=True)
    hash = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    scope = models.CharField(max_length=8, choices=Scope, default=Scope.READ)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used = models.DateTimeField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return self.name


class Preferences(Record):
    """What one user prefers; kept here so that it follows the user to every browser."""

    class Theme(models.TextChoices):
        AUTO = "auto", _("automatic")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("comfortable")
        COMPACT = "compact", _("compact")

    class LibraryView(models.TextChoices):
        GRID = "grid", _("grid")
        TABLE = "table", _("table")

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="preferences")
    theme = models.CharField(max_length=8, choices=Theme, default=Theme.AUTO)
    language = models.CharField(max_length=8, blank=True, help_text=_("Empty follows the browser."))
    density = models.CharField(max_length=16, choices=Density, default=Density.COMFORTABLE)
    library_view = models.CharField(max_length=8, choices=LibraryView, default=LibraryView.GRID)
    check_interval = models.PositiveIntegerField(null=True, blank=True, help_text=_("Of providers, in minutes."))
    shortcuts = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("preferences")
        verbose_name_plural = _("preferences")

    def __str__(self) -> str:
        return str(self.user)


class Throttle(Record):
    """Counted tries of one bucket (an address, or a pair of address and user name), shared by all processes."""

    bucket = models.CharField(max_length=200, unique=True)
    count = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("counter of tries to sign in")
        verbose_name_plural = _("counters of tries to sign in")

    def __str__(self) -> str:
        return self.bucket
