"""Finding a provider by the name that people, paths and files call it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from aniworld.refusals import NotThere
from providers.models import Provider, ProviderStatus


def named(name: str) -> Provider:
    """The provider of that name with its `status_record`. Raises `NotThere`."""
    row = Provider.objects.select_related("status_record").filter(name=name).first()
    if row is None:
        raise NotThere(_("There is no provider “%s”.") % name[:64])
    return row


def state_of(row: Provider) -> ProviderStatus:
    """Its status record; one of defaults, not saved, where a new provider has none yet."""
    record: ProviderStatus | None = getattr(row, "status_record", None)
    return record or ProviderStatus(provider=row)
