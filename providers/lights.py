"""What a provider's status light shows: one word, one shape and one colour, everywhere the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from providers.lookup import state_of
from providers.models import Provider, ProviderStatus

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Light:
    """`word` names it in data and style sheets, `label` for people; `icon` is its shape in the sprite."""

    word: str
    label: str | _StrPromise
    icon: str


OFF = Light("off", _("Off"), "ban")
RESTING = Light("resting", _("Resting"), "hourglass")
_OF_STATUS = {
    ProviderStatus.Status.ACTIVE: Light("active", _("Active"), "circle-check"),
    ProviderStatus.Status.DOWN: Light("down", _("Down"), "octagon-alert"),
    ProviderStatus.Status.BLOCKED: Light("blocked", _("Blocked"), "shield-alert"),
    ProviderStatus.Status.TESTING: Light("testing", _("Testing"), "loader-circle"),
    ProviderStatus.Status.UNKNOWN: Light("unknown", _("Unknown"), "circle-help"),
}
# What is worth more attention than that nothing is asked for a while.
_TELLS_MORE = (ProviderStatus.Status.DOWN, ProviderStatus.Status.BLOCKED, ProviderStatus.Status.TESTING)


def light_of(row: Provider) -> Light:
    """The light of `row`; one that is not used at all is off, whatever was known of it."""
    if not row.enabled:
        return OFF
    record = state_of(row)
    if record.is_open and record.status not in _TELLS_MORE:
        return RESTING
    return _OF_STATUS[ProviderStatus.Status(record.status)]
