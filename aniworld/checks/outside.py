"""The outside world: providers, metadata, and whether people are told."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from aniworld.alerts.models import Alert
from aniworld.checks.check import Check, fine, note, warning
from library.metadata import tmdb
from providers import installed
from providers.exceptions import ProviderError
from providers.models import Provider, ProviderStatus


def providers() -> Check:
    """Whether an enabled provider of each kind can be used."""
    enabled = Provider.objects.filter(enabled=True)
    missing = [kind.label for kind in Provider.Kind if not enabled.filter(kind=kind).exists()]
    if missing:
        message = _("Nothing is enabled of: %s") % ", ".join(map(str, missing))
        return warning("providers", message, _("Enable one on the page Providers."))
    bad = [ProviderStatus.Status.DOWN, ProviderStatus.Status.BLOCKED]
    names = list(enabled.filter(status_record__status__in=bad).values_list("display_name", flat=True)[:20])
    if names:
        remedy = _("Look at the error on the page Providers; others are tried meanwhile.")
        return warning("providers", _("Down or blocked: %s") % ", ".join(names), remedy)
    return fine("providers", _("All enabled providers can be used."))


def catalogue_address() -> Check:
    """Whether every catalogue in use knows its site."""
    rows = Provider.objects.filter(enabled=True, kind=Provider.Kind.CATALOGUE)
    lost = [row.display_name for row in rows if not row.address]
    if lost:
        message = _("Enabled without an address: %s. Nothing can be asked there.") % ", ".join(lost)
        remedy = _("Enter the address in the admin under Providers, or disable it.")
        return Check("catalogue_address", False, message, remedy)
    return fine("catalogue_address", _("Every enabled catalogue has an address."))


def third_party() -> Check:
    """Whether packages that promise providers keep the promise."""
    known = {*installed.catalogue_classes(), *installed.host_classes()}
    names = Provider.objects.filter(enabled=True).values_list("name", flat=True)
    lost = sorted(name for name in names if name not in known)
    if lost:
        message = _("Enabled, but their program is not installed: %s") % ", ".join(lost)
        return warning("third_party", message, _("Install the package again, or disable them. error.log says more."))
    return fine("third_party", _("The program of every enabled provider is there."))


def tmdb_key() -> Check:
    """Whether TMDB takes the key. It is asked."""
    if not tmdb.is_configured():
        return fine("tmdb", _("There is no TMDB key: titles and plots come from the catalogue."))
    try:
        tmdb.connect().search("a")
    except tmdb.KeyRefused as error:
        return Check("tmdb", False, str(error), _("Enter another key under Metadata, or remove it."))
    except ProviderError as error:
        remedy = _("Look at the connection of this machine, and at TMDB_API_URL.")
        return warning("tmdb", _("TMDB does not answer: %s") % error, remedy)
    return fine("tmdb", _("TMDB takes the key."))


def alerts() -> Check:
    """Whether people are told of what they want to be told of."""
    since = timezone.now() - timedelta(days=1)
    last = Alert.objects.filter(state=Alert.State.FAILED, raised_at__gt=since).first()
    if last:
        count = Alert.objects.filter(state=Alert.State.FAILED, raised_at__gt=since).count()
        message = ngettext(
            "%(count)d alert could not be sent in the last day: %(reason)s",
            "%(count)d alerts could not be sent in the last day; the last one: %(reason)s",
            count,
        )
        facts = {"count": count, "reason": last.reason}
        return warning("alerts", message % facts, _("Correct the target under Notifications, and test it there."))
    return fine("alerts", _("No alert failed to reach its target."))


def demo() -> Check:
    """Whether the demo is left on beside real catalogues."""
    demos = [name for name in installed.CATALOGUES if name.startswith("demo")]
    enabled = Provider.objects.filter(enabled=True, kind=Provider.Kind.CATALOGUE)
    real = enabled.exclude(name__in=demos).exists()
    if settings.DEMO and real and enabled.filter(name__in=demos).exists():
        message = _("The demo catalogue is still on beside a real one: its series are found, too.")
        return note("demo", message, _("Disable it under Providers, or set DEMO=off."))
    return fine("demo", _("The demo is not in the way."))
