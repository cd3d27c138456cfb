"""Whether a request may go to a provider now: its breaker, as all processes share it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from providers.breaker import Circumstances
from providers.exceptions import Blocked, NotConfigured, Resting
from providers.models import Provider, ProviderStatus

_PROBE = Circumstances(is_probe=True)


def admitted(row: Provider) -> bool:
    """Lets a request through; answers whether it is the probe of a breaker that is half open now.

    Raises `Resting` while the breaker keeps requests away or somebody else probes, and `Blocked` when it does so
    because of a challenge: for who tries one source after the other that is the same answer, at no request. A host may
    be asked now and then before its rest is over, since whoever comes to it had no other left; a catalogue may not.
    """
    known: ProviderStatus | None = getattr(row, "status_record", None)
    if known is None or known.breaker == ProviderStatus.Breaker.CLOSED:
        return False
    try:
        return _admitted(row, ProviderStatus.objects.select_related("provider").get(pk=known.pk))
    except (DatabaseError, ProviderStatus.DoesNotExist):
        # Without the rows there is no breaker, and no reason to stop the work.
        return False


def _admitted(row: Provider, record: ProviderStatus) -> bool:
    if record.breaker == ProviderStatus.Breaker.CLOSED:
        Provider.forget()
        return False
    is_host = row.kind == Provider.Kind.HOST
    if record.try_probe(last_resort=is_host):
        return True
    if record.known_status == ProviderStatus.Status.BLOCKED and not record.is_pause:
        raise Blocked(record.error_message or _("%s answered with a challenge.") % row.display_name)
    seconds = max(1.0, record.seconds_to_probe(last_resort=is_host))
    at = timezone.localtime(timezone.now() + timedelta(seconds=seconds))
    raise Resting(_("%(name)s rests until %(time)s.") % {"name": row.display_name, "time": f"{at:%H:%M:%S}"}, seconds)


def give_back(row: Provider) -> None:
    """The probe that was won is not made."""
    record: ProviderStatus = row.status_record
    # The lease of the probe would end as well, only later.
    with suppress(DatabaseError, ProviderStatus.DoesNotExist):
        record.note_request(NotConfigured(""), _PROBE)
