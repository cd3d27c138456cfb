"""Every provider there is, by name; imported on first use, configured from its row at each call."""

from __future__ import annotations

import logging
import os
import threading
from functools import cache
from importlib.metadata import entry_points
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from providers import demo
from providers.contracts import Catalogue, Host
from providers.exceptions import NotConfigured
from providers.http import Client, Policy
from providers.models import Provider, ProviderStatus
from providers.monitored import MonitoredCatalogue, MonitoredHost

log = logging.getLogger(__name__)

CATALOGUES = {
    "demo": "providers.catalogues.demo.DemoCatalogue",
    "aniworld": "providers.catalogues.aniworld.AniworldCatalogue",
}
HOSTS = {
    "demo-file": "providers.hosts.demo.DemoFile",
    "demo-hls": "providers.hosts.demo.DemoHLS",
    "demo-aes": "providers.hosts.demo.DemoAES",
    "voe": "providers.hosts.named.Voe",
    "vidoza": "providers.hosts.named.Vidoza",
    "vidmoly": "providers.hosts.named.Vidmoly",
    "filemoon": "providers.hosts.named.Filemoon",
    "doodstream": "providers.hosts.named.Doodstream",
    "streamtape": "providers.hosts.named.Streamtape",
    "loadx": "providers.hosts.named.LoadX",
    "luluvdo": "providers.hosts.named.Luluvdo",
    "speedfiles": "providers.hosts.named.SpeedFiles",
    "direct": "providers.hosts.direct.Direct",
}
ENTRY_POINTS = "aniworld.providers"
_DEMO = frozenset({"demo", "demo-file", "demo-hls", "demo-aes"})

P = TypeVar("P", Catalogue, Host)
_clients: dict[tuple[int, str], Client] = {}
_clients_lock = threading.Lock()


def catalogue_classes() -> dict[str, type[Catalogue]]:
    """Every catalogue that is installed, by name; the demo only while it is on."""
    return _listed(_bundled_catalogues() | _third_party()[0])


def host_classes() -> dict[str, type[Host]]:
    """Every host that is installed, by name; the demo's only while it is on."""
    return _listed(_bundled_hosts() | _third_party()[1])


def sync() -> None:
    """Makes the rows of providers that have none, and takes those of the demo away while it is off. Idempotent."""
    with transaction.atomic():
        if not settings.DEMO:
            Provider.objects.filter(name__in=_DEMO).delete()
        _sync_kind(Provider.Kind.CATALOGUE, catalogue_classes())
        _sync_kind(Provider.Kind.HOST, host_classes())
    Provider.forget()


def catalogue(name: str) -> MonitoredCatalogue:
    """The catalogue of that name, ready to be asked. Raises `NotConfigured`."""
    row, found = _configured(name, Provider.Kind.CATALOGUE, catalogue_classes())
    address = row.base_url or found.usual_address()
    if not address:
        raise NotConfigured(_("%(name)s has no address yet.") % {"name": row.display_name})
    return MonitoredCatalogue(row, found(address, _client(row)), host_named)


def host(name: str) -> MonitoredHost:
    """The host of that name, ready to resolve. Raises `NotConfigured`."""
    row, found = _configured(name, Provider.Kind.HOST, host_classes())
    return MonitoredHost(row, found(row.base_url or found.usual_address(), _client(row)))


def host_named(label: str) -> str | None:
    """The registered name behind what a catalogue calls a host: "Voe.SX" → "voe", "Dood" → "doodstream"."""
    labels = _host_labels(tuple(host_classes().items()))
    return labels.get(_plain(label)) or labels.get(_plain(label.strip().rpartition(".")[0]))


def enabled_catalogues() -> list[MonitoredCatalogue]:
    """Those that can be asked, in the operator's order."""
    names = [row.name for row in Provider.known().values() if row.kind == Provider.Kind.CATALOGUE and row.enabled]
    found = []
    for name in names:
        try:
            found.append(catalogue(name))
        except NotConfigured:
            continue
    return found


def catalogue_for_link(link: str) -> MonitoredCatalogue | None:
    """The enabled catalogue that a pasted link belongs to."""
    return next((found for found in enabled_catalogues() if found.accepts(link)), None)


def media_client(name: str) -> Client:
    """The client under the policy of a host or catalogue, for streams and pictures; defaults for an unknown name."""
    return _client(Provider.known().get(name) or Provider(name=name))


def check(name: str) -> ProviderStatus:
    """Asks a provider now whether it answers; its status record. Raises `NotConfigured` when it can't be asked."""
    row = Provider.known().get(name)
    if row is None:
        raise NotConfigured(_("There is no provider named %(name)s.") % {"name": name[:64]})
    asked = catalogue(name) if row.kind == Provider.Kind.CATALOGUE else host(name)
    return asked.check()


def _listed(classes: dict[str, type[P]]) -> dict[str, type[P]]:
    return classes if settings.DEMO else {name: found for name, found in classes.items() if name not in _DEMO}


@cache
def _bundled_catalogues() -> dict[str, type[Catalogue]]:
    return {name: import_string(path) for name, path in CATALOGUES.items()}


@cache
def _bundled_hosts() -> dict[str, type[Host]]:
    return {name: import_string(path) for name, path in HOSTS.items()}


@cache
def _third_party() -> tuple[dict[str, type[Catalogue]], dict[str, type[Host]]]:
    """What installed packages add. One that can't be loaded, or takes a bundled name, is left out and logged."""
    catalogues: dict[str, type[Catalogue]] = {}
    hosts: dict[str, type[Host]] = {}
    for entry in entry_points(group=ENTRY_POINTS):
        try:
            found = entry.load()
            name = str(found.name)
            is_catalogue, is_host = issubclass(found, Catalogue), issubclass(found, Host)
        except Exception:
            log.exception("The provider %s could not be loaded and is left out.", entry.name)
            continue
        if name in CATALOGUES or name in HOSTS or not (is_catalogue or is_host):
            log.error(
                "The provider %s is left out: its name is taken, or it is neither catalogue nor host.", entry.name
            )
        elif is_catalogue:
            catalogues[name] = found
        else:
            hosts[name] = found
    return catalogues, hosts


def _sync_kind(kind: Provider.Kind, classes: dict[str, type[P]]) -> None:
    for position, (name, found) in enumerate(classes.items(), start=1):
        row, _made = Provider.objects.get_or_create(
            name=name,
            defaults={
                "kind": kind,
                "display_name": found.display_name,
                "enabled": found.enabled_by_default,
                "priority": position * 10,
            },
        )
        if row.display_name != found.display_name:
            row.display_name = found.display_name
            row.save(update_fields=["display_name", "updated_at"])
        ProviderStatus.objects.get_or_create(provider=row)


def _configured(name: str, kind: Provider.Kind, classes: dict[str, type[P]]) -> tuple[Provider, type[P]]:
    row, found = Provider.known().get(name), classes.get(name)
    if row is None or found is None or row.kind != kind:
        raise NotConfigured(_("There is no provider named %(name)s.") % {"name": name[:64]})
    if not row.enabled:
        raise NotConfigured(_("%(name)s is not enabled.") % {"name": row.display_name})
    return row, found


def _policy(row: Provider) -> Policy:
    rules = row.rules()
    allowed = {*settings.ALLOWED_PRIVATE_HOSTS, *([demo.authority()] if settings.DEMO else [])}
    return Policy(
        timeout=rules.timeout_seconds,
        retries=rules.max_retries,
        retry_delay=rules.retry_delay,
        headers=_texts(row.custom_headers),
        params=_texts(row.custom_params),
        allowed_private_hosts=frozenset(allowed),
    )


def _client(row: Provider) -> Client:
    """Kept per provider, so that connections are used again, until its policy changes. Never shared after a fork."""
    policy, key = _policy(row), (os.getpid(), row.name)
    with _clients_lock:
        client = _clients.get(key)
        if client is None or client.policy != policy:
            client = _clients[key] = Client(policy)
        return client


def _texts(given: object) -> dict[str, str]:
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, dict) else {}


def _plain(label: str) -> str:
    return "".join(character for character in label.casefold() if character.isalnum())


@cache
def _host_labels(classes: tuple[tuple[str, type[Host]], ...]) -> dict[str, str]:
    return {_plain(label): name for name, found in classes for label in (name, found.display_name, *found.aliases)}
