"""What is said to people when a provider goes down, recovers, or was the last host of a language."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from aniworld.alerts import raise_alert
from providers.models.provider import Provider
from providers.models.request_log import RequestHour, RequestLog

# For the type alone: the record itself calls what is here.
if TYPE_CHECKING:
    from providers.models.status import ProviderStatus

# What is not in the hourly figures yet, with room to spare.
_NOT_ROLLED_UP = timedelta(hours=3)
_OUT_OF_USE = ("down", "blocked")


def down(record: ProviderStatus) -> None:
    """A provider went down. Needs `provider`."""
    name = record.provider.display_name
    raise_alert("provider_down", _("%s is down") % name, record.error_message, about=record.provider.name)


def recovered(record: ProviderStatus) -> None:
    """It answers again. Needs `provider`."""
    name = record.provider.display_name
    raise_alert("provider_recovered", _("%s is back") % name, _("It answers again."), about=record.provider.name)


def out_of_use(record: ProviderStatus) -> None:
    """A host is down or blocked: tells of each language that no other host is left for. The row is saved already."""
    row = record.provider
    if row.kind != Provider.Kind.HOST:
        return
    for language, hosts in _hosts_by_language().items():
        if row.pk in hosts and not _is_any_left(hosts):
            title = _("Every host of %s is down") % language
            raise_alert(
                "language_down", title, _("Downloads in this language wait for one to come back."), about=language
            )


def _hosts_by_language() -> dict[str, set[int]]:
    """Which hosts were ever asked for a language, as far as it is kept."""
    found: dict[str, set[int]] = {}
    lately = RequestLog.objects.filter(created_at__gt=timezone.now() - _NOT_ROLLED_UP)
    for rows in (RequestHour.objects.all(), lately):
        of_hosts = rows.filter(provider__kind=Provider.Kind.HOST).exclude(language="")
        for language, host in of_hosts.order_by().values_list("language", "provider_id").distinct():
            found.setdefault(language, set()).add(host)
    return found


def _is_any_left(hosts: set[int]) -> bool:
    enabled = Provider.objects.filter(pk__in=hosts, enabled=True)
    # During a check the status before it counts.
    out = enabled.filter(status_record__settled_status__in=_OUT_OF_USE)
    return enabled.exclude(pk__in=out.values("pk")).exists()
