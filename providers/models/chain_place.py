"""Where a host stands in the failover chain when the operator says otherwise than its priority does."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aniworld.records import Record
from providers.models.provider import Provider


class ChainPlace(Record):
    """An operator's word on one host in the chain of one language, or of all (`language` empty).

    The word on a language outweighs the one on all; without any, the host stands in the chain by its priority.
    `position` is ascending, None keeps the priority; `included` false keeps the host out of that chain.
    """

    provider = models.ForeignKey(Provider, on_delete=models.CASCADE, related_name="chain_places")
    language = models.CharField(max_length=32, blank=True)
    position = models.PositiveIntegerField(null=True, blank=True)
    included = models.BooleanField(default=True, help_text=_("Off: never tried for this language."))

    class Meta:
        verbose_name = _("chain place")
        verbose_name_plural = _("chain places")
        ordering = ["language", "position", "provider"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "language"], name="chain_place_once"),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.language or 'all'}: {self.position}"
