"""Providers as the operator configures them."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from aniworld.configuration import store
from aniworld.live.publish import publish
from aniworld.records import Record
from aniworld.refusals import Conflict
from providers import installed
from providers.exceptions import ProviderError

if TYPE_CHECKING:
    from providers.models.status import ProviderStatus

# The least and the most of each limit.
BOUNDS: dict[str, tuple[float, float]] = {
    "timeout_seconds": (1, 600),
    "max_retries": (1, 100),
    "retry_delay": (0, 3600),
    "max_concurrent_downloads": (1, 64),
    "bandwidth_limit_mbps": (0.001, 100_000),
    "requests_per_minute": (1, 100_000),
}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}", re.ASCII)
_LINE = re.compile(r"[\x20-\x7e\xa0-\xff]{0,4000}")


def is_plain(given: object) -> bool:
    """Whether headers or parameters can be sent as they are."""
    return isinstance(given, dict) and all(
        isinstance(name, str)
        and isinstance(value, str)
        and _HEADER_NAME.fullmatch(name)
        and _LINE.fullmatch(value)
        and value == value.strip()
        for name, value in given.items()
    )


@dataclass(frozen=True, slots=True)
class Rules:
    """A provider's runtime configuration with the defaults filled in. None means no limit."""

    timeout_seconds: int
    max_retries: int
    retry_delay: float
    max_concurrent_downloads: int
    bandwidth_limit_mbps: float | None
    requests_per_minute: int | None


class Provider(Record):
    """A catalogue or a host with its runtime configuration. An empty field means the default of section `providers`."""

    class Kind(models.TextChoices):
        CATALOGUE = "catalogue", _("catalogue")
        HOST = "host", _("host")

    name = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=16, choices=Kind)
    display_name = models.CharField(max_length=100)
    base_url = models.CharField(
        _("address"),
        max_length=500,
        blank=True,
        help_text=_(
            "Of the site, such as https://catalogue.example.org; of local files their folder. "
            "A host in your own network has to be named in ALLOWED_PRIVATE_HOSTS."
        ),
    )
    enabled = models.BooleanField(default=True, help_text=_("Used at all."))
    priority = models.PositiveIntegerField(default=100, help_text=_("Lower is tried first."))
    timeout_seconds = models.PositiveIntegerField(null=True, blank=True)
    max_retries = models.PositiveIntegerField(null=True, blank=True)
    retry_delay = models.FloatField(null=True, blank=True, help_text=_("Seconds, doubled each time."))
    max_concurrent_downloads = models.PositiveIntegerField(null=True, blank=True)
    bandwidth_limit_mbps = models.FloatField(null=True, blank=True, help_text=_("Megabits per second."))
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    custom_headers = models.JSONField(default=dict, blank=True)
    custom_params = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ["kind", "priority", "name"]
        indexes = [models.Index(fields=["kind", "enabled", "priority"], name="provider_choice")]

    _MAXIMUM_AGE: ClassVar[float] = 1.0
    _lock: ClassVar[threading.Lock] = threading.Lock()
    _cached: ClassVar[tuple[float, dict[str, Provider]] | None] = None

    def __str__(self) -> str:
        return self.display_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Like Django's; this process sees the change at once, others within a second."""
        super().save(*args, **kwargs)
        Provider.forget()

    def clean(self) -> None:
        """Refuses, with every field's error at once, what requests could not be made with."""
        super().clean()
        errors: dict[str, Any] = {}
        if self.base_url:
            try:
                installed.check_address(self.name, self.base_url)
            except ProviderError as error:
                errors["base_url"] = str(error)
        for name, (least, most) in BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                errors[name] = _("Allowed is %(least)s to %(most)s.") % {"least": least, "most": most}
        for name in ("custom_headers", "custom_params"):
            if not is_plain(getattr(self, name)):
                errors[name] = _("Names and values must be plain lines of text.")
        if self.enabled and self.lacks_address and not errors:
            errors[NON_FIELD_ERRORS] = self.asks_for_address()
        if errors:
            raise ValidationError(errors)

    @classmethod
    def known(cls) -> dict[str, Provider]:
        """Every provider by name with its `status_record`, at most a second old. The rows are shared: read only."""
        with cls._lock:
            if cls._cached and time.monotonic() - cls._cached[0] < cls._MAXIMUM_AGE:
                return cls._cached[1]
        rows = {row.name: row for row in Provider.objects.select_related("status_record")}
        with cls._lock:
            Provider._cached = (time.monotonic(), rows)
        return rows

    @classmethod
    def forget(cls) -> None:
        """Makes the next `known()` read the rows."""
        with cls._lock:
            Provider._cached = None

    @property
    def address(self) -> str:
        """Where it is asked: what the operator entered, else its usual address; empty when only links lead to it."""
        shared = Provider.known().get(installed.shared_address(self.name))
        return self.base_url or (shared.base_url if shared else "") or installed.usual_address(self.name)

    @property
    def is_usable(self) -> bool:
        """Enabled, and its breaker is not open."""
        record: ProviderStatus | None = getattr(self, "status_record", None)
        return self.enabled and (record is None or not record.is_open)

    def rules(self) -> Rules:
        """What is in force now."""
        defaults = store.current().providers
        names = Rules.__dataclass_fields__
        own = {name: getattr(self, name) for name in names}
        return Rules(**{name: getattr(defaults, name) if own[name] is None else own[name] for name in names})

    def change(self, **values: Any) -> None:
        """Sets fields of the configuration; those not named stay as others may have set them meanwhile.

        Raises `ValidationError` with every field's error at once; nothing is kept then.
        """
        for name, value in values.items():
            setattr(self, name, value)
        self.full_clean()
        self._keep(*values)

    @property
    def lacks_address(self) -> bool:
        """Whether it is a catalogue that nobody told where it is: nothing can be asked of it."""
        return self.kind == self.Kind.CATALOGUE and not self.address and installed.needs_address(self.name)

    def enable(self) -> None:
        """Lets it be used from now on. Raises `Conflict` for a catalogue without an address."""
        if self.lacks_address:
            raise Conflict(self.asks_for_address(), "no_address")
        self._set_enabled(True)

    def disable(self) -> None:
        """Keeps it from being used; what runs through it goes on to its end."""
        self._set_enabled(False)

    def asks_for_address(self) -> str:
        """What is said to whom would use it without an address."""
        text = gettext("%s has no address yet: enter it in the admin under Providers, then switch it on.")
        return text % self.display_name

    def _set_enabled(self, enabled: bool) -> None:
        self.enabled = enabled
        self._keep("enabled")

    def _keep(self, *names: str) -> None:
        """Saves these fields and tells whoever looks at the providers."""
        record: ProviderStatus | None = getattr(self, "status_record", None)
        with transaction.atomic():
            self.save(update_fields=[*names, "updated_at"])
            if record is not None:
                publish("provider_status", record.as_record())
